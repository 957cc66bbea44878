import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { announceRevocation, changeUserStatus, getProfile, normaliseEmail } from '#platform/identity'
import { errors } from './errors.ts'

/**
 * MT-02: deletes the account of who asks, who has typed its address. His sessions end, he gets a mail that says how to
 * come back, and 90 days later it is erased. Refuses with `accounts.owner_missing` while others work in a tenant that he
 * alone owns: they would be locked out of its settings.
 */
export async function deleteOwnAccount(
  app: App,
  scope: Scope,
  wanted: { userId: string; email: string; reason: string | null },
): Promise<void> {
  const { userId, reason } = wanted
  // It concerns no tenant more than another.
  await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
    const { email } = await getProfile(tx, userId)
    if (normaliseEmail(wanted.email) !== email) throw errors.addressMistyped()
    const alone = await listOwnedAlone(tx, userId)
    if (alone.length > 0) throw errors.ownerMissing({ tenants: alone.map(({ name }) => name).join(', ') })
    await changeUserStatus(app, tx, { userId, status: 'deleted', reason, isOwnWish: true })
  })
  announceRevocation(app)
}

/** The tenants with other members whose only owner this user is. Needs the system scope. */
function listOwnedAlone(tx: Queryable, userId: string): Promise<{ tenantId: string; name: string }[]> {
  return tx.run(
    sql<{ tenantId: string; name: string }>`select tenant_id, name from accounts.find_owned_alone(${userId})`,
  )
}
