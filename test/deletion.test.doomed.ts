// Begins to remove a tenant, and is killed in the middle of it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { Keyring } from '#platform/crypto'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { removeTenant } from '../src/platform/accounts/tenant-removals.ts'

const [login = '', keys = '', tenantId = ''] = process.argv.slice(2)
const app: App = {
  modules: [],
  db: new Database({ login: JSON.parse(login) as pg.ClientConfig }),
  clock: systemClock,
  keyring: Keyring.parse(keys),
  log: createLogger('fatal'),
  config: {},
  publicUrl: 'http://localhost:0',
}
process.send?.('beginning')
await removeTenant(app, tenantId)
await new Promise(() => setInterval(() => {}, 1000))
