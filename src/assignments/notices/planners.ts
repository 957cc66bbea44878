import { type App, mainApp } from '#platform/app.ts'
import { findColleagues, listOwners } from '#platform/members'

/** Who is told of what somebody planned: himself; once his account or his membership is gone, the owners of the workspace. */
export async function findPlanners(app: App, tenantId: string, userId: string | null): Promise<string[]> {
  const tx = mainApp(app).db.reads({ tenantId, system: true })
  if (userId !== null && (await findColleagues(tx, { userIds: [userId] })).length > 0) return [userId]
  return (await listOwners(tx)).map(owner => owner.userId)
}
