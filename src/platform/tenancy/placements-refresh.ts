import type { Job } from '#platform/jobs'

/** Copies of shared rows (names of members, contractors in lists) follow what they are copies of. */
export const refreshPlacements: Job = {
  name: 'tenancy.refresh-placements',
  description: 'Brings shared rows that were copied into databases of tenants up to date',
  cron: '*/5 * * * *',
  async run(_data, app) {
    const { placements } = app
    for (const { id, name, tenants } of (await placements?.list()) ?? []) {
      if (tenants === 0) continue
      try {
        await placements?.refresh(id)
      } catch (err) {
        // Another one's trouble must not hold these up; five minutes later it is tried again.
        app.log.warn({ err, database: name }, 'Copied rows could not be refreshed')
      }
    }
  },
}
