import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { promisify } from 'node:util'
import { type Command, Option } from 'commander'
import type pg from 'pg'
import { systemClock } from '#platform/clock.ts'
import { errorTable } from '#platform/errors.ts'
import type { Placements } from '#platform/tenancy'
import { findDrift, readCatalogOf } from '../platform/database/drift.ts'
import { dumpSchema, generateTypes } from '../platform/database/dump.ts'
import {
  type MigrationOptions,
  migrateDatabase,
  planRevert,
  pushMigrations,
  readMigrationStatus,
  revertMigrations,
} from '../platform/database/migrate.ts'
import { writeMigration } from '../platform/database/migration-files.ts'
import { databaseFolder } from '../platform/database/migrator.ts'
import { inReplay } from '../platform/database/replay.ts'
import { emptyDatabase } from '../platform/database/reset.ts'
import { listTables, showRows } from '../platform/database/studio.ts'
import type { DatabaseServer } from './database.ts'

const errors = errorTable('program', {
  notConfirmed: ['conflict', 'Nothing was done. Without a terminal to ask on, say --yes.'],
  notDevelopment: [
    'conflict',
    '{command} is for development and loses data: it works on the embedded database only. With --force it works on this one too.',
  ],
})

export type DatabaseCommandsOptions = {
  /** Starts or joins the embedded server, or names the one of DATABASE_URL. */
  open: () => Promise<DatabaseServer>
  /** What has to be done after migrations were applied (the modules' permissions). */
  afterUp?: (admin: pg.ClientConfig) => Promise<void>
  /** Opens the databases that tenants have of their own (MT-17), once the main one is migrated. */
  tenants?: (admin: pg.ClientConfig) => Promise<{ placements: Placements; close(): Promise<void> }>
  /** Other folders than `db/`, for tests. */
  files?: Pick<MigrationOptions, 'directory' | 'repeatableDirectory'>
  /** Receives the exit code where it is not 0: 3 refused or drifted, 7 pending. */
  exit?: (code: number) => void
}

const pendingCode = 7
const amissCode = 3
const unavailableCode = 5

/** `commonhold db …` (GG-14, VS-14, AG-11). Results on stdout, with `--json` as one JSON value; progress on stderr. */
export function registerDatabaseCommands(program: Command, options: DatabaseCommandsOptions): void {
  const db = program.command('db').description('Migrations and the schema of the database')
  const log = (line: string) => void process.stderr.write(`${line}\n`)
  const exit =
    options.exit ??
    ((code: number) => {
      process.exitCode = code
    })
  const json = () => new Option('--json', 'print the result as JSON')
  const withDatabase = async <T>(
    work: (database: DatabaseServer, migrations: MigrationOptions) => Promise<T>,
  ): Promise<T> => {
    const database = await options.open()
    try {
      return await work(database, { ...options.files, admin: database.admin, log })
    } finally {
      await database.close()
    }
  }
  const withTenants = async <T>(
    admin: pg.ClientConfig,
    work: (placements: Placements) => Promise<T[]>,
  ): Promise<T[]> => {
    const opened = await options.tenants?.(admin)
    try {
      return opened ? await work(opened.placements) : []
    } finally {
      await opened?.close()
    }
  }
  const requireDevelopment = (database: DatabaseServer, command: string, isForced?: boolean) => {
    if (!database.isEmbedded && !isForced) throw errors.notDevelopment({ command })
  }

  db.command('status')
    .description(
      'What is applied and what is pending; ends with 7 when something is pending, with 3 when something is amiss',
    )
    .addOption(parallelOption())
    .addOption(json())
    .action(async (flags: { json?: boolean; parallel: number }) => {
      const { status, databases } = await withDatabase(async ({ admin }, migrations) => {
        const status = await readMigrationStatus(migrations)
        // As long as the main database is behind, the table of the others may not be there.
        const databases = status.migrations.some(({ state }) => state !== 'applied')
          ? []
          : await withTenants(admin, placements =>
              placements.askAll(other => readMigrationStatus({ ...migrations, admin: other }), flags.parallel),
            )
        return { status, databases: databases.map(tenantStatusOf) }
      })
      const isPending = ({ state }: { state: string }) => state !== 'applied'
      const pending = [...status.migrations, ...status.repeatables].filter(isPending).length
      print(flags.json, options.tenants ? { ...status, pending, databases } : { ...status, pending }, () => [
        ...status.migrations.map(({ name, state, appliedAt }) => `${state.padEnd(12)}  ${stamp(appliedAt)}  ${name}`),
        ...status.repeatables.map(({ name, state }) => `${state.padEnd(12)}  ${stamp(null)}  repeatable/${name}`),
        ...status.faults,
        pending === 0 ? 'Nothing is pending.' : `${pending} to do.`,
        ...databases.map(
          ({ name, tenants, pending, faults, error }) =>
            `${name} (${tenants} tenants): ${error ?? faults[0] ?? (pending === 0 ? 'nothing is pending' : `${pending} to do`)}`,
        ),
      ])
      if (status.faults.length > 0 || databases.some(({ faults }) => faults.length > 0)) exit(amissCode)
      else if (pending > 0 || databases.some(({ pending }) => pending > 0)) exit(pendingCode)
      else if (databases.some(({ error }) => error !== null)) exit(unavailableCode)
    })

  db.command('up')
    .description('Applies what is pending, here and then in the databases that tenants have of their own')
    .option('--to <name>', 'the last migration to apply, or the beginning of its name; in the main database only')
    .addOption(interruptedOption())
    .addOption(parallelOption())
    .addOption(json())
    .action(async (flags: Pick<MigrationOptions, 'to' | 'interrupted'> & { json?: boolean; parallel: number }) => {
      const result = await withDatabase(async ({ admin }, migrations) => {
        const done = await migrateDatabase({ ...migrations, to: flags.to, interrupted: flags.interrupted })
        if (flags.to !== undefined) return done
        await options.afterUp?.(admin)
        const databases = await withTenants(admin, placements =>
          placements.migrateAll({ parallel: flags.parallel, log }),
        )
        return options.tenants ? { ...done, databases } : done
      })
      const databases = 'databases' in result ? result.databases : []
      const failed = databases.filter(({ error }) => error !== null)
      print(flags.json, result, () => [
        summary('applied', [...result.applied, ...result.replaced]),
        ...(databases.length > 0
          ? [`${databases.length - failed.length} of ${databases.length} databases of tenants are up to date`]
          : []),
        ...failed.map(({ name, error }) => `${name}: ${error}; run db up again`),
      ])
      if (failed.length > 0) exit(unavailableCode)
    })

  db.command('down')
    .description('Undoes the newest migration, or all that come after one')
    .option('--to <name>', 'the last migration to keep; 0 to undo all')
    .option('--yes', 'do not ask')
    .addOption(interruptedOption())
    .addOption(json())
    .action(async (flags: Pick<MigrationOptions, 'to' | 'interrupted'> & { yes?: boolean; json?: boolean }) => {
      const result = await withDatabase(async (_, migrations) => {
        const wanted = { ...migrations, to: flags.to, interrupted: flags.interrupted }
        const names = await planRevert(wanted)
        if (names.length === 0) return { reverted: [] }
        log(`To be undone, with the data in it:\n${names.map(name => `  ${name}`).join('\n')}`)
        if (!flags.yes) await confirm()
        return await revertMigrations(wanted)
      })
      print(flags.json, result, () => [summary('undone', result.reverted)])
    })

  db.command('new')
    .description('Writes the two files of a new migration: db new contractors create contractor_notes')
    .argument('<module>')
    .argument('<verb>')
    .argument('<object>')
    .addOption(json())
    .action(async (module: string, verb: string, object: string, flags: { json?: boolean }) => {
      const directory = options.files?.directory ?? join(databaseFolder, 'migrations')
      const name = await writeMigration(directory, [module, verb, object], systemClock.now())
      const files = ['up', 'down'].map(half => join(directory, `${name}.${half}.sql`))
      print(flags.json, { name, files }, () => files)
    })

  db.command('push')
    .description('Development: brings the database to the files, edited ones too as long as they are not committed')
    .option('--force', 'also where the database is not the embedded one')
    .addOption(json())
    .action(async (flags: { force?: boolean; json?: boolean }) => {
      const isLanded = await committedMigrations()
      const result = await withDatabase(async (database, migrations) => {
        requireDevelopment(database, 'db push', flags.force)
        const done = await pushMigrations({ ...migrations, isLanded })
        await options.afterUp?.(database.admin)
        return done
      })
      print(flags.json, result, () => [
        summary('undone', result.reverted),
        summary('applied', [...result.applied, ...result.replaced]),
      ])
    })

  db.command('reset')
    .description('Development: empties the database, data and all, and migrates it anew')
    .option('--yes', 'do not ask')
    .option('--force', 'also where the database is not the embedded one')
    .addOption(json())
    .action(async (flags: { yes?: boolean; force?: boolean; json?: boolean }) => {
      const result = await withDatabase(async (database, migrations) => {
        requireDevelopment(database, 'db reset', flags.force)
        log('Everything in the database is going to be removed.')
        if (!flags.yes) await confirm()
        await emptyDatabase(database.admin)
        const done = await migrateDatabase(migrations)
        await options.afterUp?.(database.admin)
        return done
      })
      print(flags.json, result, () => [summary('applied', [...result.applied, ...result.replaced])])
    })

  db.command('drift')
    .description('What is not as the migrations make it, with its repair; ends with 3 when there is any')
    .addOption(json())
    .action(async (flags: { json?: boolean }) => {
      const differences = await withDatabase((_, migrations) => findDrift(migrations))
      print(flags.json, differences, () =>
        differences.length === 0
          ? ['The database is as the migrations make it.']
          : differences.flatMap(({ object, found, expectedSql, foundSql, repair }) => [
              `${object}: ${found}`,
              ...(found === 'changed' ? [block('expected', expectedSql), block('found', foundSql)] : []),
              block('repair', repair),
            ]),
      )
      if (differences.length > 0) exit(amissCode)
    })

  db.command('dump')
    .description('Writes db/schema.sql and db/types.ts from the migrations')
    .option('--check', 'write nothing; end with 3 when they are not up to date')
    .addOption(json())
    .action(async (flags: { check?: boolean; json?: boolean }) => {
      const texts = await withDatabase((_, migrations) =>
        inReplay(migrations, async scratch => ({
          'schema.sql': dumpSchema(await readCatalogOf(scratch)),
          'types.ts': await generateTypes(scratch),
        })),
      )
      const changed: string[] = []
      for (const [file, text] of Object.entries(texts)) {
        const path = join(databaseFolder, file)
        if ((await readFile(path, 'utf8').catch(() => '')) === text) continue
        changed.push(`db/${file}`)
        if (!flags.check) await writeFile(path, text)
      }
      print(flags.json, { changed }, () => [
        changed.length === 0 ? 'Up to date.' : `${flags.check ? 'Not up to date' : 'Written'}: ${changed.join(', ')}`,
      ])
      if (flags.check && changed.length > 0) exit(amissCode)
    })

  db.command('studio')
    .description('Shows the tables, or the rows of one; reads only')
    .argument('[table]', 'schema.table')
    .option('--tenant <id>', "only this tenant's rows, as row security gives them")
    .option('--limit <rows>', 'at most so many rows', Number, 20)
    .addOption(json())
    .action(async (table: string | undefined, flags: { tenant?: string; limit: number; json?: boolean }) => {
      const rows = await withDatabase(({ admin }) =>
        table === undefined
          ? listTables(admin)
          : showRows(admin, { table, tenantId: flags.tenant, limit: flags.limit }),
      )
      print(flags.json, rows, () => tableOf(rows))
    })
}

function parallelOption(): Option {
  return new Option('--parallel <databases>', 'databases of tenants at a time').default(4).argParser(Number)
}

type AskedDatabase = Awaited<
  ReturnType<typeof Placements.prototype.askAll<Awaited<ReturnType<typeof readMigrationStatus>>>>
>[number]

function tenantStatusOf({ name, tenants, answer, error }: AskedDatabase) {
  const pending = [...(answer?.migrations ?? []), ...(answer?.repeatables ?? [])].filter(
    ({ state }) => state !== 'applied',
  )
  return { name, tenants, pending: pending.length, faults: answer?.faults ?? [], error }
}

function interruptedOption(): Option {
  return new Option(
    '--interrupted <how>',
    'what to do with a statement outside a transaction whose end a crash has hidden',
  ).choices(['repeat', 'done'])
}

function print(asJson: boolean | undefined, value: unknown, lines: () => string[]): void {
  const text = asJson ? JSON.stringify(value, null, 2) : lines().filter(Boolean).join('\n')
  process.stdout.write(`${text}\n`)
}

function summary(word: string, names: readonly string[]): string {
  return `${names.length} ${word}`
}

function block(title: string, text: string | null): string {
  return `  ${title}:\n${(text ?? '').replaceAll(/^/gm, '    ')}`
}

function stamp(date: Date | null): string {
  return (date?.toISOString().slice(0, 19).replace('T', ' ') ?? '').padEnd(19)
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) throw errors.notConfirmed()
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Go on? [y/N] ').finally(() => terminal.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw errors.notConfirmed()
}

/** Whether a migration is in the last commit. Where there is no version control to ask, all of them are. */
async function committedMigrations(): Promise<(name: string) => boolean> {
  try {
    const { stdout } = await promisify(execFile)('git', ['ls-tree', '--name-only', 'HEAD', 'migrations/'], {
      cwd: databaseFolder,
    })
    const names = new Set(stdout.split('\n').map(line => line.replace(/^migrations\//, '').replace(/\.up\.sql$/, '')))
    return name => names.has(name)
  } catch {
    return () => true
  }
}

const widest = 40

function tableOf(rows: readonly Record<string, unknown>[]): string[] {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return ['No rows.']
  const cells = rows.map(row => names.map(name => cellOf(row[name])))
  const widths = names.map((name, index) =>
    Math.min(widest, Math.max(name.length, ...cells.map(row => row[index]?.length ?? 0))),
  )
  const line = (values: readonly string[]) =>
    values
      .map((value, index) => fit(value, widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(names), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)]
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value)
  // Data may hold what a terminal obeys.
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}
