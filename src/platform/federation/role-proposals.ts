import { type Static, Type } from 'typebox'
import { grantViolations, requireGrantable } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { groupErrors } from './group-errors.ts'

/** Somebody in a group whose mapping leaves it to an administrator to give the role. */
export const RoleProposal = Type.Object({
  id: uuid,
  mappingId: uuid,
  groupName: Type.String(),
  roleId: uuid,
  roleName: Type.String(),
  userId: uuid,
  fullName: nullable(Type.String()),
  email: Type.String(),
  dismissedAt: nullable(timestamp),
  createdAt: timestamp,
})
export type RoleProposal = Static<typeof RoleProposal>

const columns = sql`
  id, mapping_id, group_name, role_id, role_name, user_id, full_name, email, dismissed_at, created_at`

/** Those of a provider, the oldest first; the dismissed ones stay while their people are in the group. */
export async function listRoleProposals(
  tx: Queryable,
  providerId: string,
  { isDismissed }: { isDismissed: boolean },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: RoleProposal[]; nextCursor: string | null }> {
  const list = JSON.stringify(['role-proposals', providerId, isDismissed])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<RoleProposal & { moment: string }>`
    select
      ${columns},
      to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from federation.role_proposal_details
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and (dismissed_at is not null) = ${isDismissed}
      ${last ? sql`and (created_at, id) > (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by created_at, id
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...proposal }) => proposal), nextCursor }
}

/** Gives the role as the group would have: leaving the group takes it. Whoever accepts holds it himself. */
export async function acceptRoleProposal(app: App, scope: Scope, id: string): Promise<void> {
  await changeAndAnnounce(app, scope, async tx => {
    const { mappingId, roleId, groupName, roleName, userTenantId } = await takeProposal(tx, id)
    await requireGrantable(tx, [roleId])
    await onViolation(
      tx.run(sql`select federation.give_role(${userTenantId}, ${mappingId}, ${roleId})`),
      grantViolations,
    )
    await recordEvent(tx, {
      action: 'sync_roles',
      resource: 'tenancy.user_tenants',
      resourceId: userTenantId,
      details: {
        cause: 'proposal',
        changes: [{ change: 'given', mapping_id: mappingId, role_id: roleId, group: groupName, role: roleName }],
      },
    })
  })
}

type Taken = {
  mappingId: string
  roleId: string
  groupName: string
  roleName: string
  userTenantId: string
  providerId: string
}

/** Whoever accepts it at the same time finds it gone, and so does who accepts what a sync withdraws. */
async function takeProposal(tx: Queryable, id: string): Promise<Taken> {
  const found = await tx.maybe(sql<Taken>`
    select mapping_id, role_id, group_name, role_name, user_tenant_id, provider_id
    from federation.role_proposal_details
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw groupErrors.roleProposalNotFound({ id })
  await tx.run(sql`select federation.lock_member(${found.userTenantId})`)
  await tx.run(sql`select federation.await_person(${found.providerId}, ${found.userTenantId})`)
  const removed = await tx.run(sql`
    delete from federation.role_proposals
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    returning id`)
  if (removed.length === 0) throw groupErrors.roleProposalNotFound({ id })
  return found
}

/** It is not proposed again while its person stays in the group. */
export async function dismissRoleProposal(tx: Queryable, id: string): Promise<void> {
  const dismissed = await tx.run(sql`
    update federation.role_proposals
    set dismissed_at = now(), dismissed_by = ${tx.scope.userId ?? null}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    returning id`)
  if (dismissed.length === 0) throw groupErrors.roleProposalNotFound({ id })
}
