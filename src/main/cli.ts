import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { type App, appFor } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { printableLines } from '#platform/terminal.ts'
import { loadConfig, type Setting } from './config.ts'
import { type DatabaseServer, openDatabase } from './database.ts'
import { registerDatabaseCommands } from './database-commands.ts'
import { loadDemonstration } from './demonstration.ts'
import { registerDocsCommands } from './docs-commands.ts'
import { exitCodeOfKind } from './exit-codes.ts'
import { registerKeyCommands } from './keys.ts'
import { modules } from './modules.ts'
import { registerMoveCommands } from './move-commands.ts'
import { openKeyring, recordDeclarations, upgradeDatabase } from './program.ts'
import { openApp, openProgramLogin, runStart } from './start.ts'
import { runWorker } from './worker.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const program = new Command('commonhold')
  .description('One multi-tenant foundation on PostgreSQL, with applications built on it')
  .version(version)
  .showHelpAfterError('Run it with --help to see what there is.')
  .exitOverride()

program
  .command('start')
  .description('Start the database, bring it up to date, serve the console and the API, run the jobs')
  .option('--no-demo', 'start empty, and print a one-time link that makes the first administrator')
  .action(async ({ demo }: { demo: boolean }) => {
    const { settings } = loadConfig(modules)
    await runStart({ settings, modules, ...(demo && { demonstration: loadDemonstration }) })
  })

program
  .command('worker')
  .description('Run the jobs only, beside programs that serve')
  .action(async () => {
    const { settings } = loadConfig(modules)
    await runWorker({ settings, modules })
  })

program
  .command('config')
  .description('Show the settings in force and where each comes from; secrets are masked')
  .option('--json', 'print them as JSON')
  .action(({ json }: { json?: boolean }) => {
    const shown = loadConfig(modules).described.map(setting => ({ ...setting, value: masked(setting) }))
    process.stdout.write(json ? `${JSON.stringify(shown, null, 2)}\n` : settingsTable(shown))
  })

registerDatabaseCommands(program, {
  open: () => openDatabase(loadConfig(modules).settings, { join: true }),
  afterUp: admin => recordDeclarations(admin, modules),
  tenants: async admin => {
    const { settings } = loadConfig(modules)
    const database = { admin, isEmbedded: settings.databaseUrl === undefined, close: async () => {} }
    const login = await openProgramLogin(database, settings)
    // The embedded server may stop while the last connection is still being closed.
    const app = openApp(login, { ...settings, logLevel: 'error' }, database)
    if (!app.placements) throw new Error('There are no placements')
    return { placements: app.placements, close: () => app.db.close() }
  },
})

registerKeyCommands(program)
registerDocsCommands(program, { withAdmin: work => withApp((_app, { admin }) => work(admin), { asItIs: true }) })

for (const module of modules) {
  const { name, commands = {} }: Module = module
  for (const [group, register] of Object.entries(typeof commands === 'function' ? { [name]: commands } : commands)) {
    const parent =
      program.commands.find(command => command.name() === group) ??
      program.command(group).description(group === name ? `Commands of the ${name} module` : `Commands for ${group}`)
    register(parent, {
      withApp: (work, options) => withApp(app => work(appFor(module, app)), options),
      readSettings: () => {
        const { settings } = loadConfig(modules)
        return { config: settings, keyring: openKeyring(settings) }
      },
    })
  }
}

registerMoveCommands(program, {
  withDatabase: work => withApp((app, { admin }) => work(app, admin)),
})

await program.parseAsync().catch(report)

async function withApp<T>(
  work: (app: App, database: DatabaseServer) => Promise<T>,
  { asItIs = false }: { asItIs?: boolean } = {},
): Promise<T> {
  const { settings } = loadConfig(modules)
  await using running = new AsyncDisposableStack()
  const database = running.adopt(await openDatabase(settings, { join: true }), it => it.close())
  if (!asItIs) await upgradeDatabase(database.admin, modules)
  const login = await openProgramLogin(database, settings)
  const app = running.adopt(openApp(login, settings, database), ({ db }) => db.close())
  return await work(app, database)
}

function masked({ secret, value }: Setting): unknown {
  return secret && value !== undefined ? '********' : (value ?? null)
}

function settingsTable(settings: readonly Setting[]): string {
  const rows = settings.map(({ env, value, origin }) => [env, String(value ?? ''), origin] as const)
  const width = (column: 0 | 1) => Math.max(...rows.map(row => row[column].length))
  return rows.map(([env, value, origin]) => `${env.padEnd(width(0))}  ${value.padEnd(width(1))}  ${origin}\n`).join('')
}

/** Says what happened in one place and sets the exit code; a bug shows its stack. */
function report(error: unknown): void {
  if (error instanceof CommanderError) {
    // Help and version are no failures; a wrong option has been explained already.
    process.exitCode = error.exitCode === 0 ? 0 : 2
    return
  }
  if (error instanceof DomainError) {
    process.stderr.write(`${printableLines(error.message)}\n`)
    process.exitCode = exitCodeOfKind[error.kind]
    return
  }
  if (isConnectionLost(error)) {
    process.stderr.write(
      `The database went away (${(error as Error).message}). What was not finished was undone: run it again.\n`,
    )
    process.exitCode = exitCodeOfKind.unavailable
    return
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
}

function isConnectionLost(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  return /^(57P0[123]|08...|ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code) || /^Connection terminated/.test(message)
}
