import { type App, mainApp } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'

/**
 * MT-17: a move that ended, killed, after it had left its source and before the switch, has the tenant's writes refused:
 * the source is opened again, and notes what is written, so that the move can go on or be undone at any time. Moves that
 * are at work are left alone: theirs is the lock. Returns for how many tenants that was done.
 */
export async function healMoves(given: App): Promise<number> {
  const app = mainApp(given)
  const system = { system: true } as const
  const halted = await app.db.scoped(system).run(sql<{ tenantId: string; sourceId: string }>`
    select tenant_id, source_id
    from tenancy.moves
    where source_id is not null
      and state in ('copying', 'catching_up', 'verified', 'paused')`)
  let healed = 0
  for (const { tenantId, sourceId } of halted) {
    try {
      healed += await app.db.transaction({ ...system, tenantId }, async tx => {
        const { isFree } = await tx.one(sql<{ isFree: boolean }>`
          select pg_try_advisory_xact_lock(hashtext('commonhold move'), hashtext(${tenantId})) as is_free`)
        if (!isFree) return 0
        // Only now: whoever had the lock may have switched.
        const [still] = await tx.run(sql`
          select tenant_id
          from tenancy.placements
          where tenant_id = ${tenantId}
            and database_id = ${sourceId}`)
        if (!still) return 0
        const reopened = await app.placements?.asAdministrator(sourceId, client =>
          client.query(
            `update platform.moving_tenants set state = 'open', paused_until = null where tenant_id = $1 and state = 'gone'`,
            [tenantId],
          ),
        )
        return reopened?.rowCount ?? 0
      })
    } catch (err) {
      app.log.warn({ err, tenantId }, 'a move that was killed could not be looked at, to be tried again')
    }
  }
  if (healed > 0) app.log.warn({ healed }, 'moves were killed before the switch; their tenants can write again')
  return healed
}

export const healKilledMoves: Job = {
  name: 'tenancy.heal-moves',
  description: 'Lets tenants write again whose move was killed just before its switch',
  cron: '* * * * *',
  async run(_data, app) {
    await healMoves(app)
  },
}
