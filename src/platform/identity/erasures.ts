import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { sql } from '#platform/database'
import { restorableDays } from './user-statuses.ts'

/** Accounts looked for at a time. */
const batch = 500

/**
 * GG-16: erases the accounts that were deleted 90 days ago, with all that hangs on them; what must outlive them (audit
 * entries, the shared lists of a workspace) the database keeps. Each account is a transaction of its own: one that cannot
 * go holds up nobody else. Returns how many went, and which did not.
 */
export async function eraseDeletedUsers(app: App): Promise<{ erased: number; failed: string[] }> {
  const system = { system: true } as const
  const failed: string[] = []
  let erased = 0
  for (;;) {
    const due = await app.db.scoped(system).run(sql<{ id: string }>`
      select id
      from identity.users
      where deleted_at < now() - ${restorableDays} * interval '1 day'
        and id <> all (${failed}::uuid[])
        and platform.find_hold(null, id) is null
      order by deleted_at
      limit ${batch}`)
    for (const { id } of due) {
      try {
        if (await eraseUser(app, id)) erased++
      } catch (error) {
        app.log.error({ err: error, userId: id }, 'A deleted account could not be erased')
        failed.push(id)
      }
    }
    if (due.length < batch) return { erased, failed }
  }
}

/** False where he has been restored meanwhile, or another server was faster. */
function eraseUser(app: App, id: string): Promise<boolean> {
  return app.db.transaction({ system: true }, async tx => {
    const { isErased } = await tx.one(sql<{ isErased: boolean }>`select identity.erase_user(${id}) as is_erased`)
    if (isErased) await recordEvent(tx, { action: 'erase', resource: 'identity.users', resourceId: id })
    return isErased
  })
}
