import { type App, mainApp } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { findMembership } from '#platform/tenancy'
import { errors } from '../errors.ts'

/** Refuses who is no member of the scope's tenant; null and undefined are nobody. */
export async function requireMember(app: App, scope: Scope, userId: string | null | undefined): Promise<void> {
  if (!userId) return
  // Members are in the main database, wherever the tenant's participants are.
  const membership = await findMembership(mainApp(app).db.scoped(scope), userId)
  if (!membership) throw errors.participantNotMember({ userId })
}
