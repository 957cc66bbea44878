import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import pg, { type ClientConfig } from 'pg'
import { restoredPath, startEmbedded, stopLeftovers, takeLock } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { withAdmin } from './base-backups.ts'
import { type Archive, findVerification, readCatalogue, type Shelf, syncedRename } from './catalogue.ts'
import { errors } from './errors.ts'
import { pagesByKey } from './key-pages.ts'
import { bringPages, type LeftFile, type TablePages } from './left-pages.ts'
import { isOfRows, type Omissions, withoutKeys, withWholeTables } from './omissions.ts'
import { type Plan, planRecovery, type Target } from './plans.ts'
import { layOut, layOutWal, type RestoreProgress } from './restores.ts'

export type RecoveryOptions = {
  shelf: Shelf
  /** Of which server, where the folder has backups of several; that of the newest backup unless told. */
  systemIdentifier?: string
  target: Target
  /** An empty directory for the copy, or one that does not exist. The caller removes it. */
  into: string
  /** An installation of PostgreSQL of the backup's major version, where it is not the embedded one's. */
  installation?: string
  /** False for a copy that only is looked at: it is made faster and lost at a power cut. */
  durable?: boolean
  /** For a copy from which only some rows are read. */
  omissions?: Omissions
  /** One that is there; template1 unless told. */
  database?: string
  onProgress?: (progress: RestoreProgress) => void
  log?: (line: string) => void
}

/** What a recovery came to. Times by the clock of the original server. */
export type Recovery = {
  systemIdentifier: string
  backup: string
  /** Everything before this place in the WAL is there. */
  lsn: string
  timeline: number
  /** When the last transaction was committed that is there; null where the backup needed no WAL with one. */
  lastCommitAt: string | null
  /** The target that was asked for, or up to when WAL was there. */
  until: string
}

/** A server on a copy: reached by its own socket, by its superuser, until `stop`. */
export type RecoveredServer = {
  adminConfig(database?: string): ClientConfig
  recovery: Recovery
  stop(): Promise<void>
}

/**
 * Brings a copy of the whole server back as it was at the target, beside everything that runs (GG-21), and starts it.
 * It takes part in nothing: no archive, no replication, no port. Refuses with what is missing or altered.
 */
export async function recoverAside(options: RecoveryOptions): Promise<RecoveredServer> {
  const into = resolve(options.into)
  // Before 16 the server, as another user than root, has to go through it.
  mkdirSync(into, { recursive: true, mode: 0o711 })
  if (readdirSync(into).length > 0) throw errors.targetOccupied({ directory: into })
  const { omissions: asked, log } = options
  const archive = findArchive(options.shelf, options.systemIdentifier)
  const plan = await planRecovery(archive, options.target)
  // Of single pages nobody sees whether they are what the server sent, if they do not say so themselves.
  const isProved = ({ hasChecksums }: Omissions) =>
    hasChecksums || plan.chain.every(({ id }) => findVerification(archive, id)?.faults.length === 0)
  const omissions = asked && !isProved(asked) ? withoutKeys(asked) : asked
  const { server, left } = await recover({ ...options, omissions }, { archive, plan, into })
  if (!omissions) return server
  const config = server.adminConfig(options.database ?? 'template1')
  const settle = async () =>
    (await findUnfit(into, omissions)) ?? (await bringRows(config, omissions, { archive, left, into }))
  const unfit = await settle().catch(async error => {
    await server.stop()
    throw error
  })
  if (unfit === undefined) {
    removeHoles(into, omissions)
    return server
  }
  await server.stop()
  log?.(`${unfit}: tables are laid out whole`)
  rmSync(into, { recursive: true, force: true })
  return await recoverAside({ ...options, omissions: withWholeTables(omissions) })
}

type Recovering = { archive: Archive; plan: Plan; into: string }

async function recover(
  options: Omit<RecoveryOptions, 'omissions'> & { omissions: Omissions | undefined },
  { archive, plan, into }: Recovering,
): Promise<{ server: RecoveredServer; left: ReadonlyMap<string, LeftFile> }> {
  const { target, onProgress, installation, durable = true, log, omissions } = options
  // By this name what a killed program left is removed at the next start there.
  const draft = join(into, 'postgres.unfinished-restore')
  const left = await layOut(archive, plan, draft, onProgress, omissions).catch(error => {
    // So that there is room, and the same directory will do, once the fault is mended.
    rmSync(draft, { recursive: true, force: true })
    throw error
  })
  writeFileSync(join(draft, 'recovery.signal'), '', { mode: 0o600 })
  const directory = join(into, 'postgres')
  renameSync(draft, directory)

  const last = plan.chain.at(-1) as Plan['chain'][number]
  const start = (goal: Readonly<Record<string, string>>) =>
    startEmbedded({
      dataDirectory: into,
      durable,
      settings: {
        ...{ restore_command: 'false', recovery_target_timeline: String(plan.timeline) },
        ...(omissions && partial),
        ...goal,
      },
      copy: { superuser: last.superuser, ...(installation !== undefined && { installation }) },
      ...(log && { log }),
    })
  const server = await startTowards(plan, start, count => layOutWal(archive, plan, directory, count)).catch(error => {
    const explained = explainFailure(error, directory, last.serverVersion)
    // Of no use to who looks for the cause, and in the way of the next attempt.
    if (explained instanceof DomainError && explained.code !== 'backups.recovery_failed')
      rmSync(directory, { recursive: true, force: true })
    throw explained
  })
  try {
    const reached = await readReached(server.adminConfig(options.database ?? 'template1'))
    const { systemIdentifier } = archive
    const until = 'at' in target ? target.at : plan.until
    const recovery = { systemIdentifier, backup: last.id, ...reached, until: until.toISOString() }
    return { server: { adminConfig: server.adminConfig, recovery, stop: server.stop }, left }
  } catch (error) {
    await server.stop()
    throw error
  }
}

// Changes of what was left out are passed over, and told; nobody tidies what is not there, nor writes to the disk what soon is removed.
const partial = {
  ignore_invalid_pages: 'on',
  log_min_messages: 'warning',
  autovacuum: 'off',
  checkpoint_timeout: '1d',
  max_wal_size: '1TB',
  jit: 'off',
}

/**
 * Says so where WAL changed a page that a table lacks of which some are there: then a row may be missing. The server has named each that it
 * passed over.
 */
async function findUnfit(into: string, { portionOf }: Omissions): Promise<string | undefined> {
  const log = join(into, 'postgres.log')
  for (const path of [log, `${log}.1`].filter(each => existsSync(each))) {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const named = line.match(/\bbase\/\d+\/\d+\b/g) ?? []
      if (named.some(file => isOfRows(portionOf(file))))
        return 'The WAL changes pages that it does not have whole (full_page_writes was off)'
    }
  }
  return undefined
}

/** So that who reads what is not there is refused, instead of finding nothing. */
function removeHoles(into: string, { portionOf }: Omissions): void {
  const base = join(into, 'postgres', 'base')
  for (const path of readdirSync(base, { recursive: true, encoding: 'utf8' }))
    if (portionOf(`base/${path}`) === 'size') rmSync(join(base, path))
}

/**
 * Brings the pages to which primary keys lead now from the tenant, and which the WAL has not brought. What is no hole changed since the
 * backup; what is one, and has rows, is as it was in it. Says so where a key is not what it was.
 */
async function bringRows(
  config: ClientConfig,
  { portionOf, tenantId = '' }: Omissions,
  { archive, left, into }: Pick<Recovering, 'archive' | 'into'> & { left: ReadonlyMap<string, LeftFile> },
): Promise<string | undefined> {
  if (left.size === 0) return undefined
  const tables = await withAdmin(config, async client => {
    // Into the files: nobody has read one of these tables yet, so there it stays what it is.
    await client.query('checkpoint')
    const { rows } = await client.query<{ path: string; key: string | null }>(`
      select pg_relation_filepath(c.oid) as path, pg_relation_filepath(i.indexrelid) as key
      from pg_class as c
      left join (
        pg_index as i
        join pg_attribute as a
          on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype
      ) on i.indrelid = c.oid and i.indisprimary
      where c.relkind = 'r'`)
    return rows.filter(({ path }) => portionOf(path) === 'keyed')
  })
  const cluster = join(into, 'postgres')
  const known = new Set(tables.map(({ path }) => path))
  if ([...left.keys()].some(path => !known.has(path.replace(/\.\d+$/, '')))) return otherKey
  const found: TablePages[] = []
  for (const { path, key } of tables) {
    const isThere = key !== null && portionOf(key) === 'all'
    const pages = isThere ? pagesByKey(join(cluster, key), tenantId) : undefined
    if (!pages) return otherKey
    found.push({ path, pages })
  }
  return (await bringPages(archive, cluster, left, found)) ? undefined : otherKey
}

const otherKey = 'A primary key by which rows were to be found was another one'

/** The archive of a server: of the one named, else of the one whose backup is the newest. */
export function findArchive(shelf: Shelf, systemIdentifier?: string): Archive {
  const { backups, faults } = readCatalogue(shelf)
  if (systemIdentifier !== undefined) {
    const isKnown = backups.some(backup => backup.systemIdentifier === systemIdentifier)
    if (!isKnown && faults[0]) throw faults[0]
    if (!isKnown) throw errors.serverUnknown({ folder: shelf.folder, systemIdentifier })
    return { ...shelf, systemIdentifier }
  }
  const newest = backups.toSorted((one, other) => (one.finishedAt < other.finishedAt ? -1 : 1)).at(-1)
  if (newest) return { ...shelf, systemIdentifier: newest.systemIdentifier }
  throw faults[0] ?? errors.noBackup({ folder: shelf.folder, target: 'anything', first: 'no time' })
}

export type ReplaceOptions = Omit<RecoveryOptions, 'into' | 'durable'> & { dataDirectory: string; now: Date }

/**
 * Brings the embedded server back as it was at the target. The copy is complete and recovered before it takes the
 * place; the cluster before stays beside, under a dated name. Refuses while a program runs on the directory.
 */
export async function replaceEmbedded(options: ReplaceOptions): Promise<Recovery & { keptAside: string | null }> {
  const { now, ...rest } = options
  const dataDirectory = resolve(options.dataDirectory)
  const [current, restored] = [join(dataDirectory, 'postgres'), restoredPath(dataDirectory)]
  const stamp = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')
  const lock = takeLock(join(dataDirectory, 'commonhold.lock'))
  if (!('release' in lock)) throw errors.programRuns({ directory: dataDirectory, pid: lock.pid, command: lock.command })
  try {
    await removeKilled(dataDirectory, rest.log ?? (() => {}))
    if (existsSync(current)) await stopLeftovers({ directory: current }, rest.log ?? (() => {}))
    const system = rest.systemIdentifier ?? ownSystem(current, rest.shelf)
    const into = join(dataDirectory, `restore-${stamp}`)
    const server = await recoverAside({ ...rest, into, ...(system !== undefined && { systemIdentifier: system }) })
    await keepPassword(server, dataDirectory).finally(() => server.stop())
    if (existsSync(restored)) renameSync(restored, join(dataDirectory, `postgres.unused-${stamp}`))
    await syncedRename(join(into, 'postgres'), restored)
    const keptAside = existsSync(current) ? join(dataDirectory, `postgres.before-${stamp}`) : null
    // Killed in between, the next start puts the restored one into its place.
    if (keptAside) await syncedRename(current, keptAside)
    await syncedRename(restored, current)
    rmSync(into, { recursive: true, force: true })
    return { ...server.recovery, keptAside }
  } finally {
    lock.release()
  }
}

/** Copies that restores were making which were killed, or failed. Only for who holds the lock of the directory. */
async function removeKilled(dataDirectory: string, log: (line: string) => void): Promise<void> {
  for (const name of readdirSync(dataDirectory).filter(each => /^restore-\d{8}T\d{6}Z$/.test(each))) {
    const path = join(dataDirectory, name)
    if (existsSync(join(path, 'postgres'))) await stopLeftovers({ directory: join(path, 'postgres') }, log)
    rmSync(path, { recursive: true, force: true })
    log(`Removed ${path}, which a restore has left that did not end`)
  }
}

type Start = (goal: Readonly<Record<string, string>>) => ReturnType<typeof startEmbedded>

/** More WAL, and then no target at all, where the database was at rest before the target was reached. */
async function startTowards(plan: Plan, start: Start, addWal: (count: number) => Promise<void>) {
  const goal = goalOf(plan)
  try {
    return await start(goal)
  } catch (error) {
    if (!endedBeforeTarget(error) || !('at' in plan.target)) throw error
  }
  if (plan.likely < plan.wal.length) {
    await addWal(plan.wal.length)
    try {
      return await start(goal)
    } catch (error) {
      if (!endedBeforeTarget(error)) throw error
    }
  }
  return await start({})
}

const endedBeforeTarget = (error: unknown): boolean =>
  error instanceof DomainError && /recovery ended before configured recovery target/.test(error.message)

function goalOf({ target }: Plan): Record<string, string> {
  const action = { recovery_target_action: 'promote' }
  // Read before the server knows any time zone by name, Z included.
  if ('at' in target) return { ...action, recovery_target_time: target.at.toISOString().replace('Z', '+00') }
  if ('backup' in target) return { ...action, recovery_target: 'immediate' }
  if ('restorePoint' in target) return { ...action, recovery_target_name: target.restorePoint }
  return {}
}

function explainFailure(error: unknown, directory: string, version: number): unknown {
  if (!(error instanceof DomainError)) return error
  const major = Math.floor(version / 10_000)
  if (error.code === 'database.data_directory_of_other_version')
    return errors.programsMissing({ found: major, expected: error.details.expected }, error)
  if (error.code !== 'database.embedded_not_started') return error
  const { reason } = error.details
  if (major < 16 && /self\/cwd\/postgresql\.conf.*(No such file|Permission denied)/.test(String(reason)))
    return errors.directoryUnreachable({ directory: dirname(dirname(directory)), major }, error)
  return errors.recoveryFailed({ directory, reason }, error)
}

async function readReached(config: ClientConfig): Promise<Pick<Recovery, 'lsn' | 'timeline' | 'lastCommitAt'>> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    const { rows } = await client.query(`
      select
        coalesce(pg_last_wal_replay_lsn(), pg_current_wal_lsn())::text as lsn,
        pg_last_xact_replay_timestamp() as at,
        left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline`)
    const [{ lsn, at, timeline }] = rows as [{ lsn: string; at: Date | null; timeline: string }]
    return { lsn, timeline: Number.parseInt(timeline, 16), lastCommitAt: at?.toISOString() ?? null }
  } finally {
    await client.end()
  }
}

// The password file was not restored: the program still has to get in.
async function keepPassword(server: RecoveredServer, dataDirectory: string): Promise<void> {
  const path = join(dataDirectory, 'postgres.password')
  if (!existsSync(path)) return
  const client = new pg.Client(server.adminConfig('template1'))
  await client.connect()
  try {
    const password = client.escapeLiteral(readFileSync(path, 'utf8').trim())
    await client.query(`alter role ${client.escapeIdentifier(client.user ?? 'postgres')} password ${password}`)
  } finally {
    await client.end()
  }
}

/** The system identifier is the first thing in pg_control (pg_control.h). */
function ownSystem(cluster: string, shelf: Shelf): string | undefined {
  const path = join(cluster, 'global', 'pg_control')
  if (!existsSync(path)) return undefined
  const identifier = readFileSync(path).readBigUInt64LE(0).toString()
  return readCatalogue(shelf).backups.some(backup => backup.systemIdentifier === identifier) ? identifier : undefined
}
