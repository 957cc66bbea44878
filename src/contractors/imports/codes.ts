import { readFile } from 'node:fs/promises'
import type { ClientBase } from 'pg'
import { csvReader } from '#platform/files'

const folder = new URL('../../../data/contractors/', import.meta.url)

/** Brings the NAICS editions and business types that the program carries into the catalogue; what is there stays untouched. */
export async function refreshCodes(client: ClientBase): Promise<void> {
  const naics = [
    ...(await readTable('naics_2022.csv')).map(row => ({ ...row, edition: 2022 })),
    ...(await readTable('naics_2017.csv')).map(row => ({ ...row, edition: 2017 })),
  ]
  await client.query(
    `insert into contractors.naics_codes as n (code, edition, level, title, parent_code)
     select code, edition, level, title, nullif(parent_code, '')
     from jsonb_to_recordset($1) as r (code text, edition smallint, level smallint, title text, parent_code text)
     on conflict (code, edition) do update
     set level = excluded.level, title = excluded.title, parent_code = excluded.parent_code
     where (n.level, n.title, n.parent_code) is distinct from (excluded.level, excluded.title, excluded.parent_code)`,
    [JSON.stringify(naics)],
  )
  const meanings = new Map((await readTable('business_type_meanings.csv')).map(row => [row.code, row.meaning]))
  const types = (await readTable('sam_business_types.csv')).map(row => ({
    ...row,
    category: row.group,
    meaning: meanings.get(row.code) ?? null,
    is_certification: row.group === 'sba_certified',
  }))
  await client.query(
    `insert into contractors.business_types as b (code, name, category, meaning, is_certification)
     select code, name, category, meaning, is_certification
     from jsonb_to_recordset($1)
       as r (code text, name text, category text, meaning text, is_certification boolean)
     on conflict (code) do update
     set name = excluded.name,
       category = excluded.category,
       meaning = excluded.meaning,
       is_certification = excluded.is_certification
     where (b.name, b.category, b.meaning, b.is_certification)
       is distinct from (excluded.name, excluded.category, excluded.meaning, excluded.is_certification)`,
    [JSON.stringify(types)],
  )
}

async function readTable(file: string): Promise<Record<string, string>[]> {
  const rows: string[][] = []
  const reader = csvReader({
    onRow: row => rows.push(row.values),
    onBad: bad => {
      throw new Error(`${file}, line ${bad.line}: ${bad.reason}`)
    },
  })
  reader.push(await readFile(new URL(file, folder), 'utf8'), false)
  reader.end()
  const [header, ...lines] = rows
  return lines.map(values => Object.fromEntries(values.map((value, index) => [header![index]!, value])))
}
