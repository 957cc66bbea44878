import { Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'

/** `insert` has new values only, `delete` old ones only; secrets read `[redacted]`. */
export type Changes = Readonly<Record<string, { old?: unknown; new?: unknown }>>

export type AuditLog = {
  id: string
  createdAt: Date
  userId: string | null
  /** The user's name at that time. */
  userName: string | null
  action: string
  resource: string | null
  resourceId: string | null
  changes: Changes | null
  details: Readonly<Record<string, unknown>> | null
  ipAddress: string | null
  userAgent: string | null
  requestId: string | null
}

export type AuditFilters = {
  userId?: string
  action?: string
  resource?: string
  resourceId?: string
  /** RFC 3339; `from` is included, `to` is not. */
  from?: string
  to?: string
}

/** PE-08: the entries of the scope's tenant, newest first; every filter is served by an index. */
export async function listAuditLogs(
  tx: Queryable,
  filters: AuditFilters,
  page: { limit: number; cursor?: string },
): Promise<{ items: AuditLog[]; nextCursor: string | null }> {
  const { userId, action, resource, resourceId, from, to } = filters
  const list = JSON.stringify(['audit-logs', userId, action, resource, resourceId, from, to])
  const last = readCursor(
    page.cursor,
    list,
    Type.Tuple([Type.String({ format: 'date-time' }), Type.String({ format: 'uuid' })]),
  )
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

  const rows = await tx.run(sql<AuditLog & { moment: string }>`
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
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...log }) => log), nextCursor }
}
