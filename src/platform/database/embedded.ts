import type { ChildProcess } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from 'pg'
import { DomainError } from '#platform/errors.ts'
import {
  type Cluster,
  fastShutdown,
  noShutdown,
  passwordPath,
  pathForServer,
  prepareCluster,
  readPidFile,
  temporaryPrefix,
} from './embedded-cluster.ts'
import { embeddedErrors, explain } from './embedded-errors.ts'
import { type Holder, type Lock, takeLock } from './embedded-lock.ts'
import { endProcesses, isAlive } from './embedded-processes.ts'
import { copyParents, findPrograms, serverAccount, spawnAs } from './embedded-programs.ts'

export type EmbeddedOptions = {
  /** Made with mode 0700 if missing. The database is `postgres` in it, beside `postgres.log` and `postgres.password`. */
  dataDirectory: string
  /** Told what takes time or is out of the ordinary, a line each. */
  log?: (line: string) => void
  /** Also listen on this port of 127.0.0.1. Without it the server is reached by a Unix socket only (not on Windows). */
  port?: number
  /** False gives up the data at a power cut (fsync off): for tests. */
  durable?: boolean
  /** Where another living program has started it already, use its server instead of refusing; `stop` leaves it alone. */
  join?: boolean
  /** Told when the server has ended without having been asked to. */
  onLost?: (error: DomainError) => void
  /** Settings of the server that come before all others. */
  settings?: Readonly<Record<string, string>>
  /** The server is a copy that was restored from a backup of another one, to be looked at or to take its place. */
  copy?: Copy
}

/** Who has the file system of the copy has its data: by its private socket it lets this superuser in unasked. */
export type Copy = {
  superuser: string
  /** An installation of PostgreSQL (the directory above `bin`) in place of the embedded one. */
  installation?: string
}

export type EmbeddedServer = {
  /** How to connect as the superuser, to `postgres` or to the named database. */
  adminConfig(database?: string): ClientConfig
  port: number
  /** Fast shutdown: open transactions are rolled back, and what was committed is on disk when it resolves; of a copy that is not durable nothing counts. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL from the installed package on `<dataDirectory>/postgres`, which the first start makes, and
 * resolves when it takes connections. A server that a killed program left behind is stopped first.
 * Refuses a directory that a living program uses or that another version or user made, a full disk, and one that
 * cannot be written: nothing in it is changed then.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = placeOf(options.dataDirectory)
  try {
    mkdirSync(place.dataDirectory, { recursive: true, mode: 0o700 })
    const real = placeOf(realpathSync(place.dataDirectory))
    for (let tries = 0; ; tries++) {
      const lock = takeLock(join(real.dataDirectory, 'commonhold.lock'))
      if ('release' in lock) return await startLocked(real, lock, options)
      const joined = options.join ? await joinServer(real, lock) : undefined
      if (joined) return joined
      // Who restarts a program does not wait until the old one has ended.
      if (tries === 15) throw embeddedErrors.dataDirectoryInUse({ directory: real.dataDirectory, ...lock })
      await sleep(100)
    }
  } catch (error) {
    throw isSystemError(error) ? explain(place, String(error), error) : error
  }
}

type Place = Pick<Cluster, 'dataDirectory' | 'directory' | 'log'>

function placeOf(path: string): Place {
  const dataDirectory = resolve(path)
  return { dataDirectory, directory: join(dataDirectory, 'postgres'), log: join(dataDirectory, 'postgres.log') }
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof DomainError) &&
  typeof (error as NodeJS.ErrnoException).errno === 'number'

async function startLocked(place: Place, lock: Lock, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log = options.log ?? (() => {})
  try {
    const account = serverAccount(place.directory)
    const { copy, settings = {}, durable = true } = options
    const programs = findPrograms(account, copyParents(account, place.dataDirectory), copy && buildOf(copy))
    const cluster: Cluster = { ...place, programs, account, durable, settings, isCopy: copy !== undefined }
    const password = await prepareCluster(cluster, log)
    const address = await chooseAddress(cluster, options.port)
    const child = await launch(cluster, address, log)
    const stop = supervise(cluster, child, address, lock, options.onLost)
    return { ...connection(address, password, copy?.superuser), stop }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The server of a living program, once it takes connections; undefined when that program has gone meanwhile. */
async function joinServer(place: Place, holder: Holder): Promise<EmbeddedServer | undefined> {
  while (isAlive(holder)) {
    const running = readPidFile(place.directory)
    if (running?.ready && existsSync(passwordPath(place.dataDirectory))) {
      const host = { '': running.address, '.': place.directory }[running.socketDirectory] ?? running.socketDirectory
      const password = readFileSync(passwordPath(place.dataDirectory), 'utf8').trim()
      return { ...connection({ host, port: running.port }, password), stop: async () => {} }
    }
    await sleep(50)
  }
  return undefined
}

const buildOf = ({ installation }: Copy) =>
  installation === undefined ? undefined : { native: installation, version: 'other' }

const connection = (
  { host, port }: Pick<Address, 'host' | 'port'>,
  password: string | undefined,
  user = 'postgres',
) => ({
  adminConfig: (database = 'postgres'): ClientConfig => ({ host, port, user, password, database }),
  port,
})

/** `temporary` is a directory of our own for the socket, where the path of the usual one is too long. */
type Address = { host: string; port: number; listen: string; socketDirectory: string; temporary?: string }

// sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL.
const longestSocketPath = process.platform === 'linux' ? 107 : 103

async function chooseAddress({ directory, account }: Cluster, wanted: number | undefined): Promise<Address> {
  const loopback = '127.0.0.1'
  if (process.platform === 'win32') {
    return { host: loopback, port: wanted ?? (await freePort(loopback)), listen: loopback, socketDirectory: '' }
  }
  const listen = wanted === undefined ? '' : loopback
  const port = wanted ?? 5432
  const socketName = `.s.PGSQL.${port}`
  // Relative to the cluster, which is private: one less directory to guard.
  if (Buffer.byteLength(join(directory, socketName)) <= longestSocketPath) {
    return { host: directory, port, listen, socketDirectory: '.' }
  }
  const short = [tmpdir(), '/tmp'].find(path => path.length < 60 && existsSync(path)) ?? '/tmp'
  const temporary = mkdtempSync(join(short, temporaryPrefix))
  if (account) chownSync(temporary, account.uid, account.gid)
  return { host: temporary, port, listen, socketDirectory: temporary, temporary }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/** Starts the server and waits until it says that it is ready, however long a recovery takes. */
async function launch(cluster: Cluster, address: Address, log: (line: string) => void): Promise<ChildProcess> {
  const output = openLog(cluster)
  const before = fstatSync(output).size
  const child = spawnAs(cluster.programs, cluster.account, 'postgres', serverArguments(cluster, address), {
    cwd: cluster.directory,
    stdio: ['ignore', output, output],
    endWith: 'SIGINT',
  })
  closeSync(output)
  const ended = new Promise<Error | 'ended'>(resolve => {
    child.once('error', resolve)
    child.once('exit', () => resolve('ended'))
  })
  const began = Date.now()
  for (let said = 0; ; ) {
    const running = readPidFile(cluster.directory)
    if (running?.ready && running.pid === child.pid) return child
    const end = await Promise.race([ended, sleep(10)])
    if (end) {
      if (address.temporary) rmSync(address.temporary, { recursive: true, force: true })
      throw end === 'ended' ? explain(cluster, readFileSync(cluster.log).subarray(before).toString()) : end
    }
    if (Date.now() - began > (said + 1) * 5000) log(`PostgreSQL recovers since ${++said * 5} seconds`)
  }
}

function openLog({ log }: Cluster): number {
  if (existsSync(log) && statSync(log).size > 10 * 2 ** 20) renameSync(log, `${log}.1`)
  return openSync(log, 'a', 0o600)
}

// Of a cluster whose data counts. Incremental backups need the summaries; a slot that nobody reads any more gives up
// before it has filled the disk; what runs slowly is told by pg_stat_statements alone.
const kept = {
  summarize_wal: 'on',
  max_slot_wal_keep_size: '4GB',
  shared_preload_libraries: 'pg_stat_statements',
}

// The configuration that a copy brings is that of its original: it must not write into that one's archive, follow
// that one's primary, or ask for libraries and files that are not here.
const alone = {
  archive_mode: 'off',
  primary_conninfo: '',
  primary_slot_name: '',
  shared_preload_libraries: '',
  ssl: 'off',
  hot_standby: 'off',
}

// What this program relies on goes here, before postgresql.conf; the rest is in that file.
function serverArguments(cluster: Cluster, address: Address): string[] {
  const settings = {
    port: address.port,
    listen_addresses: address.listen,
    unix_socket_directories: address.socketDirectory,
    unix_socket_permissions: '0700',
    logging_collector: 'off',
    log_destination: 'stderr',
    ...(cluster.isCopy ? alone : cluster.durable ? kept : {}),
    ...(cluster.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...cluster.settings,
  }
  return [
    ...['-D', pathForServer(cluster.directory, cluster.account)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

/** Watches the server; the function that it returns stops it, once however often it is called. */
function supervise(
  cluster: Cluster,
  child: ChildProcess,
  address: Address,
  lock: Lock,
  onLost: EmbeddedOptions['onLost'],
): () => Promise<void> {
  let stopping: Promise<void> | undefined
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const left = ended.then(() => {
    if (address.temporary) rmSync(address.temporary, { recursive: true, force: true })
    lock.release()
    const reason = child.signalCode ?? `exit code ${child.exitCode}`
    if (!stopping) onLost?.(embeddedErrors.embeddedEnded({ ...cluster, reason }))
  })
  return () => {
    stopping ??= endProcesses([child.pid!], cluster.isCopy && !cluster.durable ? noShutdown : fastShutdown).then(
      () => left,
    )
    return stopping
  }
}
