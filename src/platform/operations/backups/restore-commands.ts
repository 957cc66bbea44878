import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { errors } from './errors.ts'
import type { RestoreMode, RowCounts } from './past-rows.ts'
import type { Target } from './plans.ts'
import { recoverAside, replaceEmbedded } from './recoveries.ts'
import { installationOf, shelfOf } from './settings.ts'
import { restoreBeside, restoreInPlace, type TableRestore } from './table-restores.ts'
import { restoreTenant, type TenantRestore } from './tenant-restores.ts'
import { progressLine, say, settingsOf, write } from './terminal.ts'

type RestoreFlags = {
  at?: string
  latest?: boolean
  backup?: string
  timeline?: string
  to?: string
  server?: string
  table?: string
  into?: string
  inPlace?: boolean
  tenant?: string
  placedCopy?: string
  mode?: string
  dataOnly?: boolean
  revive?: boolean
  slug?: string
  dryRun?: boolean
  yes?: boolean
  json?: boolean
}

/**
 * `commonhold restore`: the whole server, which works while the database is down and only then puts it back; or one table
 * or one workspace out of a copy, while everything runs.
 */
export function registerRestoreCommand(command: Command, context: CommandContext): void {
  command
    .description('Bring back the whole database server, one table or one workspace as it was')
    .option('--at <time>', 'as it was at that time, such as 2027-01-31T12:00:00Z')
    .option('--latest', 'as far as WAL was received')
    .option('--backup <id>', 'as it was when that backup ended')
    .option('--timeline <number>', 'in the WAL of that timeline; the newest unless told')
    .option('--to <directory>', 'whole server: a data directory for it, in place of the one in use')
    .option('--server <system identifier>', 'whole server: which, where there are backups of several')
    .option('--table <schema.table>', 'one table, into a table beside that administrators alone read')
    .option('--into <schema.table>', '--table: the name of the table beside')
    .option('--in-place', '--table: make its rows what they were')
    .option('--tenant <slug>', 'one workspace, or with --table its rows of that; all others stay untouched')
    .option(
      '--placed-copy <url>',
      '--tenant: its own database as it was then, recovered by what backs that one up; - reads the URL from standard input',
    )
    .option('--mode <mode>', '--tenant: replace (it becomes what it was) or merge (what is missing comes back)')
    .option('--data-only', '--tenant: leave members, roles and settings as they are')
    .option('--revive', '--tenant: make a workspace again that was deleted since')
    .option('--slug <slug>', '--revive: its new slug, where its own is taken')
    .option('--dry-run', '--table, --tenant: say what would change, and change nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print what was restored as JSON')
    .action(async (flags: RestoreFlags) => {
      requireFit(flags)
      if (flags.table !== undefined) return await restoreTableAs(flags, flags.table, context)
      if (flags.tenant !== undefined) return await restoreTenantAs(flags, flags.tenant, context)
      await restoreServer(flags, context)
    })
}

async function restoreTableAs(flags: RestoreFlags, table: string, { withApp }: CommandContext): Promise<void> {
  const target = targetOf(flags)
  const isDryRun = flags.dryRun === true
  if (flags.inPlace && !isDryRun) await confirm(flags, `The rows of ${table} are going to be what they were.`)
  const wish = {
    ...{ table, target, requestedBy: requestedBy(), isDryRun, log: say, onProgress: progress() },
    ...(flags.tenant !== undefined && { tenant: flags.tenant }),
    ...(await placedCopyOf(flags)),
  }
  const restored = await withApp(app =>
    flags.inPlace
      ? restoreInPlace(app, wish)
      : restoreBeside(app, { ...wish, ...(flags.into !== undefined && { into: flags.into }) }),
  )
  write(flags.json, restored, () => describeTable(restored))
}

async function restoreTenantAs(flags: RestoreFlags, slug: string, { withApp }: CommandContext): Promise<void> {
  const target = targetOf(flags)
  const { mode = '', dataOnly = false, revive = false, slug: newSlug } = flags
  if (!isMode(mode)) throw errors.modeMissing()
  const isDryRun = flags.dryRun === true
  const effect =
    mode === 'replace' ? 'becomes what it was: what was made since is removed' : 'gets back what is missing'
  if (!isDryRun) await confirm(flags, `The workspace ${slug} ${effect}.`)
  const placedCopy = await placedCopyOf(flags)
  const restored = await withApp(app =>
    restoreTenant(app, {
      ...placedCopy,
      ...{ slug, target, mode, requestedBy: requestedBy(), isDryRun, dataOnly, revive, log: say },
      ...(newSlug !== undefined && { newSlug }),
      onProgress: progress(),
    }),
  )
  write(flags.json, restored, () => describeTenant(restored))
}

/** A URL on the command line is seen by who lists processes. */
async function placedCopyOf({ placedCopy }: RestoreFlags): Promise<{ placedCopy?: string }> {
  if (placedCopy === undefined) return {}
  return { placedCopy: placedCopy === '-' ? (await text(process.stdin)).trim() : placedCopy }
}

const isMode = (text: string): text is RestoreMode => text === 'replace' || text === 'merge'
const requestedBy = (): string => `${userInfo().username} at the command line`

function progress(): (progress: { bytes: number; expectedBytes: number }) => void {
  const show = progressLine('Recovering the copy')
  return ({ bytes, expectedBytes }) => show(bytes, expectedBytes)
}

/** What does not go together would be taken for something that was done. */
function requireFit(flags: RestoreFlags): void {
  const { table, tenant } = flags
  const refuse = (names: (keyof RestoreFlags)[], with_: string) => {
    const given = names.filter(name => flags[name] !== undefined)
    const written = given.map(name => `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`)
    if (given.length > 0) throw errors.flagsUnfit({ flags: written.join(', '), with: with_ })
  }
  if (table === undefined) refuse(['into', 'inPlace'], '--table')
  if (tenant === undefined) refuse(['placedCopy'], '--tenant')
  if (tenant === undefined || table !== undefined)
    refuse(['mode', 'dataOnly', 'revive', 'slug'], '--tenant without --table')
  if (table === undefined && tenant === undefined) refuse(['dryRun'], '--table or --tenant')
  else refuse(['to', 'server'], 'a restore of the whole server')
  if (flags.inPlace) refuse(['into'], 'a table beside')
}

async function confirm({ yes }: RestoreFlags, effect: string): Promise<void> {
  if (yes) return
  say(effect)
  if (!process.stdin.isTTY) throw errors.notConfirmed()
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Go on? [y/N] ').finally(() => terminal.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw errors.notConfirmed()
}

function describeTable({
  table,
  tenant,
  database,
  into,
  rows,
  counts,
  erased,
  triggersNotRun,
  isDryRun,
  recovery,
}: TableRestore): string {
  const would = isDryRun ? 'would be' : 'were'
  const of = tenant === null ? table : `${table} of ${tenant}`
  const there = database === null ? '' : ` in ${database}`
  if (into !== null)
    return `${described(recovery)} ${rows} rows of ${of} ${would} brought into ${into}${there}${erasedText(erased)}.\n`
  const past = triggersNotRun.length > 0 ? ` These triggers of it did not run: ${triggersNotRun.join(', ')}.` : ''
  return `${described(recovery)}\n${of}${there}: ${counts ? countsText(counts) : ''}${isDryRun ? ' (nothing was changed)' : ''}.${past}\n`
}

function describeTenant(restore: TenantRestore): string {
  const { slug, database, tables, followed, isDryRun, isRevived, isForgetful, recovery } = restore
  const lines = [
    ...Object.entries(tables).map(([name, counts]) => `  ${name}: ${countsText(counts)}\n`),
    ...Object.entries(followed).map(([name, counts]) => `  ${name}: ${countsText(counts)}, with what they led to\n`),
  ]
  const end = isRevived ? ` It is suspended: look at it, then reactivate it.` : ''
  const what = lines.length === 0 ? 'nothing differs' : isDryRun ? 'this would change' : 'this was changed'
  return `${described(recovery)}\nWorkspace ${slug}${database === null ? '' : ` (its data in ${database})`}: ${what}.${isDryRun ? '' : end}\n${lines.join('')}${isForgetful ? forgetful : ''}`
}

const forgetful =
  '! Whom somebody erased by hand in it, between then and its deletion, is not on record: these people are back. Erase them again.\n'

function countsText({ added, changed, removed, leftOut, erased }: RowCounts): string {
  const out = leftOut > 0 ? `, ${leftOut} could not come back` : ''
  return `${added} rows come back, ${changed} are put back, ${removed} go${out}${erasedText(erased)}`
}

const erasedText = (erased: number): string =>
  erased > 0 ? `, ${erased} stay out or lose something because people were erased since` : ''

async function restoreServer(flags: RestoreFlags, context: CommandContext): Promise<void> {
  const { config, keyring } = settingsOf(context)
  const target = targetOf(flags)
  if (config.databaseUrl !== undefined && flags.to === undefined) throw errors.serverNotOurs()
  const show = progressLine('Restoring')
  const installation = installationOf(config)
  const options = {
    ...{ shelf: shelfOf(config, keyring), target, log: say },
    ...(installation !== undefined && { installation }),
    ...(flags.server !== undefined && { systemIdentifier: flags.server }),
    onProgress: ({ bytes, expectedBytes }: { bytes: number; expectedBytes: number }) => show(bytes, expectedBytes),
  }
  if (flags.to !== undefined) {
    const server = await recoverAside({ ...options, into: flags.to })
    await server.stop()
    const { recovery } = server
    write(
      flags.json,
      { ...recovery, directory: resolve(flags.to) },
      () =>
        `${described(recovery)} It lies in ${resolve(flags.to as string)}/postgres; the keys are not in a backup.\n`,
    )
    return
  }
  const dataDirectory = String(config.dataDir)
  if (existsSync(join(dataDirectory, 'postgres')))
    await confirm(
      flags,
      `The whole database in ${resolve(dataDirectory)} is put aside, and the one of then in its place.`,
    )
  const recovery = await replaceEmbedded({ ...options, dataDirectory, now: new Date() })
  const kept = recovery.keptAside
    ? ` The database before lies in ${recovery.keptAside}; remove it when all is well.`
    : ''
  write(flags.json, recovery, () => `${described(recovery)}${kept}\n`)
}

function targetOf({ at, latest, backup, timeline }: RestoreFlags): Target {
  if ([at, latest, backup].filter(it => it !== undefined).length !== 1) throw errors.targetMissing()
  if (timeline !== undefined && !/^[1-9]\d{0,8}$/.test(timeline)) throw errors.timelineMalformed({ text: timeline })
  const on = timeline === undefined ? {} : { timeline: Number(timeline) }
  if (backup !== undefined) return { backup, ...on }
  if (at === undefined) return { latest: true, ...on }
  const isTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)$/.test(at)
  const time = new Date(at)
  if (!isTime || Number.isNaN(time.getTime())) throw errors.timeMalformed({ text: at })
  return { at: time, ...on }
}

function described({
  backup,
  lsn,
  lastCommitAt,
  until,
}: {
  backup: string
  lsn: string
  lastCommitAt: string | null
  until: string
}): string {
  const last = lastCommitAt ? `, its last transaction of ${lastCommitAt}` : ''
  return `Recovered from backup ${backup} up to ${until} (WAL ${lsn}${last}).`
}
