import type { Queryable } from '#platform/database'
import { sql } from '#platform/database'
import { defaultPasswordRules, type PasswordRules } from '#platform/identity'

/**
 * What a user's password must be: of each rule the strictest of the active tenants that he is a member of, in date; the
 * default rules for whoever is in none. Needs the system scope.
 */
export async function findPasswordRulesOf(tx: Queryable, userId: string): Promise<PasswordRules> {
  const rules = await tx.maybe(sql<PasswordRules>`select * from accounts.find_password_rules(${userId})`)
  return rules ?? defaultPasswordRules
}

/** When a password chosen at a moment expires by the rules; null for never. */
export function expiryOf(setAt: Date, { expiresAfterDays }: PasswordRules): Date | null {
  return expiresAfterDays === null ? null : new Date(setAt.getTime() + expiresAfterDays * 24 * 3600_000)
}

/** Whom an expiry after so many days affects in the scope's tenant: active members, those with a password, those with an older one. */
export type PasswordAges = { members: number; withPassword: number; older: number }

/** Counts only, never who. Needs the system scope. */
export function countPasswordAges(tx: Queryable, days: number): Promise<PasswordAges> {
  return tx.one(
    sql<PasswordAges>`select members, with_password, older from accounts.count_password_ages(${tx.scope.tenantId}, ${days})`,
  )
}
