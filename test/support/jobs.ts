import { relayOutboxes } from '#platform/tenancy'
import { modules } from '../../src/main/modules.ts'
import type { World } from './world.ts'

/**
 * Runs in this process what is queued and due now, oldest first, and what that puts into the queue in turn. Returns the
 * names in the order in which they ran. A job that throws is left to be repeated later, and its error is thrown.
 */
export async function runJobs(world: Pick<World, 'admin' | 'app'>): Promise<string[]> {
  const jobs = new Map(modules.flatMap(module => module.jobs ?? []).map(job => [job.name, job]))
  const names: string[] = []
  for (;;) {
    await relayOutboxes(world.app)
    const { rows } = await world.admin.query<{ id: string; name: string; data: object | null }>(
      `update jobs.job
       set state = 'active', started_on = now()
       where (name, id) = (
         select name, id
         from jobs.job
         where state in ('created', 'retry')
           and start_after <= now()
           and name = any ($1)
         order by created_on, id
         limit 1
         for update skip locked
       )
       returning id, name, data`,
      [[...jobs.keys()]],
    )
    const [taken] = rows
    if (!taken) return names
    names.push(taken.name)
    const end = (state: string, more: string) =>
      world.admin.query(`update jobs.job set state = $2, ${more} where id = $1 and name = $3`, [
        taken.id,
        state,
        taken.name,
      ])
    try {
      await jobs.get(taken.name)?.run(taken.data ?? {}, world.app)
    } catch (error) {
      await end('retry', "retry_count = retry_count + 1, start_after = now() + interval '1 hour'")
      throw error
    }
    await end('completed', 'completed_on = now()')
  }
}
