import { DomainError } from '#platform/errors.ts'
import type { Job } from '#platform/jobs'
import { runRetention } from './runs.ts'

export const retainDaily: Job = {
  name: 'operations.retain',
  description: 'GG-16: removes and archives what modules declare to be kept no longer',
  cron: '17 3 * * *',
  retryLimit: 0,
  async run(_data, app) {
    const runs = await runRetention(app).catch(unlessBusy)
    for (const { declaration, databaseName, status, removed, archived, reason } of runs) {
      const about = { declaration, databaseName, removed, archived, reason }
      if (status === 'failed') app.log.error(about, 'retention has failed')
      else if (removed + archived > 0) app.log.info(about, 'retention')
    }
  },
}

/** One that somebody wants now. */
export const retainNow: Job<{ name?: string }> = {
  name: 'operations.retain-now',
  description: 'GG-16: retention that an operator has asked for',
  retryLimit: 0,
  async run({ name }, app) {
    await runRetention(app, { requestedBy: 'the console', ...(name !== undefined && { name }) }).catch(unlessBusy)
  },
}

function unlessBusy(error: unknown): [] {
  if (error instanceof DomainError && error.code === 'operations.retention_busy') return []
  throw error
}
