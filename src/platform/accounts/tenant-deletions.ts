import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { announceRevocation, getProfile, momentInWords } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import {
  cancelDeletion,
  countRows,
  type Deletion,
  findDeletion,
  getGrace,
  listUntold,
  markTold,
  requestDeletion,
} from '#platform/tenancy'
import { errors } from './errors.ts'
import { accountsOf } from './principals.ts'
import { deletionCancelledMail, deletionNearsMail, deletionRequestedMail } from './tenant-deletion-mails.ts'

export type DeletionWish = { tenantId: string; reason: string | null } & (
  | { name: string; byOperator: false }
  | { afterDays?: number; byOperator: true }
)

/**
 * MT-11: a tenant waits for its deletion from now on. It is closed at once, and all its owners get a mail. The caller has
 * asked whether who asks may: an owner, who has typed its name, or an operator.
 */
export async function requestTenantDeletion(app: App, scope: Scope, wish: DeletionWish): Promise<Deletion> {
  const { tenantId } = wish
  const deletion = await app.db.transaction(ofTenant(scope, tenantId), async tx => {
    await requestDeletion(tx, wish)
    const requested = (await findDeletion(tx, tenantId)) as Deletion
    for (const owner of await listOwners(tx, tenantId)) {
      const values = { ...waiting(app, requested, owner), byName: scope.userName ?? 'Somebody' }
      await sendMail(app, tx, { to: owner.email, userId: owner.id, mail: deletionRequestedMail, values })
    }
    return requested
  })
  announceRevocation(app)
  return deletion
}

/**
 * MT-11: the tenant is again what it was, active or suspended, and its owners learn of it. What operators asked for only
 * they cancel. Refuses with `tenancy.deletion_not_waiting` once the removal has begun.
 */
export async function cancelTenantDeletion(
  app: App,
  scope: Scope,
  { tenantId, byOperator }: { tenantId: string; byOperator: boolean },
): Promise<void> {
  await app.db.transaction(ofTenant(scope, tenantId), async tx => {
    const deletion = await findDeletion(tx, tenantId)
    if (deletion?.byOperator && !byOperator) throw errors.deletionByOperator()
    const { status } = await cancelDeletion(tx)
    for (const { id, email, name } of await listOwners(tx, tenantId)) {
      const tenantName = deletion?.name ?? ''
      const values = { name, tenantName, isActive: status === 'active', link: linkTo(app, '/') }
      await sendMail(app, tx, { to: email, userId: id, mail: deletionCancelledMail, values })
    }
  })
  announceRevocation(app)
}

/** What the deletion of a tenant would remove, and who is told. */
export async function describeDeletion(app: App, scope: Scope, tenantId: string) {
  const own = app.db.scoped(ofTenant(scope, tenantId))
  const [deletion, tables, owners, tenant] = await Promise.all([
    findDeletion(own, tenantId),
    countRows(own),
    listOwners(own, tenantId),
    getGrace(own),
  ])
  return { deletion, tables, owners, ...tenant }
}

/** Refuses who does not own the tenant now, whatever its status, and what its policy refuses of an owner's session. */
export async function requireOwner(app: App, scope: Scope, sessionId: string, tenantId: string): Promise<void> {
  const owners = await listOwners(app.db.reads(ofTenant(scope, tenantId)), tenantId)
  if (!owners.some(({ id }) => id === scope.userId)) throw errors.notAnOwner()
  await accountsOf(app).principals.requirePolicy(sessionId, tenantId, scope)
}

/** Tells the owners of tenants that wait, half-way and the day before: each notice and its mails are one transaction. */
export async function tellOfDeletions(app: App): Promise<number> {
  let told = 0
  for (const { tenantId, notice } of await listUntold(app.db.scoped({ system: true }))) {
    const isTold = await app.db.transaction({ tenantId, system: true }, async tx => {
      if (!(await markTold(tx, tenantId, notice))) return false
      const deletion = (await findDeletion(tx, tenantId)) as Deletion
      for (const owner of await listOwners(tx, tenantId)) {
        const values = { ...waiting(app, deletion, owner), isLast: notice === 'last' }
        await sendMail(app, tx, { to: owner.email, userId: owner.id, mail: deletionNearsMail, values })
      }
      return true
    })
    if (isTold) told++
  }
  return told
}

export const tellOfDeletionsJob: Job = {
  name: 'accounts.tell-of-tenant-deletions',
  description: 'Tells the owners of tenants that wait for their deletion, half-way and the day before',
  cron: '*/10 * * * *',
  async run(_data, app) {
    const told = await tellOfDeletions(app)
    if (told > 0) app.log.info({ told }, 'owners told of deletions')
  },
}

export type Owner = { id: string; email: string; name: string; timezone: string }

/** Who gets the mails: people, not programs. Needs the system scope. */
export async function listOwners(tx: Queryable, tenantId: string): Promise<Owner[]> {
  const ids = await tx.run(sql<{ id: string }>`
    select id
    from accounts.list_owners(${tenantId})
    where email not like '%@service.invalid'`)
  return await Promise.all(ids.map(({ id }) => describePerson(tx, id)))
}

/** Needs the system scope. */
export async function describePerson(tx: Queryable, id: string): Promise<Owner> {
  const { email, fullName, username, timezone } = await getProfile(tx, id)
  return { id, email, name: fullName ?? username ?? email, timezone }
}

function waiting(
  app: App,
  { tenantId, name: tenantName, scheduledAt, byOperator }: Deletion,
  { name, timezone }: Owner,
) {
  const moment = momentInWords(scheduledAt, timezone)
  return { name, tenantName, moment, byOperator, link: linkTo(app, `/settings/deletion?tenant=${tenantId}`) }
}

/** The platform acts in that tenant: its log tells what was done to it, and by whom. */
const ofTenant = (scope: Scope, tenantId: string): Scope => ({ ...scope, tenantId, system: true })
