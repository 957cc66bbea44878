import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { readGroups } from './group-claims.ts'
import { getGroupProvider } from './group-settings.ts'
import { type Applied, applyGroups } from './role-assignments.ts'

/** What a provider said at a sign-in, verified. */
export type SignInAnswer = {
  provider: { id: string }
  mapping: { userId: string }
  claims: Readonly<Record<string, unknown>>
  /** Of the userinfo endpoint, where it was asked. */
  userInfo?: Readonly<Record<string, unknown>> | undefined
}

/**
 * AG-06: brings the roles of who signs in in line with the groups that his provider tells. The last thing in the
 * transaction of the sign-in, which is in the tenant's and the system scope; after the commit call `announceRevocation`.
 * Nothing where he is no member.
 */
export async function syncSignIn(
  _app: App,
  tx: Queryable,
  { provider, mapping, claims, userInfo }: SignInAnswer,
): Promise<Applied | undefined> {
  const membership = await tx.maybe(sql<{ id: string | null }>`
    select federation.membership_of(${mapping.userId}) as id`)
  if (!membership?.id) return undefined
  const { id: providerId, type, settings } = await getGroupProvider(tx, provider.id)
  const groups = readGroups({ type, settings }, claims, userInfo)
  return await applyGroups(tx, { membershipId: membership.id, providerId, groups, cause: { by: 'sign_in' } })
}
