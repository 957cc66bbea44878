import { grantViolations, requireMemberWithin } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { leaveSystemScope, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { announceRevocation, dropDefaultTenant } from '#platform/identity'
import { sendMail } from '#platform/mail'
import { notify } from '#platform/notifications'
import { lockMembership, removeMembership } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { errors } from './errors.ts'
import { membershipEndedMail } from './mails.ts'
import { listOwners } from './owners.ts'

/**
 * Ends the membership of somebody else in the scope's tenant: his access ends at once, his roles and places in
 * organizations go, what he made stays. He gets a mail. Refuses the last owner (`members.last_owner`), and whoever does
 * not hold himself all that the member's roles permit.
 */
export async function removeMember(app: App, scope: Scope, userId: string, reason: string): Promise<void> {
  if (userId === scope.userId) throw errors.removalOfOneself()
  await endMembership(app, scope, userId, {
    unknown: () => errors.memberNotFound({ userId }),
    action: 'remove_member',
    details: { user_id: userId, reason },
  })
}

/** Ends the own membership in a tenant, also one that is suspended or whose end has come. Refuses the last owner. */
export async function leaveTenant(app: App, scope: Scope, userId: string, tenantId: string): Promise<void> {
  await endMembership(app, { ...scope, tenantId }, userId, {
    unknown: () => errors.membershipNotFound(),
    action: 'leave_tenant',
    details: { user_id: userId },
  })
}

type Ending = {
  unknown: () => Error
  action: 'remove_member' | 'leave_tenant'
  details: Readonly<Record<string, string>>
}

async function endMembership(app: App, scope: Scope, userId: string, ending: Ending): Promise<void> {
  const { tenantId } = scope
  if (tenantId === undefined) throw ending.unknown()
  await app.db.transaction({ ...scope, system: true }, async tx => {
    // The account before the tenant: in this order an operator who shuts an account takes both.
    await dropDefaultTenant(tx, userId, tenantId)
    const membership = await lockMembership(tx, userId)
    const person = membership && (await findPerson(tx, membership.id))
    if (!person) throw ending.unknown()
    if (ending.action === 'remove_member') await requireMemberWithin(tx, membership.id)
    await recordEvent(tx, {
      action: ending.action,
      resource: 'tenancy.user_tenants',
      resourceId: membership.id,
      details: ending.details,
    })
    const isOwnWish = ending.action === 'leave_tenant'
    if (person.isAccountActive) {
      const { email: to, name, tenantName } = person
      await sendMail(app, tx, { to, userId, mail: membershipEndedMail, values: { name, tenantName, isOwnWish } })
    }
    await (isOwnWish ? tellOwners(app, tx, userId, person) : tellRemoved(app, tx, userId, person))
    await emitEvent(app, tx, { type: 'members.member.left', data: { userId, isOwnWish } })
    // As the person who does it: the database asks whether he may.
    await onViolation(removeMembership(await leaveSystemScope(tx), membership.id), grantViolations)
  })
  announceRevocation(app)
}

/** It belongs to no tenant: he does not come into this one any more. */
async function tellRemoved(app: App, tx: Queryable, userId: string, { tenantName }: Leaver): Promise<void> {
  await notify(app, tx, {
    userId,
    tenantId: null,
    kind: 'members.removed',
    title: `You were removed from ${tenantName}`,
    link: '/account/workspaces',
  })
}

async function tellOwners(app: App, tx: Queryable, userId: string, { name, tenantName }: Leaver): Promise<void> {
  const owners = await listOwners(tx)
  await notify(app, tx, {
    userIds: owners.map(owner => owner.userId).filter(id => id !== userId),
    kind: 'members.left',
    title: `${name} has left ${tenantName}`,
    link: '/members',
  })
}

type Leaver = { email: string; name: string; tenantName: string; isAccountActive: boolean }

function findPerson(tx: Queryable, membershipId: string): Promise<Leaver | undefined> {
  return tx.maybe(sql<Leaver>`
    select email, name, tenant_name, is_account_active
    from members.find_person(${membershipId})`)
}
