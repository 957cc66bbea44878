import type pg from 'pg'

/** What a value of `Keyring.encrypt` looks like, anywhere in a text. */
const sealed = 'v1\\.[a-z0-9-]{1,32}\\.[A-Za-z0-9_-]{38,}'

/**
 * Every column of a database in which there are encrypted values, whoever has put them there: `schema.table.column`, with
 * one such key id. Reads all rows, as an administrator who sees them.
 */
export async function findSealedColumns(client: pg.ClientBase): Promise<{ column: string; keyId: string }[]> {
  const { rows: columns } = await client.query<{ relation: string; name: string; type: string }>(`
    select attrelid::regclass::text as relation, quote_ident(attname) as name, format_type(atttypid, null) as type
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p', 'm')
      and not relispartition
      and nspname !~ '^pg_' and nspname <> 'information_schema'
      and attnum > 0 and not attisdropped
      and format_type(atttypid, null) in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'text[]')
    order by attrelid::regclass::text, attnum`)
  const found: { column: string; keyId: string }[] = []
  for (const [relation, all] of Map.groupBy(columns, ({ relation }) => relation)) {
    // One pass over each table, however many columns it has.
    const texts = all.map(({ name, type }) => (type === 'bytea' ? `encode(t.${name}, 'escape')` : `t.${name}::text`))
    const { rows } = await client.query<Record<string, string | null>>(`
      select ${texts.map((text, at) => `min(substring(${text} from '${sealed}')) as c${at}`).join(', ')}
      from ${relation} as t`)
    all.forEach(({ name }, at) => {
      const value = rows[0]?.[`c${at}`]
      if (value) found.push({ column: `${relation}.${name}`, keyId: value.split('.')[1] as string })
    })
  }
  return found
}
