import { mainApp } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import type { Job } from '#platform/jobs'
import { removeOldRuns, runDueMaintenance, runMaintenance } from './runs.ts'

/** Each half hour: a task that is due and was skipped, or was missed while nothing ran, has its turn at the next one. */
export const maintain: Job = {
  name: 'operations.maintain',
  description:
    'PE-10: VACUUM each night, ANALYZE each week, REINDEX CONCURRENTLY each month, when the database is quiet',
  cron: '*/30 * * * *',
  retryLimit: 0,
  async run(_data, app) {
    await removeOldRuns(mainApp(app).db.scoped({ system: true }))
    const runs = await runDueMaintenance(app).catch(unlessBusy)
    for (const { task, status, reason } of runs) {
      if (status === 'skipped') app.log.info({ task, reason }, 'maintenance waits')
      else if (status === 'failed') app.log.error({ task, reason }, 'maintenance has failed')
    }
  },
}

/** One that somebody wants now. */
export const maintainNow: Job<{ task: string }> = {
  name: 'operations.maintain-now',
  description: 'PE-10: maintenance that an operator has asked for',
  retryLimit: 0,
  async run({ task }, app) {
    await runMaintenance(app, task, { requestedBy: 'the console', evenIfBusy: true })
  },
}

function unlessBusy(error: unknown): [] {
  if (error instanceof DomainError && error.code === 'operations.maintenance_busy') return []
  throw error
}
