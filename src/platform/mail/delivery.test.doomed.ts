// Delivers one mail to a server that does not answer, and is killed meanwhile.
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { Database } from '#platform/database'
import { createLogger } from '#platform/http'
import { startWorker } from '#platform/jobs'
import { mailModule } from './module.ts'

export const doomedKey = Keyring.parse(`doomed:${Buffer.alloc(32, 7).toString('base64')}`)

const [login, port] = process.argv.slice(2)
if (login !== undefined && port !== undefined && process.send) {
  const connection: pg.ClientConfig = JSON.parse(login)
  const app: Partial<App> = {
    db: new Database({ login: connection }),
    keyring: doomedKey,
    log: createLogger('error'),
    config: { smtpUrl: `smtp://127.0.0.1:${port}` },
    publicUrl: 'http://localhost:0',
  }
  await startWorker({ app: app as App, connection, modules: [mailModule], pollSeconds: 0.5 })
}
