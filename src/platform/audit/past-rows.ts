import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'

/** A row of a tracked table as it was at a moment, told by the log alone. */
export const PastRow = Type.Object({
  resource: Type.String(),
  resourceId: Type.String(),
  at: Type.String({ description: 'The moment that was asked for' }),
  exists: Type.Boolean({ description: 'Whether the row was there then' }),
  values: nullable(
    Type.Unsafe<Readonly<Record<string, string | null>>>(
      Type.Object({}, { additionalProperties: nullable(Type.String()) }),
    ),
  ),
  redacted: Type.Array(Type.String(), { description: 'Columns whose values are secrets: they read `[redacted]`' }),
  erased: Type.Array(Type.String(), {
    description: 'Columns whose values were erased with a person: they read `[erased]`',
  }),
  notLogged: Type.Array(Type.String(), {
    description: 'Columns whose changes are not logged: they are not in `values`',
  }),
  isComplete: Type.Boolean({
    description:
      'False where the log does not begin with the row, or the table is not the workspace’s own: then columns may be missing, and what was done elsewhere is not told',
  }),
  lastChange: nullable(
    Type.Object({
      id: uuid,
      createdAt: timestamp,
      action: Type.String(),
      userId: nullable(uuid),
      userName: nullable(Type.String()),
    }),
  ),
})
export type PastRow = Static<typeof PastRow>

/**
 * GG-19: the row as it was at `at` (RFC 3339), rebuilt from the log: what was written last before it, and of columns that
 * nothing before tells, the old value of the first change after it. Values are the texts that PostgreSQL's `->>` gives, so
 * that no digit is lost; a column that was null at the insert is not there. A change counts from when it was written, which
 * is a moment before its commit. Refuses a row that the log of the scope's tenant does not know with
 * `audit.row_not_found`. `places` as for `listAuditLogs`.
 */
export async function rowAsOf(
  places: Reader | readonly Reader[],
  resource: string,
  resourceId: string,
  at: string,
): Promise<PastRow> {
  const all = [places].flat() as Reader[]
  const [tracking, before] = await Promise.all([findTracking(all[0] as Reader, resource), tellBefore()])
  const after = await tellAfter(before.isWhole && !before.exists)
  if (!before.last && !after.first) throw errors.rowNotFound({ resource, id: resourceId })

  const exists = before.last ? before.exists : after.first?.action !== 'insert'
  const redacted = new Set(tracking?.redacted)
  const values = [...new Map([...after.old, ...before.values])].map(([column, value]): [string, string | null] => [
    column,
    value !== null && redacted.has(column) ? '[redacted]' : value,
  ])
  return {
    resource,
    resourceId,
    at,
    exists,
    values: exists ? Object.fromEntries(values.toSorted(([one], [other]) => (one < other ? -1 : 1))) : null,
    redacted: [...redacted].sort(),
    erased: exists ? values.flatMap(([column, value]) => (value === '[erased]' ? [column] : [])).sort() : [],
    notLogged: tracking?.ignored.toSorted() ?? [],
    isComplete: (before.isWhole || !exists) && tracking?.isOfTenant === true,
    lastChange: before.last ?? null,
  }

  /** From `at` back to the insert, or to the beginning of the log. */
  async function tellBefore() {
    const values = new Map<string, string | null>()
    let last: (PastRow['lastChange'] & object) | undefined
    for await (const entry of entriesOf(all, resource, resourceId, at, 'before')) {
      const { values: changed, ...change } = entry
      last ??= change
      if (entry.action === 'delete') return { values, last, exists: last.action !== 'delete', isWhole: true }
      for (const [column, { new: value }] of Object.entries(changed ?? {})) {
        if (!values.has(column)) values.set(column, value ?? null)
      }
      if (entry.action === 'insert') return { values, last, exists: true, isWhole: true }
    }
    return { values, last, exists: last !== undefined, isWhole: false }
  }

  /** From `at` on to where the row ends, or to now: what each column was before its first change. */
  async function tellAfter(isKnown: boolean) {
    const old = new Map<string, string | null>()
    let first: Entry | undefined
    if (isKnown) return { old, first }
    for await (const entry of entriesOf(all, resource, resourceId, at, 'after')) {
      first ??= entry
      if (entry.action === 'insert') break
      for (const [column, { old: value }] of Object.entries(entry.values ?? {})) {
        if (!old.has(column)) old.set(column, value ?? null)
      }
      if (entry.action === 'delete') break
    }
    return { old, first }
  }
}

type Entry = PastRow['lastChange'] & { values: Record<string, { old?: string | null; new?: string | null }> | null }

const batch = 1_000

/**
 * In the order of their ids, which are of the moment of writing: changes of one row wait for one another, so that this is
 * the order in which they were made, whenever their transactions had begun.
 */
async function* entriesOf(
  places: readonly Reader[],
  resource: string,
  resourceId: string,
  at: string,
  side: 'before' | 'after',
): AsyncGenerator<Entry> {
  const isBefore = side === 'before'
  let last: string | undefined
  for (;;) {
    const from = last ? sql`${last}::uuid` : lastIdOf(at)
    const statement = sql<Entry>`
      select
        id,
        created_at,
        action,
        user_id,
        user_name,
        (
          select jsonb_object_agg(
            key,
            jsonb_strip_nulls(jsonb_build_object('old', value ->> 'old', 'new', value ->> 'new'))
          )
          from (
            select key, value
            from jsonb_each(changes)
            union all
            select name, case action
              when 'insert' then '{"new": "[erased]"}'::jsonb
              when 'delete' then '{"old": "[erased]"}'
              else '{"old": "[erased]", "new": "[erased]"}'
            end
            from jsonb_array_elements_text(
              coalesce(erased #> '{values,columns}', '[]') || coalesce(erased #> '{content,columns}', '[]')
            ) as name
          ) as change
        ) as values
      from audit.audit_logs
      where resource = ${resource}
        and resource_id = ${resourceId}
        and action in ('insert', 'update', 'delete')
        and ${isBefore ? (last ? sql`id < ${from}` : sql`id <= ${from}`) : sql`id > ${from}`}
      order by id ${isBefore ? sql`desc` : sql`asc`}
      limit ${batch}`
    const found = (await Promise.all(places.map(place => place.run(statement)))).flat()
    const entries = [...new Map(found.map(entry => [entry.id, entry])).values()]
      .sort((one, other) => (one.id < other.id === isBefore ? 1 : -1))
      .slice(0, batch)
    yield* entries
    last = entries.at(-1)?.id
    if (entries.length < batch) return
  }
}

/** The greatest id that `platform.uuid_v7` gives at a moment. */
function lastIdOf(at: string): RawBuilder<unknown> {
  return sql`(
    overlay(
      lpad(
        to_hex(
          (extract(epoch from greatest(least(${at}::timestamptz, '2500-01-01Z'), '1970-01-01Z')) * 1000000)::bigint
            * 512 / 125
        ),
        15,
        '0'
      )
      placing '7' from 13 for 0
    ) || '-ffff-ffffffffffff'
  )::uuid`
}

async function findTracking(tx: Reader, resource: string) {
  return await tx.maybe(sql<{ redacted: string[]; ignored: string[]; isOfTenant: boolean }>`
    select
      redacted,
      ignored,
      exists (
        select
        from pg_catalog.pg_attribute
        where attrelid = to_regclass(table_name)
          and attname = 'tenant_id'
          and not attisdropped
      ) as is_of_tenant
    from audit.tracked_tables
    where table_name = ${resource}`)
}
