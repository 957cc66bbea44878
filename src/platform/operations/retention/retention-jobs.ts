import { DomainError } from '#platform/errors.ts'
import type { Job } from '#platform/jobs'
import { restoreOnRecord, verifyOnRecord } from './archive-runs.ts'
import { runRetention } from './runs.ts'

/** When it is done each day, UTC. */
export const retainedAt = { hour: 3, minute: 17 }

export const retainDaily: Job = {
  name: 'operations.retain',
  description: 'GG-16: removes and archives what modules declare to be kept no longer',
  cron: `${retainedAt.minute} ${retainedAt.hour} * * *`,
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

/** An archive, or all of them, that somebody wants read again. */
export const verifyArchives: Job<{ id?: string }> = {
  name: 'operations.verify-archives',
  description: 'GG-16: reads archives again, as an operator has asked for',
  retryLimit: 0,
  async run({ id }, app) {
    const faults = await verifyOnRecord(app, id)
    for (const fault of faults) app.log.error({ fault }, 'an archive has a fault')
  },
}

/** The rows of an archive that somebody wants to look at. */
export const restoreArchived: Job<{ id: string; into?: string }> = {
  name: 'operations.restore-archive',
  description: 'GG-16: brings the rows of an archive into a table beside, as an operator has asked for',
  retryLimit: 0,
  async run({ id, into }, app) {
    // What is refused stands in its record, which the page shows.
    await restoreOnRecord(app, id, { ...(into !== undefined && { into }) }).catch(error => {
      if (!(error instanceof DomainError)) throw error
    })
  },
}

function unlessBusy(error: unknown): [] {
  if (error instanceof DomainError && error.code === 'operations.retention_busy') return []
  throw error
}
