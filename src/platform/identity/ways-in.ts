import { onViolation, type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'

/**
 * Carries out a removal of a passkey or of an account elsewhere, which the database refuses for the last way in
 * of a living user (`identity.last_way_in`). The user's row is locked first, in the order in which a sign-in locks.
 */
export async function removeWayIn<T>(tx: Queryable, userId: string, remove: () => Promise<T>): Promise<T> {
  await tx.run(sql`select from identity.users where id = ${userId} for no key update`)
  return await onViolation(remove(), { users_keep_way_in: errors.lastWayIn })
}
