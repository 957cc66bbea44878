// Makes an export, and is killed in the middle of it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { runExport } from './making.ts'

const [login = '', scope = '', id = ''] = process.argv.slice(2)
const app = {
  db: new Database({ login: JSON.parse(login) as pg.ClientConfig }),
  clock: systemClock,
  log: createLogger('fatal'),
}
await runExport(app as unknown as App, JSON.parse(scope), id, { isInBackground: true })
