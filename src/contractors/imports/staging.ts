import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { CopyInto } from '#platform/database'
import { storedActions } from './awards.ts'
import { awardColumns, rowMapping, type StagedRow } from './mapping.ts'
import { awardSources, findSource } from './sources.ts'

/** Into staging by COPY. Rows of a source that tells of contractors alone need not carry the columns of awards and mentions. */
export function openStaging(client: pg.Client, isPlain = false): CopyInto {
  return new CopyInto(client, `pg_temp.import_rows (${(isPlain ? plainColumns : stagingColumns).join(', ')})`)
}

/** The actions of touched awards that were imported earlier, mapped by the same tables as those of the file. */
export async function stageStoredActions(client: pg.Client): Promise<void> {
  const { rows: known } = await client.query('select from contractors.awards limit 1')
  if (known.length === 0) return
  const mappings = new Map<string, { columns: string[]; mapping: ReturnType<typeof rowMapping> }>()
  const sources = awardSources()
  for (const name of sources) {
    const source = findSource(name)!
    const columns = [...new Set(Object.values(source.award!).flatMap(rule => rule.columns))].sort()
    mappings.set(name, { columns, mapping: rowMapping(source, columns) })
  }
  await client.query(`declare stored cursor for ${storedActions}`, [sources])
  for (;;) {
    const { rows } = await client.query('fetch 2000 from stored')
    if (rows.length === 0) break
    const staging = openStaging(client)
    for (const row of rows) {
      const { columns, mapping } = mappings.get(row.source)!
      const award = mapping.awardOf(columns.map(column => row.data[column] ?? ''))
      if (award)
        staging.add(
          [
            0,
            'f',
            't',
            row.id,
            row.source,
            escapeText(row.source_id),
            row.uei,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            award.id,
          ]
            .map(value => value ?? '\\N')
            .join('\t') + awardText(award.values),
        )
    }
    await staging.end()
  }
  await client.query('close stored')
}

/** A row as COPY takes it into a plain staging or a whole one. */
export function stagingLine(line: number, id: string, record: StagedRow, isPlain: boolean): string {
  const { award, mention } = record
  const plain = `${line}\tf\tf\t${id}\t${record.speaker}\t${escapeText(record.sourceId)}\t${record.uei || '\\N'}\t${
    record.observationId || '\\N'
  }\t${record.observedOn || '\\N'}\t${record.contentHash}\t${escapeText(record.data)}\t${
    record.fields === '' ? '\\N' : escapeText(record.fields)
  }\t${record.told || '\\N'}`
  if (isPlain) return plain
  return `${plain}\t${mention ? mention.id : '\\N'}\t${mention ? escapeText(mention.text) : '\\N'}\t${
    award ? award.id + awardText(award.values) : noAward
  }`
}

/** UUIDs of version 7 that ascend within the import: new records come to the right edge of the index. */
export function recordIds(now: Date): () => string {
  const time = now.getTime().toString(16).padStart(12, '0')
  const random = randomBytes(5).toString('hex')
  let count = 0
  return () => {
    count++
    const high = Math.floor(count / 0x100000)
      .toString(16)
      .padStart(3, '0')
    const low = (count % 0x100000).toString(16).padStart(5, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-8${random.slice(0, 3)}-${low}${random.slice(3)}`
  }
}

const plainColumns = [
  'line',
  'is_known',
  'is_stored',
  'id',
  'source',
  'source_id',
  'uei',
  'observation_id',
  'observed_on',
  'content_hash',
  'data',
  'fields',
  'told',
]
const stagingColumns = [...plainColumns, 'mention_id', 'mention', 'award_id', ...awardColumns.map(([column]) => column)]

function awardText(values: readonly string[]): string {
  let text = ''
  for (const value of values) text += value === '' ? '\t\\N' : `\t${escapeText(value)}`
  return text
}

const noAward = ['\\N', ...awardColumns.map(() => '\\N')].join('\t')

const mustEscape = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escapeText = (text: string) =>
  mustEscape.test(text) ? text.replace(/[\\\t\n\r]/g, character => escapes[character]!) : text
