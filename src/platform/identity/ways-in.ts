import { onViolation, type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'

/** By what a user can come in. A second factor is none: it only follows a password. */
export type WaysIn = { hasPassword: boolean; passkeys: number; externalIdentities: number }

/** Needs the system scope. */
export function getWaysIn(tx: Queryable, userId: string): Promise<WaysIn> {
  return tx.one(sql<WaysIn>`
    select
      exists (
        select from identity.passwords where user_id = ${userId} and replaced_at is null
      ) as has_password,
      (select count(*) from identity.authenticators where user_id = ${userId}) as passkeys,
      (select count(*) from identity.external_identities where user_id = ${userId}) as external_identities`)
}

/**
 * Carries out a removal of a passkey or of an account elsewhere, which the database refuses for the last way in
 * of a living user (`identity.last_way_in`). The user's row is locked first, in the order in which a sign-in locks.
 */
export async function removeWayIn<T>(tx: Queryable, userId: string, remove: () => Promise<T>): Promise<T> {
  await tx.run(sql`select from identity.users where id = ${userId} for no key update`)
  return await onViolation(remove(), { users_keep_way_in: errors.lastWayIn })
}
