import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { ClientConfig } from 'pg'
import { addSources } from '#contractors'
import { accountsOf, issueFirstAdministratorToken } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { RefusalLog } from '#platform/audit'
import { sql } from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import { buildServer, createLogger } from '#platform/http'
import { findMailFault, hasMailbox } from '#platform/mail'
import type { Module } from '#platform/module.ts'
import { resolveHost } from '#platform/tenancy'
import { createMeter } from '#platform/usage'
import { findIsolationFaults } from '../platform/database/isolation.ts'
import type { Settings } from './config.ts'
import { buildConsole, consoleDirectory } from './console-build.ts'
import { clientConfigOf, type DatabaseServer, openDatabase } from './database.ts'
import {
  createApp,
  openKeyring,
  openLogin,
  requireAppLogin,
  requireKeys,
  startJobs,
  startSealingLog,
  upgradeDatabase,
} from './program.ts'
import { type Demonstration, demonstrate, type SignIn } from './sign-ins.ts'
import { listenForStop, type Stop, stopRequested } from './stopping.ts'

const errors = errorTable('program', {
  portInUse: [
    'unavailable',
    'Port {port} of {host} is in use by another program; stop that one, or set COMMONHOLD_PORT to another port.',
  ],
  portRefused: [
    'unavailable',
    'Commonhold may not listen on port {port} of {host} ({reason}); set COMMONHOLD_PORT and COMMONHOLD_HOST.',
  ],
  notMigrated: [
    'unavailable',
    'the database has {applied} of the {expected} migrations of this program; run commonhold db up',
  ],
  isolationBroken: ['conflict', 'Commonhold does not start, because tenants are not kept apart:\n{faults}'],
})

export type StartOptions = {
  settings: Settings
  modules: readonly Module[]
  /** Loads the demonstration data; without it the installation starts empty, with a link for its first administrator. */
  demonstration?: Demonstration
  /** Receives progress, a line each; stderr unless told. */
  log?: (line: string) => void
}

/**
 * `commonhold start`: database, migrations, demonstration, console, worker, HTTP. Resolves when a signal has ended it
 * and everything is closed in reverse order; rejects with the refusal that kept it from starting or made it end.
 */
export async function runStart(options: StartOptions): Promise<void> {
  const log = options.log ?? (line => void process.stderr.write(`${line}\n`))
  // Whoever reads along (a terminal, a pipe) may go away.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const stop = listenForStop(log)
  try {
    await serveUntilStopped(options, stop, log)
  } catch (error) {
    if (error !== stopRequested) throw error
  } finally {
    stop.release()
  }
}

async function serveUntilStopped(options: StartOptions, stop: Stop, log: (line: string) => void): Promise<void> {
  const began = performance.now()
  const { modules, demonstration } = options
  await using running = new AsyncDisposableStack()

  const database = running.adopt(await openDatabase(options.settings, { log, onLost: stop.fail }), it => it.close())
  const settings = await claimPort(options.settings)
  const consoleBuilt = stop.until(buildConsole(stop.signal, log))
  await stop.until(upgradeDatabase(database.admin, modules, log, { isVerbose: settings.logLevel === 'debug' }))
  const login = await stop.until(openProgramLogin(database, settings))
  const app = running.adopt(openApp(login, settings, database), ({ db }) => db.close())
  await stop.until(requireIsolation(app))
  await stop.until(requireKeys(app))
  const signIns = demonstration ? await stop.until(demonstrate(app, settings, demonstration)) : []
  const setupLink = signIns.length > 0 ? undefined : await stop.until(findSetupLink(app))
  await consoleBuilt
  running.adopt(await startJobs(app, login), worker => worker.stop())
  running.adopt(startSealingLog(app), sealing => sealing.stop())
  app.replicas?.watch()
  const server = running.adopt(await stop.until(buildHttp(app, settings, modules)), it => it.close())
  await stop.until(upgradeTenantDatabases(app, log))
  await stop.until(listen(server, settings))

  const mailFault = findMailFault(app)
  if (mailFault) log(mailFault)
  const mailbox = hasMailbox(app) ? `${app.publicUrl}/mailbox` : undefined
  announce({
    publicUrl: app.publicUrl,
    mailbox,
    settings,
    signIns,
    setupLink,
    seconds: (performance.now() - began) / 1000,
  })
  await stop.until(new Promise(() => {}))
}

/** The login of DATABASE_APP_URL, else one that the administrator makes for this installation. */
export async function openProgramLogin(database: DatabaseServer, settings: Settings): Promise<ClientConfig> {
  const { databaseAppUrl, databaseCaCert, databaseClientCert, databaseClientKey } = settings
  if (databaseAppUrl === undefined) return await openLogin(database.admin, openKeyring(settings))
  const login = clientConfigOf(databaseAppUrl, databaseCaCert, {
    clientCertificate: databaseClientCert,
    clientKey: databaseClientKey,
  })
  await requireAppLogin(login, database.admin)
  return login
}

/** The app on a database that is up to date. The caller closes `db`. */
export function openApp(login: ClientConfig, settings: Settings, database: DatabaseServer): App {
  addSources(settings.sourcesDirectory as string | undefined)
  const log = createLogger(settings.logLevel)
  return createApp({ settings, login, keyring: openKeyring(settings), log, database })
}

/** AG-01: refuses to go on where a table lets one tenant see another's rows. */
export async function requireIsolation(app: App): Promise<void> {
  const faults = await findIsolationFaults(app.db.unscoped)
  if (faults.length > 0) throw errors.isolationBroken({ faults: faults.map(fault => `  ${fault}`).join('\n') })
}

/** The databases of tenants too, within half a minute: one that hangs holds up its own tenants only, and is tried again. */
async function upgradeTenantDatabases(app: App, log: (line: string) => void): Promise<void> {
  const upgraded = app.placements?.migrateAll({
    log: line => {
      if (!line.endsWith(': 0 applied')) log(line)
    },
  })
  await Promise.race([upgraded, sleep(30_000, undefined, { ref: false })])
}

// Asked for before the long steps; port 0 becomes a number here, since links are built from it.
async function claimPort(settings: Settings): Promise<Settings> {
  const probe = createServer()
  try {
    await listening(probe, settings)
    return { ...settings, port: (probe.address() as AddressInfo).port }
  } finally {
    probe.close()
  }
}

async function listen(server: FastifyInstance, settings: Settings): Promise<void> {
  await server.listen({ host: settings.host, port: settings.port }).catch(error => {
    throw explainPort(error, settings)
  })
}

function listening(server: Server, settings: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(explainPort(error, settings)))
    server.listen(settings.port, settings.host, resolve)
  })
}

function explainPort(error: unknown, { host, port }: Settings): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return errors.portInUse({ host, port }, error)
  if (code && /^(EACCES|EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN)$/.test(code)) {
    return errors.portRefused({ host, port, reason: code }, error)
  }
  return error
}

function buildHttp(app: App, settings: Settings, modules: readonly Module[]): Promise<FastifyInstance> {
  const refusals = new RefusalLog(app)
  return buildServer({
    app,
    modules,
    onRefusal: refused => refusals.note(refused),
    authenticate: accountsOf(app).principals.authenticate,
    meter: createMeter(app),
    resolveHost: host => resolveHost(app, host),
    consoleDirectory,
    trustedProxies: settings.trustedProxies
      .split(',')
      .map(part => part.trim())
      .filter(Boolean),
    requestsPerMinute: settings.rateLimit,
    ...(settings.metricsToken === undefined ? {} : { metricsToken: settings.metricsToken }),
    readiness: () => requireMigrated(app),
  })
}

/** The database answers and has every migration of this program; it may have later ones, or be getting them. */
async function requireMigrated(app: App): Promise<void> {
  const expected = migrationNames()
  const { applied } = await app.db.unscoped.one(sql<{ applied: number }>`
    select count(*) as applied
    from platform.migrations
    where state = 'applied'
      and name = any(${expected})`)
  if (applied < expected.length) throw errors.notMigrated({ applied, expected: expected.length })
}

let names: string[] | undefined
function migrationNames(): string[] {
  names ??= readdirSync(new URL('../../db/migrations', import.meta.url))
    .filter(file => file.endsWith('.up.sql'))
    .map(file => file.slice(0, -'.up.sql'.length))
  return names
}

async function findSetupLink(app: App): Promise<string | undefined> {
  const token = await issueFirstAdministratorToken(app)
  return token && `${app.publicUrl}/setup#token=${token}`
}

type Announcement = {
  publicUrl: string
  /** Where mails can be read, in development. */
  mailbox: string | undefined
  settings: Settings
  signIns: readonly SignIn[]
  setupLink: string | undefined
  seconds: number
}

function announce({ publicUrl, mailbox, settings, signIns, setupLink, seconds }: Announcement): void {
  const width = (column: keyof SignIn) => Math.max(...signIns.map(signIn => signIn[column].length))
  const lines = [
    '',
    `Commonhold is ready after ${seconds.toFixed(1)} seconds:  ${publicUrl}`,
    ...(setupLink ? ['', 'Make the first administrator with this link, within 24 hours:', `  ${setupLink}`] : []),
    ...(signIns.length > 0 ? ['', 'Sign in with:'] : []),
    ...signIns.map(({ email, password, tenant, role }) =>
      [`  ${email.padEnd(width('email'))}`, password.padEnd(width('password')), `${role} of ${tenant}`].join('   '),
    ),
    ...(mailbox ? ['', `Mails are not sent but kept:  ${mailbox}`] : []),
    '',
    `${settings.databaseUrl === undefined ? 'Data lies' : 'Keys lie'} in ${settings.dataDir}. Stop with Ctrl-C.`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
