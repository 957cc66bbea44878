import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { type Backup, findVerification, getBackup, readCatalogue, systemsIn, writeVerification } from './catalogue.ts'
import { chainsIn, lostOf } from './chains.ts'
import { findFaults } from './contents.ts'
import { errors } from './errors.ts'
import { backUp, backUpOthers, drill, expire } from './schedule.ts'
import { type BackupSettings, shelfOf } from './settings.ts'
import { readState } from './state.ts'
import { megabytes, progressLine, say, settingsOf, stepLines, write } from './terminal.ts'
import { findWalFaults } from './wal-files.ts'

type Flags = { json?: boolean }

/** `commonhold backup …`: progress on stderr, results on stdout, with `--json` as one JSON value. */
export function registerBackupCommands(parent: Command, context: CommandContext): void {
  parent.description('Backups of the database server: made, read again, tried')
  const { withApp } = context
  const by = () => `${userInfo().username} at the command line`
  parent
    .command('create')
    .description('Back the database server up, and read the backup again')
    .option('--incremental', 'only what changed since the last backup (PostgreSQL 17 and later)')
    .option('--json', 'print it as JSON')
    .action(async ({ incremental, json }: Flags & { incremental?: boolean }) => {
      const kind = incremental ? 'incremental' : 'full'
      const asked = { requestedBy: by(), onProgress: stepLines(), onNote: say }
      const { own, made, failures } = await withApp(async app => ({
        own: await backUp(app, kind, asked),
        ...(await backUpOthers(app, kind, asked)),
      }))
      const readAgain = (backup: Backup) => ({
        ...backup,
        verification: findVerification({ ...shelfOfCommand(context), ...backup }, backup.id) ?? null,
      })
      const others = made.map(readAgain)
      const backup = { ...readAgain(own), others }
      write(json, backup, () => [backup, ...others].map(describeBackup).join(''))
      const faults = [backup, ...others].flatMap(({ verification }) => verification?.faults ?? [])
      if (faults.length > 0) throw errors.verifyFailed({ count: faults.length, first: faults[0] })
      if (failures.length > 0) throw failures[0]
    })
  parent
    .command('list')
    .description('List the backups that there are; needs no database')
    .option('--json', 'print them as JSON')
    .action(({ json }: Flags) => {
      const shelf = shelfOfCommand(context)
      const { backups, faults } = readCatalogue(shelf)
      const read = backups.map(backup => ({
        ...backup,
        verification: findVerification({ ...shelf, ...backup }, backup.id) ?? null,
      }))
      const lost = new Set(chainsIn(read).flatMap(lostOf))
      const items = read.map(backup => ({ ...backup, isLost: lost.has(backup) }))
      write(
        json,
        { folder: shelf.folder, items, faults: faults.map(({ message }) => message) },
        () =>
          [...items.map(describeBackup), ...faults.map(({ message }) => `! ${message}\n`)].join('') ||
          `There is no backup in ${shelf.folder}.\n`,
      )
    })
  parent
    .command('verify [id]')
    .description('Read a backup again, or all of them and the WAL: every file is what was written; needs no database')
    .option('--json', 'print what was found as JSON')
    .action(async (id: string | undefined, { json }: Flags) => {
      const shelf = shelfOfCommand(context)
      const { backups, faults } = readCatalogue(shelf)
      const items: { id: string; faults: string[] }[] = id
        ? []
        : faults.map(it => ({ id: String(it.details.path), faults: [it.message] }))
      for (const backup of id ? [getBackup(shelf, id)] : backups) {
        say(`Reading ${backup.id}`)
        const show = progressLine(`Reading ${backup.id}`)
        const archive = { ...shelf, systemIdentifier: backup.systemIdentifier }
        const faulty = await findFaults(archive, backup, bytes => show(bytes, backup.plainBytes))
        const found = faulty.map(({ message }) => message)
        await writeVerification(archive, backup.id, { at: new Date().toISOString(), faults: found })
        items.push({ id: backup.id, faults: found })
      }
      for (const systemIdentifier of id ? [] : systemsIn(shelf.folder)) {
        const wal = `${systemIdentifier}/wal`
        say(`Reading ${wal}`)
        const faulty = await findWalFaults({ ...shelf, systemIdentifier }, progressLine(`Reading ${wal}`))
        items.push({ id: wal, faults: faulty.map(({ message }) => message) })
      }
      write(
        json,
        { items },
        () =>
          items.map(it => `${it.id}  ${it.faults.length === 0 ? 'without a fault' : it.faults.join(' ')}\n`).join('') ||
          `There is no backup in ${shelf.folder}.\n`,
      )
      const all = items.flatMap(it => it.faults)
      if (all.length > 0) throw errors.verifyFailed({ count: all.length, first: all[0] })
    })
  parent
    .command('drill')
    .description('Recover the copy aside, check its indexes, and hold its rows against the database')
    .option('--json', 'print what was found as JSON')
    .action(async ({ json }: Flags) => {
      const found = await withApp(app => drill(app, by(), stepLines()))
      write(json, found, () => {
        const { indexes, tables, rows, compared, notCompared, recovery, milliseconds } = found
        const held = notCompared ? `not held against the server: ${notCompared}` : `${compared} held against the server`
        return `Recovered ${recovery.backup} to ${recovery.lsn} in ${(milliseconds / 1000).toFixed(1)} s: ${indexes} indexes, ${tables} tables (${held}), ${rows} rows.\n`
      })
      if (found.faults.length > 0) throw errors.drillFailed({ count: found.faults.length, first: found.faults[0] })
    })
  parent
    .command('expire')
    .description('Remove backups and WAL that are older than is kept')
    .option('--json', 'print what was removed as JSON')
    .action(async ({ json }: Flags) => {
      const removed = await withApp(app => expire(app, by()))
      write(json, removed, () => `Removed ${removed.backups.length} backups and ${removed.segments} segments of WAL.\n`)
    })
  parent
    .command('status')
    .description(
      'Say how well the database is protected; ends with 0 where it is, 6 where something wants a look, 3 where it is not',
    )
    .option('--json', 'print it as JSON')
    .action(async ({ json }: Flags) => {
      const state = await withApp(readState)
      write(json, state, () => {
        const windows = state.windows.map(({ from, until }) => `  from ${from} to ${until}\n`).join('')
        return `${state.status}\n${windows}${state.advice.map(line => `! ${line}\n`).join('')}`
      })
      const isExposed = state.others.some(({ status }) => status === 'unprotected')
      process.exitCode = state.status === 'unprotected' || isExposed ? 3 : state.status === 'attention' ? 6 : 0
    })
}

function describeBackup(backup: Backup & { verification?: { faults: string[] } | null; isLost?: boolean }): string {
  const { id, kind, finishedAt, plainBytes, storedBytes, parent, verification, isLost } = backup
  const read = verification
    ? verification.faults.length > 0
      ? `BROKEN: ${verification.faults[0]}`
      : isLost
        ? 'read again, and of no use: what it builds on is BROKEN'
        : 'read again'
    : 'not read again'
  const on = parent ? `, on ${parent}` : ''
  return `${id}  ${kind}${on}  ${finishedAt}  ${megabytes(storedBytes)} of ${megabytes(plainBytes)}  ${read}\n`
}

const shelfOfCommand = (context: CommandContext) => {
  const { config, keyring }: { config: BackupSettings; keyring: Parameters<typeof shelfOf>[1] } = settingsOf(context)
  return shelfOf(config, keyring)
}
