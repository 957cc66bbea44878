// Imports a tenant, and is killed in the middle of it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import { Keyring } from '#platform/crypto'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { modules } from '../../../main/modules.ts'
import { importTenant } from './imports.ts'

type Doom = { login: pg.ClientConfig; admin: pg.ClientConfig; keys: string; path: string; step: string }

const { login, admin, keys, path, step } = JSON.parse(process.argv[2] ?? '') as Doom
const app: App = {
  modules,
  db: new Database({ login }),
  administration: { admin, isEmbedded: false, dataDirectory: '.' },
  clock: systemClock,
  keyring: Keyring.parse(keys),
  log: createLogger('fatal'),
  config: {},
  publicUrl: 'http://localhost:0',
}
await importTenant(app, path, {
  slug: 'killed',
  rejectsPath: `${path}.killed`,
  actor: 'Nobody',
  isSignerTrusted: true,
  async onStep(reached) {
    if (reached !== step) return
    process.send?.(reached)
    await new Promise(() => setInterval(() => {}, 1000))
  },
})
