// One more server on the database of a test, for being killed.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { destination } from 'pino'
import { accountsOf } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { resolveHost } from '#platform/tenancy'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const { login, adminConfig, keys } = JSON.parse(process.argv[2] ?? '{}')
const directory = mkdtempSync(join(tmpdir(), 'commonhold-doomed-'))
const { settings } = loadConfig(modules, { COMMONHOLD_PORT: '0', COMMONHOLD_DATA_DIR: directory })
const app = {
  ...createApp({
    settings,
    login,
    keyring: Keyring.parse(keys),
    log: createLogger('silent', destination({ fd: 2, sync: true })),
    database: { admin: adminConfig, isEmbedded: false, close: async () => {} },
  }),
  modules,
}
const server = await buildServer({
  app,
  modules,
  authenticate: accountsOf(app).principals.authenticate,
  resolveHost: host => resolveHost(app, host),
  trustedProxies: ['127.0.0.1'],
  readiness: async () => {},
})
process.send?.(await server.listen({ host: '127.0.0.1', port: 0 }))
