import { revokeKeysThrough } from '#platform/access'
import type { Queryable } from '#platform/database'
import { revokeSessionsThrough } from '#platform/identity'
import { revokeGrantsThrough } from '#platform/oauth'

/**
 * Ends the sessions that came through a provider of the scope's tenant, and what was allowed applications and which API
 * keys were made in them, of one user or of all. Needs the system scope; after the commit `announceRevocation`.
 */
export async function endWhatCameThrough(
  tx: Queryable,
  { providerId, userId }: { providerId: string; userId?: string },
  reason: string,
): Promise<void> {
  await revokeSessionsThrough(tx, providerId, reason, userId)
  await revokeGrantsThrough(tx, { providerId, userId })
  await revokeKeysThrough(tx, { providerId, userId })
}
