import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable } from '#platform/database'
import { eraseAccountAtOnce, eraseLogOf, findSubject, identityErrors, type LogErasure } from '#platform/identity'
import type { Job } from '#platform/jobs'

/** What operators ask for on the page. */
export const eraseSubjectNow: Job<{ userId: string }> = {
  name: 'operations.erase-subject',
  description: 'PE-07: makes a person unreadable in the audit log because an operator asked for it',
  retryLimit: 2,
  async run({ userId }, app) {
    await eraseSubject(app, userId)
  },
}

/** That somebody has asked for it: who is told by the scope, at the command line by `requestedBy`. */
export async function recordErasure(tx: Queryable, userId: string, requestedBy?: string): Promise<void> {
  await recordEvent(tx, {
    action: 'erase_subject',
    resource: 'identity.users',
    resourceId: userId,
    ...(requestedBy !== undefined && { details: { requestedBy } }),
  })
}

/**
 * The account where it is deleted and still could come back, then what the log has of it. Refuses with
 * `identity.account_exists` what is not deleted. Can be ended anywhere and called again.
 */
export async function eraseSubject(
  app: App,
  userId: string,
  onProgress?: (done: number, of: number) => void,
): Promise<LogErasure> {
  const { status } = await findSubject(app.db.scoped({ system: true }), userId)
  if (status === 'deleted') await eraseAccountAtOnce(app, userId)
  else if (status !== 'erased') throw identityErrors.accountExists()
  return await eraseLogOf(app, userId, onProgress)
}
