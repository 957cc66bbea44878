import type { App } from '#platform/app.ts'
import type { Job } from '#platform/jobs'
import { backUp, backUpOthers, drill, expire, hasBackup, makesBackups, ownArchive } from './schedule.ts'

type Request = { requestedBy?: string }

export const makeFullBackup: Job = {
  name: 'operations.back-up-full',
  description: 'GG-20: backs the whole database server up, reads the backup again, and removes what is past its days',
  cron: '0 2 * * *',
  retryLimit: 3,
  async run(_data, app) {
    if (!makesBackups(app)) return
    await backUp(app, 'full')
    await expire(app)
    await backUpEachOther(app, 'full')
  },
}

export const makeIncrementalBackup: Job = {
  name: 'operations.back-up-changes',
  description:
    'GG-20: backs up what changed since the last backup (a whole one before PostgreSQL 17), and reads it again',
  // At two the full one is made.
  cron: '0 8,14,20 * * *',
  retryLimit: 3,
  async run(_data, app) {
    if (!makesBackups(app)) return
    await backUp(app, 'incremental')
    await backUpEachOther(app, 'incremental')
  },
}

export const drillRestore: Job = {
  name: 'operations.drill-restore',
  description: 'GG-21: recovers the last backup aside, checks its indexes, and holds its rows against the database',
  cron: '30 3 * * 0',
  retryLimit: 1,
  async run(_data, app) {
    if (makesBackups(app) && hasBackup(await ownArchive(app))) await drill(app)
  },
}

/** What fails is on record; to make the main one again for it would be of no use. */
async function backUpEachOther(app: App, kind: 'full' | 'incremental', asked: Request = {}): Promise<void> {
  const { failures } = await backUpOthers(app, kind, asked)
  for (const err of failures) app.log.error({ err }, 'A server of workspaces was not backed up')
}

/** What operators ask for on the page. */
export const beginBackup: Job<Request & { kind: 'full' | 'incremental' }> = {
  name: 'operations.begin-backup',
  description: 'GG-20: makes a backup that an operator asked for',
  retryLimit: 0,
  async run({ kind, requestedBy }, app) {
    const asked = requestedBy === undefined ? {} : { requestedBy }
    await backUp(app, kind, asked)
    await backUpEachOther(app, kind, asked)
  },
}

export const beginDrill: Job<Request> = {
  name: 'operations.begin-drill',
  description: 'GG-21: makes a restore drill that an operator asked for',
  retryLimit: 0,
  async run({ requestedBy }, app) {
    await drill(app, requestedBy)
  },
}
