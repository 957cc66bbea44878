import type pg from 'pg'
import { accountsOf, createAccount } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { hashNewPassword } from '#platform/identity'
import { resolveHost } from '#platform/tenancy'
import { createMeter } from '#platform/usage'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'
import { answer } from './processes.ts'

export type Opened = { address: string; publicUrl: string }
export type Owner = { email: string; password: string; fullName: string; tenantName: string }

answer({ open })

/** The whole server as it is started, with an owner of a workspace. */
async function open({ login, owner }: { login: pg.ClientConfig; owner: Owner }): Promise<Opened> {
  const { settings } = loadConfig(modules, { COMMONHOLD_LOG_LEVEL: 'info' })
  const keyring = Keyring.parse(Keyring.generate('k1'))
  // The log is written as in service, to where it costs no terminal.
  const app = createApp({ settings, login, keyring, log: createLogger('info', { write: () => {} }) })
  const server = await buildServer({
    app,
    modules,
    authenticate: accountsOf(app).principals.authenticate,
    meter: createMeter(app),
    resolveHost: host => resolveHost(app, host),
    requestsPerMinute: 1_000_000_000,
    trustedProxies: ['127.0.0.1'],
    readiness: async () => {},
  })
  const { password, ...person } = owner
  await createAccount(app, {}, { ...person, passwordHash: await hashNewPassword(password), isEmailVerified: true })
  return { address: await server.listen({ host: '127.0.0.1', port: 0 }), publicUrl: app.publicUrl }
}
