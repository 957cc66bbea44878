import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { namesOf } from '#platform/members'

/** What members are called; of who has left, or is no person, null. */
export async function authorsOf(
  app: App,
  scope: Scope,
  userIds: readonly (string | null)[],
): Promise<(userId: string | null) => string | null> {
  const names = await namesOf(app, scope, userIds)
  return userId => {
    const author = names.get(userId ?? '')
    return author?.fullName ?? author?.email ?? null
  }
}
