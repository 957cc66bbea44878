// Takes up one job and is killed in the middle of it.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { startWorker } from './index.ts'

const login: pg.ClientConfig = JSON.parse(process.argv[2] ?? '')
const app = { db: new Database({ login }), log: createLogger('error') } as unknown as App
const run = () => {
  process.send?.('taken')
  return new Promise<void>(() => {})
}
const modules = [{ name: 'work', jobs: [{ name: 'work.orphan', description: 'Never ends', run }] }]
await startWorker({ app, connection: login, modules, pollSeconds: 0.5 })
