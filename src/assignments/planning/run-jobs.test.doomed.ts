// Takes up a run, says when its search has begun, and is killed in it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { slow } from './run-jobs.test.slow.ts'
import { solveRun } from './run-jobs.ts'

const [login = '', scope = '', assignmentId = '', runId = ''] = process.argv.slice(2)
const app = {
  db: new Database({ login: JSON.parse(login) as pg.ClientConfig }),
  clock: systemClock,
  log: createLogger('fatal'),
  modules: [],
}
setInterval(() => slow.begun > 0 && process.send?.('begun'), 20)
await solveRun(app as unknown as App, JSON.parse(scope), assignmentId, runId)
