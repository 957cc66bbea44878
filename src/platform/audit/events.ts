import type { RawBuilder } from 'kysely'
import { json, type Queryable, type Reader, sql } from '#platform/database'
import { findSecurityDeclaration } from './security-declarations.ts'

export type AuditEvent = {
  /** What happened, in words of the domain: `sign_in`, `export`. */
  action: string
  /** The table of what it happened to, with its schema, and the row's id. */
  resource?: string
  resourceId?: string
  details?: Readonly<Record<string, unknown>>
  /** Of a security event: the session that it happened in, where it is not the resource. */
  sessionId?: string | undefined
  /** Of a security event: how often it happened. */
  occurrences?: number
}

/**
 * GG-19: appends an event that no change of a tracked table tells (a sign-in, an export, a refusal), in the transaction
 * of `tx`. Tenant, user and request are those of the scope; without a tenant it belongs to the platform, without a user
 * to the system. Secrets do not belong into `details`. What a module declares under `securityEvents` is noted as such (MT-22).
 */
export async function recordEvent(tx: Queryable, event: AuditEvent): Promise<void> {
  await tx.run(sql`select ${eventRecord(event)}`)
}

/** The same as an expression, for a statement that does what it tells: it is appended with each row of that statement. */
export function eventRecord(event: AuditEvent): RawBuilder<unknown> {
  const { action, resource = null, resourceId = null, details, occurrences = 1 } = event
  const told = sql`${action}, ${resource}, ${resourceId}, ${details ? json(details) : sql`null`}`
  const declared = findSecurityDeclaration(action, resource)
  if (!declared) return sql`audit.record_event(${told})`
  const { severity, category } = declared
  const sessionId = event.sessionId ?? (resource === 'identity.user_sessions' ? resourceId : null)
  return sql`audit.record_security_event(${told}, ${severity}, ${category}, ${sessionId}::uuid, ${occurrences}::integer)`
}

/** What the details of such events of the scope's tenant were, the oldest first. */
export async function listEventDetails<Details>(
  tx: Reader,
  { action, resource, since = new Date(0) }: { action: string; resource: string; since?: Date | undefined },
): Promise<Details[]> {
  const rows = await tx.run(sql<{ details: Details }>`
    select details
    from audit.audit_logs
    where tenant_id = (select platform.current_tenant_id())
      and action = ${action}
      and resource = ${resource}
      and created_at >= ${since}
    order by created_at, id`)
  return rows.map(({ details }) => details)
}
