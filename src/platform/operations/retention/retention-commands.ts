import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { type App, mainApp } from '#platform/app.ts'
import { uuidPattern } from '#platform/database'
import { findAccount } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug } from '#platform/tenancy'
import { bytesInWords } from '../doctor/findings.ts'
import { errors } from '../errors.ts'
import { restoreOnRecord } from './archive-runs.ts'
import { type ArchiveManifest, getArchive, listArchives, verifyArchive } from './archives.ts'
import { listDeclared } from './declarations.ts'
import { addHold, type LegalHold, listHolds, releaseHold } from './holds.ts'
import { findDueRetention, listLastRetention, type RetentionRun, runRetention } from './runs.ts'
import { type ArchiveShelf, archiveShelfOf } from './settings.ts'

type Flags = { json?: boolean }

const say = (line: string): void => void process.stderr.write(`${line}\n`)

function write(json: boolean | undefined, value: unknown, lines: () => readonly string[]): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(value, null, 2)}\n`
      : lines()
          .map(line => `${line}\n`)
          .join(''),
  )
}

/** `commonhold retention …`: a run of which a part failed ends with 6. */
export function registerRetentionCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('What is not kept for ever: rows that are removed, and months that are archived')
  parent
    .command('list')
    .description('List what is declared, and how it went the last time')
    .option('--json', 'print it as JSON')
    .action(async ({ json }: Flags) => {
      const { declared, runs } = await withApp(async app => ({
        declared: listDeclared(app).map(({ module: _module, ...declaration }) => declaration),
        runs: await listLastRetention(app.db.scoped({ system: true })),
      }))
      write(json, { declared, runs }, () =>
        declared.map(({ name, action, table, after, description }) => {
          const last = runs.find(({ declaration }) => declaration === name)
          const how = last ? `last ${last.startedAt.toISOString()}, ${last.status}` : 'never run'
          return `${name}: ${action}${action === 'keep' ? '' : ` after ${after}`} (${table}). ${description}${action === 'keep' ? '' : `; ${how}`}`
        }),
      )
    })
  parent
    .command('run [name]')
    .description('Remove and archive what is due now; of one declaration, or of all')
    .option('--dry-run', 'count what is due, and change nothing')
    .option('--json', 'print what was done as JSON')
    .action(async (name: string | undefined, { json, dryRun }: Flags & { dryRun?: boolean }) => {
      if (dryRun) {
        const due = await withApp(app => findDueRetention(app, name))
        write(json, due, () =>
          due.map(
            each =>
              `${each.declaration}${each.databaseName ? ` in ${each.databaseName}` : ''}: ${each.failure ?? `${each.due} rows due`}${each.partitions.length > 0 ? ` in ${each.partitions.join(', ')}` : ''}${each.held > 0 ? `, ${each.held} held` : ''}`,
          ),
        )
        if (due.some(({ failure }) => failure !== null)) process.exitCode = 6
        return
      }
      const runs = await withApp(app =>
        runRetention(app, {
          requestedBy: `${userInfo().username} at the command line`,
          progress: say,
          ...(name !== undefined && { name }),
        }),
      )
      write(json, runs, () => runs.map(describeRun))
      if (runs.some(({ status }) => status === 'failed')) process.exitCode = 6
    })
}

type Restoring = Flags & { into?: string; back?: boolean; withErased?: boolean }

/** `commonhold archive …`: listing and verifying need no database. */
export function registerArchiveCommands(parent: Command, context: CommandContext): void {
  parent.description('Months of logs that were written into files')
  parent
    .command('list')
    .description('List the archives that there are; needs no database')
    .option('--json', 'print them as JSON')
    .action(({ json }: Flags) => {
      const shelf = shelfOf(context)
      const { items, faults } = listArchives(shelf)
      write(
        json,
        {
          folder: shelf.folder,
          items: items.map(({ manifest, verification }) => ({ ...manifest, verification })),
          faults,
        },
        () => [
          ...items.map(({ manifest, verification }) => {
            const state = !verification
              ? 'whole when it was written'
              : verification.faults.length === 0
                ? `whole on ${verification.at}`
                : verification.faults.join(' ')
            return `${describeArchive(manifest)}; ${state}`
          }),
          ...faults.map(fault => `! ${fault}`),
          ...(items.length + faults.length === 0 ? [`There is no archive in ${shelf.folder}.`] : []),
        ],
      )
    })
  parent
    .command('verify [id]')
    .description('Read an archive again, or all of them: each row is what was written; needs no database')
    .option('--json', 'print what was found as JSON')
    .action(async (id: string | undefined, { json }: Flags) => {
      const shelf = shelfOf(context)
      const { items, faults } = listArchives(shelf)
      const found = id === undefined ? faults.map(fault => ({ id: null as string | null, faults: [fault] })) : []
      const wanted = id === undefined ? items.map(({ manifest }) => manifest) : [getArchive(shelf, id)]
      for (const [index, manifest] of wanted.entries()) {
        say(`${index + 1} of ${wanted.length}: reading ${manifest.id}`)
        found.push({ id: manifest.id, faults: await verifyArchive(shelf, manifest, new Date()) })
      }
      write(json, { items: found }, () =>
        found.length === 0
          ? [`There is no archive in ${shelf.folder}.`]
          : found.map(
              each => `${each.id ?? '!'}  ${each.faults.length === 0 ? 'without a fault' : each.faults.join(' ')}`,
            ),
      )
      const all = found.flatMap(each => each.faults)
      if (all.length > 0) throw errors.archivesFaulty({ count: all.length, first: all[0] })
    })
  parent
    .command('restore <id>')
    .description('Bring the rows of an archive into a table beside, or back')
    .option('--into <table>', 'schema.table, which is made; <partition>_restored unless named')
    .option('--back', 'back to where they were: hold or export them before the next night, which archives them again')
    .option('--with-erased', 'beside also where it tells of people who were erased since, who can be read there then')
    .option('--json', 'print what was restored as JSON')
    .action(async (id: string, { json, into, back, withErased }: Restoring) => {
      const restored = await context.withApp(app =>
        restoreOnRecord(app, id, {
          onRows: (rows, total) => say(`${rows} of ${total} rows`),
          isBack: back === true,
          withErased: withErased === true,
          ...(into !== undefined && { into }),
        }),
      )
      write(json, restored, () => [`${restored.rows} rows are in ${restored.table}`])
    })
}

/** `commonhold holds …`. */
export function registerHoldCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Legal holds: whose rows nobody removes, and who cannot be deleted')
  parent
    .command('add')
    .description('Hold a workspace or an account')
    .option('--tenant <slug>', 'the workspace, by its slug or id')
    .option('--user <email>', 'the account, by its address or id')
    .requiredOption('--reason <text>', 'why: the matter, and who asked for it')
    .option('--json', 'print it as JSON')
    .action(async ({ json, tenant, user, reason }: Flags & { tenant?: string; user?: string; reason: string }) => {
      if ((tenant === undefined) === (user === undefined)) throw errors.holdOfOne()
      const hold = await withApp(async app => {
        const wish =
          tenant === undefined
            ? { userId: await userIdOf(app, user as string) }
            : { tenantId: await tenantIdOf(app, tenant) }
        return await addHold(app, {}, { ...wish, reason })
      })
      write(json, hold, () => [describeHold(hold)])
    })
  parent
    .command('list')
    .description('List the holds that stand')
    .option('--all', 'those that were released too')
    .option('--json', 'print them as JSON')
    .action(async ({ json, all }: Flags & { all?: boolean }) => {
      const holds = await withApp(app => listHolds(app.db.scoped({ system: true }), all === true))
      write(json, holds, () => (holds.length === 0 ? ['No legal hold stands.'] : holds.map(describeHold)))
    })
  parent
    .command('release <id>')
    .description('End a hold')
    .requiredOption('--reason <text>', 'why, and who said so')
    .option('--json', 'print it as JSON')
    .action(async (id: string, { json, reason }: Flags & { reason: string }) => {
      if (!uuidPattern.test(id)) throw errors.holdUnknown({ id })
      const hold = await withApp(app => releaseHold(app, {}, id, reason))
      write(json, hold, () => [describeHold(hold)])
    })
}

async function tenantIdOf(app: App, named: string): Promise<string> {
  if (uuidPattern.test(named)) return named
  const found = await findTenantBySlug(mainApp(app).db.scoped({ system: true }), named)
  if (!found) throw errors.holdTenantUnknown({ id: named })
  return found.id
}

async function userIdOf(app: App, named: string): Promise<string> {
  if (uuidPattern.test(named)) return named
  const found = await findAccount(mainApp(app).db.scoped({ system: true }), named)
  if (!found) throw errors.holdUserUnknown({ id: named })
  return found.id
}

function shelfOf({ readSettings }: CommandContext): ArchiveShelf {
  if (!readSettings) throw new Error('The settings cannot be read here')
  const { config, keyring } = readSettings()
  return archiveShelfOf(config, keyring)
}

const describeArchive = ({ id, rows, bytes, from, to, database }: ArchiveManifest): string =>
  `${id}: ${rows} rows of ${from.slice(0, 10)} to ${to.slice(0, 10)}${database ? ` in ${database}` : ''}, ${bytesInWords(bytes)}`

const describeHold = ({
  id,
  tenantId,
  tenantName,
  userId,
  userEmail,
  reason,
  heldFrom,
  releasedAt,
  releaseReason,
}: LegalHold): string =>
  `${id}: ${tenantId ? `workspace ${tenantName ?? tenantId}` : `account ${userEmail ?? userId}`} since ${heldFrom.toISOString()}: ${reason}${releasedAt ? `; released ${releasedAt.toISOString()}: ${releaseReason}` : ''}`

function describeRun({ declaration, databaseName, status, removed, archived, steps, reason }: RetentionRun): string {
  const held = steps.filter(({ did }) => did === 'held').length
  const what = [
    ...(removed > 0 ? [`${removed} rows removed`] : []),
    ...(archived > 0 ? [`${archived} rows archived`] : []),
    ...(held > 0 ? [`${held} months held`] : []),
    ...(reason ? [reason] : []),
  ]
  return `${declaration}${databaseName ? ` in ${databaseName}` : ''}: ${status}${what.length > 0 ? `, ${what.join(', ')}` : ', nothing was due'}`
}
