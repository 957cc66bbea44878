import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { securityCategories, securitySeverities } from '#platform/module.ts'
import { findSecurityDeclaration } from './security-declarations.ts'

const text = nullable(Type.String())

/** An entry of the audit log that tells of security. */
export const SecurityEvent = Type.Object({
  id: { ...uuid, description: 'The id of its entry in the audit log' },
  createdAt: timestamp,
  tenantId: nullable({ ...uuid, description: 'Null for what belongs to no workspace, as a sign-in that failed' }),
  severity: oneOf(securitySeverities),
  category: oneOf(securityCategories),
  event: Type.String({ description: 'An action of the audit log; of a refused request the code of the refusal' }),
  description: text,
  occurrences: Type.Integer({ description: 'How often it happened within a minute; the entry is of the last time' }),
  userId: nullable(uuid),
  userName: nullable(Type.String({ description: 'The name at that time' })),
  sessionId: nullable(uuid),
  resource: text,
  resourceId: text,
  details: nullable(Type.Unsafe<Readonly<Record<string, unknown>>>(Type.Object({}, { additionalProperties: true }))),
  ipAddress: text,
  userAgent: text,
  requestId: text,
  isLogged: Type.Boolean({ description: 'False where its entry is not in the audit log any more' }),
})
export type SecurityEvent = Static<typeof SecurityEvent>

/** An event must fit all that are given; `from` is included, `to` is not. */
export const SecurityFilters = Type.Object({
  severity: Type.Optional(oneOf(securitySeverities, { description: 'This one and what is graver' })),
  category: Type.Optional(oneOf(securityCategories)),
  event: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  userId: Type.Optional(uuid),
  from: Type.Optional(dateTime),
  to: Type.Optional(dateTime),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Text in the event, the details, the user’s name, the row’s id, the address or the browser. Without `from` it is looked for in the 90 days before `to`',
    }),
  ),
})
export type SecurityFilters = Static<typeof SecurityFilters>

/**
 * MT-22: security events of a tenant, newest first, or of all for null, which the scopes of `places` have to be allowed to
 * see: they are the tenant's own, or the system's. Of a tenant with a database of its own (MT-17) some are there.
 */
export async function listSecurityEvents(
  places: readonly Queryable[],
  tenantId: string | null,
  filters: SecurityFilters,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: SecurityEvent[]; nextCursor: string | null }> {
  type Row = SecurityEvent & { moment: string }
  const { severity, category = null, event = null, userId = null, from, to = null, q } = filters
  const list = JSON.stringify(['security-events', tenantId, severity, category, event, userId, from, to, q])
  const last = readCursor(cursor, list, Type.Tuple([dateTime, uuid]))
  const severities = severity ? securitySeverities.slice(securitySeverities.indexOf(severity)) : null
  const pattern = q === undefined ? null : `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  const since =
    from === undefined && q !== undefined
      ? sql`coalesce(${to}::timestamptz, now()) - interval '90 days'`
      : sql`${from ?? null}::timestamptz`
  const statement = sql<Row>`
    select
      (found).id,
      nullif((found).tenant_id, '00000000-0000-0000-0000-000000000000') as tenant_id,
      (found).created_at,
      (found).severity,
      (found).category,
      (found).event,
      (found).occurrences,
      (found).user_id,
      (logged).user_name,
      (found).session_id,
      (logged).resource,
      (logged).resource_id,
      (logged).details,
      host((logged).ip_address) as ip_address,
      (logged).user_agent,
      (logged).request_id,
      (logged).id is not null as is_logged,
      to_char((found).created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from audit.find_security_events(
      ${tenantId}::uuid,
      ${severities}::text[],
      ${category}::text,
      ${event}::text,
      ${userId}::uuid,
      ${since},
      ${to}::timestamptz,
      ${pattern}::text,
      ${last?.[0] ?? null}::timestamptz,
      ${last?.[1] ?? null}::uuid,
      ${limit + 1}
    )`
  const found = (await Promise.all(places.map(place => place.run(statement)))).flat()
  const unique = [...new Map(found.map(row => [row.id, row])).values()]
  const ordered = unique.toSorted((one, other) => (`${one.moment}${one.id}` < `${other.moment}${other.id}` ? 1 : -1))
  const { items, nextCursor } = cutPage(ordered.slice(0, limit + 1), limit, list, row => [row.moment, row.id])
  const described = items.map(({ moment: _, ...item }) => ({
    ...item,
    description: findSecurityDeclaration(item.event, item.resource)?.description ?? null,
  }))
  return { items: described, nextCursor }
}

/** The critical events of the last day in all tenants, each kind once with how often. Needs the system scope. */
export async function countCriticalEvents(
  tx: Queryable,
): Promise<{ event: string; description: string; occurrences: number }[]> {
  const found = await tx.run(sql<{ event: string; resource: string | null; occurrences: number }>`
    select (found).event, (logged).resource, sum((found).occurrences)::integer as occurrences
    from audit.find_security_events(
      null, array['critical'], null, null, null, now() - interval '1 day', null, null, null, null, 1000
    )
    group by 1, 2
    order by 1, 2`)
  return found.map(({ event, resource, occurrences }) => ({
    event,
    description: findSecurityDeclaration(event, resource)?.description ?? event,
    occurrences,
  }))
}
