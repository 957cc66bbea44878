import { hash } from 'node:crypto'
import pg from 'pg'

/**
 * The leaf of an entry, as audit.entry_leaf computes it, written out: whoever can replace that function cannot make
 * altered entries look right. `entry` is the name of the table in the query, `keys` the personal columns of it.
 */
export type EntryExpressions = {
  /** What is sealed of an entry as text, save for what is personal. */
  content: string
  /** Who did it from where. */
  person: string
  /** Changes and details with the personal values in them. */
  values: string
  hasValues: string
  /** What the two are hashed with; null for entries from before there were formats. */
  personKey: string
  valuesKey: string
  leaf: string
}

export function entryExpressions(keys: string): EntryExpressions {
  const without = (column: string) =>
    `case when (${keys}) is null or pg_catalog.jsonb_typeof(${column}) <> 'object' then ${column} else ${column} - (${keys}) end`
  const content = `pg_catalog.json_build_array(
    entry.tenant_id,
    entry.id,
    pg_catalog.to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    entry.user_id,
    entry.action,
    entry.resource,
    entry.resource_id,
    ${without('entry.changes')},
    ${without('entry.details')},
    entry.request_id
  )::text`
  const person = 'pg_catalog.json_build_array(entry.user_name, entry.ip_address::text, entry.user_agent)::text'
  const values = 'pg_catalog.json_build_array(entry.changes, entry.details)::text'
  const has = (column: string) => `coalesce(${column} ?| (${keys}), false)`
  const hasValues = `(${has('entry.changes')} or ${has('entry.details')})`
  const fromHex = (text: string) => `case when ${text} ~ '^[0-9a-f]{64}$' then pg_catalog.decode(${text}, 'hex') end`
  const sealed = (part: string) => fromHex(`(entry.erased -> '${part}' ->> 'hash')`)
  const key = (part: string, byte: string) =>
    `coalesce(${fromHex(`(entry.erased -> 'keys' ->> '${part}')`)}, pg_catalog.sha256(entry.salt || '\\x${byte}'::bytea))`
  const bytes = (text: string) => `pg_catalog.convert_to(${text}, 'UTF8')`
  const personKey = key('person', '01')
  const valuesKey = key('values', '02')
  const leaf = `coalesce(pg_catalog.sha256(
    '\\x00'::bytea
    || case when entry.erased ? 'content' then ${sealed('content')} else pg_catalog.sha256(${bytes(content)}) end
    || case
      when entry.erased ? 'person' and num_nonnulls(entry.user_name, entry.ip_address, entry.user_agent) = 0
        then ${sealed('person')}
      when entry.format is null then pg_catalog.sha256(${bytes(person)})
      else pg_catalog.sha256(${personKey} || ${bytes(person)})
    end
    || case
      when (${keys}) is null then ''::bytea
      when ${hasValues} then pg_catalog.sha256(${valuesKey} || ${bytes(values)})
      when entry.erased ? 'values' then ${sealed('values')}
      else ''::bytea
    end
  ), pg_catalog.sha256(''::bytea))`
  return { content, person, values, hasValues, personKey, valuesKey, leaf }
}

/** The personal columns of each table's entries in each format, as an expression of constants alone. */
export function personalKeys(declared: readonly { format: number; resource: string; columns: string[] }[]): string {
  const formats = Map.groupBy(declared, ({ format }) => format)
  const cases = [...formats].map(([format, tables]) => {
    const whens = tables.map(({ resource, columns }) => {
      const list = columns.map(column => pg.escapeLiteral(column)).join(', ')
      return `when ${pg.escapeLiteral(resource)} then array[${list}]::text[]`
    })
    return `when ${format} then case coalesce(entry.resource, '') ${whens.join(' ')} end`
  })
  return cases.length === 0 ? 'null::text[]' : `case entry.format ${cases.join(' ')} end`
}

/** The leaf of what a proof or an export tells of an entry. */
export function leafOf(contentHash: Buffer, personHash: Buffer, valuesHash?: Buffer): Buffer {
  return hash(
    'sha256',
    Buffer.concat([Buffer.alloc(1), contentHash, personHash, valuesHash ?? Buffer.alloc(0)]),
    'buffer',
  )
}
