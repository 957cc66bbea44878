import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'

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
})
export type AuditFilters = Static<typeof AuditFilters>

/**
 * PE-08: the entries of the scope's tenant, newest first; every filter is served by an index. Of a tenant with a database
 * of its own (MT-17) some are there: each of `places` is asked for a page, and the pages are merged.
 */
export async function listAuditLogs(
  places: Queryable | readonly Queryable[],
  filters: AuditFilters,
  page: { limit: number; cursor?: string },
): Promise<{ items: AuditLog[]; nextCursor: string | null }> {
  const { userId, action, resource, resourceId, from, to } = filters
  const list = JSON.stringify(['audit-logs', userId, action, resource, resourceId, from, to])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const conditions = [
    userId !== undefined && sql`user_id = ${userId}`,
    action !== undefined && sql`action = ${action}`,
    resource !== undefined && sql`resource = ${resource}`,
    resourceId !== undefined && sql`resource_id = ${resourceId}`,
    from !== undefined && sql`created_at >= ${from}`,
    to !== undefined && sql`created_at < ${to}`,
    // The first bound is for the planner, which skips partitions by it and not by a comparison of rows.
    last && sql`created_at <= ${last[0]} and (created_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
  ].filter(condition => condition !== false && condition !== undefined)

  const statement = sql<AuditLog & { moment: string }>`
    select
      id,
      created_at,
      user_id,
      user_name,
      action,
      resource,
      resource_id,
      changes,
      details,
      host(ip_address) as ip_address,
      user_agent,
      request_id,
      to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from audit.audit_logs
    ${conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``}
    order by created_at desc, id desc
    limit ${page.limit + 1}`
  const found = await Promise.all([places].flat().map((place: Queryable) => place.run(statement)))
  const rows = found.length === 1 ? (found[0] ?? []) : merged(found.flat()).slice(0, page.limit + 1)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...log }) => log), nextCursor }
}

/** Newest first, each once: an entry that came along with its tenant may be in two places. */
function merged<Row extends { id: string; moment: string }>(rows: readonly Row[]): Row[] {
  const unique = [...new Map(rows.map(row => [row.id, row])).values()]
  const order = (one: string, other: string) => (one < other ? 1 : one > other ? -1 : 0)
  return unique.sort((one, other) => order(one.moment, other.moment) || order(one.id, other.id))
}
