import type pg from 'pg'
import type { App } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'
import { statementsOf } from '#platform/database'
import type { EncryptedColumn } from '#platform/module.ts'
import { listTenantIds } from '#platform/tenancy'

/** Values of one column in one database: `keys` counts them by the id of their key, `none` where they carry no id. */
export type ColumnCount = { table: string; column: string; keys: Record<string, number> }

/** What was done to one column: `again` values have the newest key now, `unreadable` ones are as they were. */
export type ColumnResult = { table: string; column: string; again: number; unreadable: number; examples: string[] }

/** Rows in one transaction: a few megabytes where values are mails. */
const batch = 200

/** All that the modules of a program keep encrypted. */
export function encryptedColumnsOf({ modules }: Pick<App, 'modules'>): EncryptedColumn[] {
  return modules.flatMap(({ encrypted }) => encrypted ?? [])
}

/** As people read it: `identity.one_time_tokens.details.verifier`. */
export const nameOf = ({ table, column, path }: EncryptedColumn): string =>
  [table, column, ...(path === undefined ? [] : [path])].join('.')

/** How many values there are under which key. `client` is a connection as administrator. */
export async function countValues(client: pg.ClientBase, column: EncryptedColumn): Promise<ColumnCount> {
  const value = sealedIn(column)
  const keys: Record<string, number> = {}
  for (const tenantId of await scopesOf(client, column)) {
    const rows = await within(client, tenantId, async () => {
      const result = await client.query<{ key: string; count: string }>(`
        select coalesce(substring(${value} from '^v1\\.([a-z0-9-]{1,32})\\.'), 'none') as key, count(*) as count
        from ${column.table} as t
        where ${value} is not null and (${column.where ?? 'true'})
        group by 1`)
      return result.rows
    })
    for (const { key, count } of rows) keys[key] = (keys[key] ?? 0) + Number(count)
  }
  return { table: column.table, column: nameOf(column), keys }
}

/**
 * Encrypts the values of a column with the newest key, wherever they are under an older one, some hundred rows in a
 * transaction each. A value that somebody changes meanwhile is his: only what is still as it was read is replaced.
 * `progress` is told how many were replaced after each batch, before the next; from it one may throw to stop.
 */
export async function encryptAgain(
  client: pg.ClientBase,
  column: EncryptedColumn,
  keyring: Keyring,
  progress: (result: ColumnResult) => void | Promise<void> = () => {},
): Promise<ColumnResult> {
  const result: ColumnResult = {
    table: column.table,
    column: nameOf(column),
    again: 0,
    unreadable: 0,
    examples: [],
  }
  const types = await keyTypesOf(client, column)
  for (const tenantId of await scopesOf(client, column)) {
    // What was changed under our hands may still be under an older key, where a program with the keys of before runs.
    for (let pass = 0; ; pass++) {
      const before = { unreadable: result.unreadable, examples: [...result.examples] }
      const changed = await encryptPass(client, { column, keyring, tenantId, types, result, progress })
      if (changed === 0 || pass === 2) break
      // The next pass finds the unreadable ones again.
      Object.assign(result, before)
    }
  }
  return result
}

type Pass = {
  column: EncryptedColumn
  keyring: Keyring
  tenantId: string | undefined
  types: readonly string[]
  result: ColumnResult
  progress: (result: ColumnResult) => void | Promise<void>
}

/** Once through all rows in the order of their keys. Returns how many were changed by others meanwhile. */
async function encryptPass(client: pg.ClientBase, pass: Pass): Promise<number> {
  const { result, progress } = pass
  let after: readonly string[] | undefined
  let changed = 0
  for (;;) {
    const { rows, again } = await within(client, pass.tenantId, () => encryptBatch(client, pass, after))
    const readable = rows.filter(({ fresh }) => fresh !== undefined).length
    result.again += again
    changed += readable - again
    if (rows.length > 0) await progress(result)
    if (rows.length < batch) return changed
    after = rows.at(-1)?.key
  }
}

type Found = { key: string[]; sealed: string; context: string | undefined; inner: string | undefined; fresh?: string }

async function encryptBatch(
  client: pg.ClientBase,
  { column, keyring, types, result }: Pass,
  after: readonly string[] | undefined,
): Promise<{ rows: Found[]; again: number }> {
  const rows = await readBatch(client, column, { newest: keyring.newestKeyId, types, after })
  for (const row of rows) {
    try {
      row.fresh = encryptValue(keyring, column, row)
    } catch (error) {
      result.unreadable++
      if (result.examples.length < 5)
        result.examples.push(`${nameOf(column)} of ${row.key.join(', ')}: ${(error as Error).message}`)
    }
  }
  const readable = rows.filter(({ fresh }) => fresh !== undefined)
  if (readable.length === 0) return { rows, again: 0 }
  const names = column.key.map((_, at) => `k${at}`)
  const { column: name, path, table } = column
  const { rowCount } = await client.query(
    `update ${table} as t
     set ${name} = ${path === undefined ? 'v.fresh' : `jsonb_set(t.${name}, '{${path}}', to_jsonb(v.fresh))`}
     from unnest(${[...names, 'sealed', 'fresh'].map((_, at) => `$${at + 1}::text[]`).join(', ')})
       as v(${[...names, 'sealed', 'fresh'].join(', ')})
     where ${column.key.map((key, at) => `t.${key} = v.k${at}::${types[at]}`).join(' and ')}
       and ${sealedIn(column)} = v.sealed`,
    [
      ...names.map((_, at) => readable.map(({ key }) => key[at])),
      readable.map(({ sealed }) => sealed),
      readable.map(({ fresh }) => fresh),
    ],
  )
  return { rows, again: rowCount ?? 0 }
}

async function readBatch(
  client: pg.ClientBase,
  column: EncryptedColumn,
  { newest, types, after }: { newest: string; types: readonly string[]; after: readonly string[] | undefined },
): Promise<Found[]> {
  const value = sealedIn(column)
  const keys = column.key.map(key => `t.${key}`)
  const parameters = [...keys.keys()].map(at => `$${at + 1}::text::${types[at]}`)
  const { rows } = await client.query<{ key: string[]; sealed: string; values: Record<string, string | null> }>(
    `select
       array[${keys.map(key => `${key}::text`).join(', ')}] as key,
       ${value} as sealed,
       jsonb_build_object(${namesIn(column)
         .map(name => `'${name}', (${column.expressions?.[name] ?? `t.${name}`})::text`)
         .join(', ')}) as values
     from ${column.table} as t
     where ${value} is not null
       and ${value} not like 'v1.${newest}.%'
       and (${column.where ?? 'true'})
       ${after ? `and (${keys.join(', ')}) > (${parameters.join(', ')})` : ''}
     order by ${keys.join(', ')}
     limit ${batch}`,
    [...(after ?? [])],
  )
  return rows.map(({ key, sealed, values }) => ({
    key,
    sealed,
    context: filled(column.context, values),
    inner: column.inner && filled(column.inner.context, values),
  }))
}

function encryptValue(keyring: Keyring, column: EncryptedColumn, { sealed, context, inner }: Found): string {
  if (context === undefined) throw new Error('what it belongs to is not there')
  const plain = keyring.decrypt(sealed, context)
  if (!column.inner || inner === undefined) return keyring.encrypt(plain, context)
  const content = JSON.parse(plain) as Record<string, string>
  const { property } = column.inner
  const within = content[property]
  if (within !== undefined) content[property] = keyring.encrypt(keyring.decrypt(within, inner), inner)
  return keyring.encrypt(JSON.stringify(content), context)
}

const sealedIn = ({ column, path }: EncryptedColumn): string =>
  path === undefined ? `t.${column}` : `(t.${column} ->> '${path}')`

/** The names that stand in braces. */
function namesIn({ context, inner }: EncryptedColumn): string[] {
  return [
    ...new Set([...`${context} ${inner?.context ?? ''}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)),
  ]
}

function filled(context: string, values: Record<string, string | null>): string | undefined {
  if ([...context.matchAll(/\{(\w+)\}/g)].some(([, name]) => values[name as string] == null)) return undefined
  return context.replace(/\{(\w+)\}/g, (_, name) => values[name] as string)
}

async function keyTypesOf(client: pg.ClientBase, { table, key }: EncryptedColumn): Promise<string[]> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type
     from pg_attribute
     where attrelid = $1::regclass and attname = any($2)`,
    [table, key],
  )
  return key.map(name => {
    const type = rows.find(row => row.name === name)?.type
    if (type === undefined) throw new Error(`${table} has no column ${name}`)
    return type
  })
}

/**
 * In which scopes one has to look: once as the platform where policies let that read and write, else as each tenant. An owner of
 * tables is not above their policies, and an administrator without superuser neither.
 */
async function scopesOf(client: pg.ClientBase, { table }: EncryptedColumn): Promise<(string | undefined)[]> {
  const { rows } = await client.query<{ is_open: boolean }>(
    `select not relrowsecurity or (
       select coalesce(bool_or(polcmd in ('*', 'r')) and bool_or(polcmd in ('*', 'w')), false)
       from pg_policy
       where polrelid = pg_class.oid and polpermissive and pg_get_expr(polqual, polrelid) like '%is_system()%'
     ) as is_open
     from pg_class
     where oid = $1::regclass`,
    [table],
  )
  if (rows[0]?.is_open) return [undefined]
  return await within(client, undefined, () => listTenantIds(statementsOf(client)))
}

async function within<T>(client: pg.ClientBase, tenantId: string | undefined, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    await client.query('set local role commonhold_owner')
    await client.query(`select set_config('app.system', 'on', true), set_config('app.tenant_id', $1, true)`, [
      tenantId ?? '',
    ])
    const done = await work()
    await client.query('commit')
    return done
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}
