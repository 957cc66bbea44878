import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { cursorOf, cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'

/** `insert` has new values only, `delete` old ones only; secrets read `[redacted]`. */
export type Changes = Readonly<Record<string, { old?: unknown; new?: unknown }>>

const text = nullable(Type.String())
const anyObject = Type.Object({}, { additionalProperties: true })

/** An entry of the log: a change of one row, or an event. It outlives what it names. */
export const AuditLog = Type.Object({
  id: uuid,
  createdAt: timestamp,
  userId: nullable(uuid),
  userName: nullable(Type.String({ description: 'The name at that time; null for system actions' })),
  action: Type.String({ description: '`insert`, `update`, `delete` of a tracked row, or an event’s name' }),
  resource: nullable(
    Type.String({ description: 'Table, with its schema', examples: ['contractors.contractor_lists'] }),
  ),
  resourceId: text,
  changes: nullable(Type.Unsafe<Changes>(anyObject)),
  details: nullable(Type.Unsafe<Readonly<Record<string, unknown>>>(anyObject)),
  ipAddress: text,
  userAgent: text,
  requestId: text,
  erased: Type.Array(oneOf(['person', 'values', 'content']), {
    description:
      'What was taken out since, because somebody was erased: the person who did it, values of personal columns, or parts of an older entry’s text',
  }),
})
export type AuditLog = Static<typeof AuditLog>

/** The tenant of entries that belong to none: in its scope the system reads them. */
export const noTenant = '00000000-0000-0000-0000-000000000000'

/** An entry must fit all that are given; `from` is included, `to` is not. */
export const AuditFilters = Type.Object({
  userId: Type.Optional(uuid),
  action: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  resource: Type.Optional(Type.String({ minLength: 1, maxLength: 130 })),
  resourceId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  from: Type.Optional(dateTime),
  to: Type.Optional(dateTime),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Text in the values and columns that changed, the details, the user’s name or the row’s id; upper and lower case are the same. Without `from` it is looked for in the 90 days before `to`',
    }),
  ),
})
export type AuditFilters = Static<typeof AuditFilters>

/** So many entries are looked at for a text by one request; the next page goes on behind them. */
const mostLookedAt = 20_000

export type AuditPage<Entry> = {
  items: Entry[]
  nextCursor: string | null
  /** With a text only: whether there was more to look at than one request looks at. */
  capped?: boolean
}

/**
 * PE-08: the entries of the scope's tenant, newest first; every filter but the text is served by an index. Of a tenant with
 * a database of its own (MT-17) some are there: each of `places` is asked for a page, and the pages are merged.
 */
export async function listAuditLogs(
  places: Reader | readonly Reader[],
  filters: AuditFilters,
  page: { limit: number; cursor?: string; lookAt?: number },
): Promise<AuditPage<AuditLog>> {
  return await readPage<AuditLog>(places, filters, page, sql`changes, details, created_at, ${erasedParts} as erased`)
}

/** The same, with moments to the microsecond and JSON as PostgreSQL writes it: no digit is lost. */
export async function listAuditTexts(
  places: Reader | readonly Reader[],
  filters: AuditFilters,
  page: { limit: number; cursor?: string },
): Promise<AuditPage<AuditText>> {
  return await readPage<AuditText>(
    places,
    filters,
    page,
    sql`
      changes::text as changes,
      details::text as details,
      ${moment} as created_at,
      nullif(array_to_string(${erasedParts}, ' '), '') as erased`,
  )
}

export type AuditText = Readonly<Record<keyof AuditLog, string | null>>

const erasedParts = sql`array(select jsonb_object_keys(erased - 'keys') order by 1)`

const moment = sql<string>`to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

async function readPage<Entry>(
  places: Reader | readonly Reader[],
  filters: AuditFilters,
  { limit, cursor, lookAt = mostLookedAt }: { limit: number; cursor?: string; lookAt?: number },
  values: RawBuilder<unknown>,
): Promise<AuditPage<Entry>> {
  type Row = Entry & { id: string; moment: string }
  const { userId, action, resource, resourceId, from, to, q } = filters
  const list = JSON.stringify(['audit-logs', userId, action, resource, resourceId, from, to, q])
  const last = readCursor(cursor, list, Type.Tuple([dateTime, uuid]))
  const where = conditionsOf(filters, last)
  const statement = sql<Row>`
    select
      id,
      user_id,
      user_name,
      action,
      resource,
      resource_id,
      host(ip_address) as ip_address,
      user_agent,
      request_id,
      ${moment} as moment,
      ${values}
    from ${q === undefined ? sql`audit.audit_logs as entry ${where}` : searched(where, q, lookAt)}
    order by entry.created_at desc, entry.id desc
    limit ${limit + 1}`
  const all = [places].flat() as Reader[]
  const found = await Promise.all(all.map(place => place.run(statement)))
  const rows = found.length === 1 ? (found[0] ?? []) : merged(found.flat())
  if (q === undefined) return stripped(cutPage(rows.slice(0, limit + 1), limit, list, row => [row.moment, row.id]))

  // Behind the end of any place nothing is answered yet: the next page begins there.
  const isFull = all.length === 1 && rows.length > limit
  const ends = isFull ? [] : await Promise.all(all.map(place => place.maybe(endOf(where, lookAt))))
  const end = merged(ends.filter(each => each !== undefined))[0]
  const looked = end ? rows.filter(row => byTime(row, end) <= 0) : rows
  const page = stripped(cutPage(looked.slice(0, limit + 1), limit, list, row => [row.moment, row.id]))
  if (page.nextCursor !== null || !end) return { ...page, capped: false }
  return { ...page, nextCursor: cursorOf([end.moment, end.id], list), capped: true }
}

function stripped<Entry>({ items, nextCursor }: { items: (Entry & { moment: string })[]; nextCursor: string | null }) {
  return { items: items.map(({ moment: _, ...entry }) => entry as unknown as Entry), nextCursor }
}

function conditionsOf({ userId, action, resource, resourceId, from, to, q }: AuditFilters, last?: [string, string]) {
  const conditions = [
    userId !== undefined && sql`user_id = ${userId}`,
    action !== undefined && sql`action = ${action}`,
    resource !== undefined && sql`resource = ${resource}`,
    resourceId !== undefined && sql`resource_id = ${resourceId}`,
    from !== undefined && sql`created_at >= ${from}`,
    from === undefined &&
      q !== undefined &&
      sql`created_at >= coalesce(${to ?? null}::timestamptz, now()) - interval '90 days'`,
    to !== undefined && sql`created_at < ${to}`,
    // The first bound is for the planner, which skips partitions by it and not by a comparison of rows.
    last && sql`created_at <= ${last[0]} and (created_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
  ].filter(condition => condition !== false && condition !== undefined)
  return conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``
}

/** No index has the text: it is looked for in the newest entries that fit the rest, until the page is full. */
function searched(where: RawBuilder<unknown>, q: string, lookAt: number) {
  const pattern = (text: string) => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
  const like = pattern(q)
  const inJson = pattern(JSON.stringify(q).slice(1, -1))
  // Of changes the values and columns only: each has the words old and new.
  return sql`(
      select *
      from audit.audit_logs
      ${where}
      order by created_at desc, id desc
      limit ${lookAt}
    ) as entry
    where user_name ilike ${like}
      or resource_id ilike ${like}
      or details::text ilike ${inJson}
      or (
        changes::text ilike ${inJson}
        and exists (
          select
          from jsonb_each(changes) as change
          cross join jsonb_each_text(change.value) as side
          where change.key ilike ${like}
            or side.value ilike ${like}
            or side.value ilike ${inJson}
        )
      )`
}

/** The last entry that is looked at, if there are so many. */
function endOf(where: RawBuilder<unknown>, lookAt: number) {
  return sql<{ id: string; moment: string }>`
    select id, ${moment} as moment
    from audit.audit_logs
    ${where}
    order by created_at desc, id desc
    offset ${lookAt - 1}
    limit 1`
}

/** Newest first, each once: an entry that came along with its tenant may be in two places. */
function merged<Row extends { id: string; moment: string }>(rows: readonly Row[]): Row[] {
  const unique = [...new Map(rows.map(row => [row.id, row])).values()]
  return unique.sort(byTime)
}

function byTime(one: { id: string; moment: string }, other: { id: string; moment: string }): number {
  const order = (one: string, other: string) => (one < other ? 1 : one > other ? -1 : 0)
  return order(one.moment, other.moment) || order(one.id, other.id)
}
