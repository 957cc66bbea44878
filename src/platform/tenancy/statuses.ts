import { type Static, Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { type TenantStatus, tenantStatuses } from './tenants.ts'

/** What operators make of a tenant; its deletion is asked for by its owners. */
export const operatorsStatuses = ['active', 'suspended'] as const

const Status = Type.Unsafe<TenantStatus>({ type: 'string', enum: [...tenantStatuses] })

export const StatusChange = Type.Object({
  id: uuid,
  fromStatus: nullable(Status),
  toStatus: Status,
  reason: nullable(Type.String()),
  changedBy: nullable(uuid),
  changedByName: nullable(Type.String()),
  createdAt: timestamp,
})
export type StatusChange = Static<typeof StatusChange>

/**
 * MT-12: suspends the scope's tenant, or lets it work again. From then on (within seconds everywhere: call
 * `announceRevocation` after the commit) nobody enters it; nothing in it changes. Refuses the status that it has, and a
 * tenant that waits for its deletion. In a transaction of the system scope; returns what it was.
 */
export async function changeTenantStatus(
  tx: Queryable,
  change: { status: (typeof operatorsStatuses)[number]; reason: string },
): Promise<{ name: string; slug: string; from: TenantStatus }> {
  const { status, reason } = change
  const { tenantId } = tx.scope
  const tenant = await tx.maybe(sql<{ name: string; slug: string; from: TenantStatus }>`
    select name, slug, status as "from"
    from tenancy.tenants
    where id = ${tenantId}
    for no key update`)
  if (!tenant) throw errors.tenantNotFound({ id: tenantId })
  if (tenant.from === status) throw errors.statusUnchanged({ status })
  if (tenant.from === 'pending_deletion') throw errors.statusRefused()
  await tx.run(sql`
    update tenancy.tenants
    set status = ${status}, status_reason = ${reason}, status_changed_at = now()
    where id = ${tenantId}`)
  await recordEvent(tx, {
    action: status === 'suspended' ? 'suspend' : 'reactivate',
    resource: 'tenancy.tenants',
    ...(tenantId !== undefined && { resourceId: tenantId }),
    details: { from: tenant.from, to: status, reason },
  })
  return tenant
}

/** How a tenant became what it is, the newest first. */
export function listStatusChanges(tx: Queryable, tenantId: string): Promise<StatusChange[]> {
  return tx.run(sql<StatusChange>`
    select id, from_status, to_status, reason, changed_by, changed_by_name, created_at
    from tenancy.status_changes
    where tenant_id = ${tenantId}
    order by created_at desc
    limit 100`)
}
