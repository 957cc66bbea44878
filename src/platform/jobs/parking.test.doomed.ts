// Parks the jobs of a tenant, and is killed in the middle of it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { startWorker } from './index.ts'

const login: pg.ClientConfig = JSON.parse(process.argv[2] ?? '')
const app = { db: new Database({ login }), log: createLogger('fatal') } as unknown as App
let isTold = false
const standings = async (ids: readonly string[]) => {
  if (!isTold) process.send?.('parking')
  isTold = true
  return new Map(ids.map(id => [id, 'held' as const]))
}
const modules = [{ name: 'work', jobs: [{ name: 'work.doomed', description: 'Parked', async run() {} }] }]
await startWorker({ app, connection: login, modules, standings, pollSeconds: 0.5, concurrency: 4 })
