import { type ChildProcess, spawn } from 'node:child_process'
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
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientConfig } from 'pg'
import { DomainError } from '#platform/errors.ts'
import {
  type Cluster,
  ensureCluster,
  ensurePassword,
  explain,
  reachable,
  readPidFile,
  signalProcess,
  stopLeftovers,
} from './embedded-cluster.ts'
import { embeddedErrors } from './embedded-errors.ts'
import { type Lock, lockPath, takeLock } from './embedded-lock.ts'
import { findPrograms, serverAccount } from './embedded-programs.ts'

export type EmbeddedOptions = {
  /** Private to the user (0700, made if missing): the cluster is `postgres` in it, beside `postgres.log` and the password. */
  dataDirectory: string
  log?: (line: string) => void
  /** Also listen on this port of 127.0.0.1. Without it the server is reached by a Unix socket only (not on Windows). */
  port?: number
  /** False gives up the data at a power cut (fsync off): for tests. */
  durable?: boolean
  /** Use the server of another living process on this directory instead of refusing; `stop` then leaves it running. */
  join?: boolean
  /** Told when the server ends without having been asked to. */
  onLost?: (error: DomainError) => void
}

export type EmbeddedServer = {
  /** How to connect as the superuser, to `postgres` or the named database. */
  adminConfig(database?: string): ClientConfig
  port: number
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk when it resolves. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL from the installed package on `<dataDirectory>/postgres`, made at the first start, and waits until
 * it takes connections. A server that a killed program left behind is stopped first. Refuses a directory that a living
 * program uses, that another version or user made, or that cannot be written, and touches nothing in it then.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log = options.log ?? (() => {})
  const dataDirectory = prepareDirectory(options.dataDirectory)
  const lock = guarded(dataDirectory, () => takeLock(lockPath(dataDirectory), process.argv.slice(1, 4).join(' ')))
  if (!('release' in lock)) {
    if (!options.join) throw embeddedErrors.dataDirectoryInUse({ directory: dataDirectory, ...lock })
    throw embeddedErrors.dataDirectoryInUse({ directory: dataDirectory, ...lock })
  }
  try {
    return await startLocked(dataDirectory, lock, options, log)
  } catch (error) {
    lock.release()
    throw error instanceof DomainError ? error : explained(dataDirectory, error)
  }
}

async function startLocked(
  dataDirectory: string,
  lock: Lock,
  options: EmbeddedOptions,
  log: (line: string) => void,
): Promise<EmbeddedServer> {
  const directory = join(dataDirectory, 'postgres')
  const account = serverAccount(directory)
  const programs = findPrograms(account, dataDirectory)
  const cluster: Cluster = { dataDirectory, directory, programs, account, durable: options.durable ?? true }
  await stopLeftovers(cluster, log)
  await ensureCluster(cluster)
  const password = await ensurePassword(cluster)
  writeAccessRules(cluster)
  const address = await chooseAddress(cluster, options.port)
  const child = await launch(cluster, address)
  const server = supervise(cluster, child, address, lock, options.onLost)
  return {
    adminConfig: (database = 'postgres') => ({
      host: address.host,
      port: address.port,
      user: 'postgres',
      password,
      database,
    }),
    port: address.port,
    stop: server.stop,
  }
}

function prepareDirectory(path: string): string {
  return guarded(resolve(path), () => {
    if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 })
    return realpathSync(path)
  })
}

function guarded<T>(dataDirectory: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw explained(dataDirectory, error)
  }
}

function explained(dataDirectory: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (typeof code !== 'string') return error
  return explain({ dataDirectory, directory: join(dataDirectory, 'postgres') }, String(error), error)
}

type Address = { host: string; port: number; socketDirectory: string; temporary: string | undefined; listen: string }

// sun_path holds 108 bytes on Linux and 104 on macOS with the final NUL.
const longestSocketPath = process.platform === 'linux' ? 107 : 103

async function chooseAddress(cluster: Cluster, wanted: number | undefined): Promise<Address> {
  const listen = wanted === undefined ? '' : '127.0.0.1'
  const port = wanted ?? 5432
  if (process.platform === 'win32') {
    const free = wanted ?? (await freePort())
    return { host: '127.0.0.1', port: free, socketDirectory: '', temporary: undefined, listen: '127.0.0.1' }
  }
  if (Buffer.byteLength(join(cluster.directory, `.s.PGSQL.${port}`)) <= longestSocketPath) {
    return { host: cluster.directory, port, socketDirectory: '.', temporary: undefined, listen }
  }
  const temporary = mkdtempSync(join(tmpdir().length < 60 ? tmpdir() : '/tmp', 'commonhold-'))
  if (cluster.account) chownSync(temporary, cluster.account.uid, cluster.account.gid)
  return { host: temporary, port, socketDirectory: temporary, temporary, listen }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

// Written at every start: initdb's own rules trust everybody on this machine.
function writeAccessRules(cluster: Cluster): void {
  const rules = [
    'local all all scram-sha-256',
    'host all all 127.0.0.1/32 scram-sha-256',
    'local replication all scram-sha-256',
  ]
  const path = join(cluster.directory, 'pg_hba.conf')
  writeFileSync(path, `${rules.join('\n')}\n`, { mode: 0o600 })
}

async function launch(cluster: Cluster, address: Address): Promise<ChildProcess> {
  const logFile = join(cluster.dataDirectory, 'postgres.log')
  const output = openSync(logFile, 'a', 0o600)
  const before = fstatSync(output).size
  const { uid, gid } = cluster.account ?? {}
  const child = spawn(join(cluster.programs.bin, 'postgres'), serverArguments(cluster, address), {
    cwd: cluster.directory,
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
    stdio: ['ignore', output, output],
    // Ctrl-C in a terminal reaches the whole process group: the server must end after those who use it.
    detached: true,
    ...(uid === undefined ? {} : { uid, gid }),
  })
  closeSync(output)
  const failure = new Promise<Error>(resolve => child.once('error', resolve))
  for (;;) {
    const pidFile = readPidFile(cluster)
    if (pidFile?.ready && pidFile.pid === child.pid) return child
    const error = await Promise.race([failure, sleep(10)])
    if (error) throw explain(cluster, error.message, error)
    if (child.exitCode !== null || child.signalCode !== null) {
      if (address.temporary) rmSync(address.temporary, { recursive: true, force: true })
      throw explain(cluster, readFileSync(logFile).subarray(before).toString())
    }
  }
}

function serverArguments(cluster: Cluster, address: Address): string[] {
  const settings = {
    port: String(address.port),
    listen_addresses: address.listen,
    unix_socket_directories: `"${address.socketDirectory}"`,
    unix_socket_permissions: '0700',
    logging_collector: 'off',
    log_destination: 'stderr',
    ...(cluster.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return [
    ...['-D', reachable(cluster.directory, cluster.account)],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

function supervise(
  cluster: Cluster,
  child: ChildProcess,
  address: Address,
  lock: Lock,
  onLost: EmbeddedOptions['onLost'],
): { stop(): Promise<void> } {
  const pid = child.pid!
  let stopping: Promise<void> | undefined
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const leave = () => signalProcess(pid, 'SIGINT')
  process.once('exit', leave)
  exited.then(() => {
    process.off('exit', leave)
    if (address.temporary) rmSync(address.temporary, { recursive: true, force: true })
    lock.release()
    if (stopping) return
    const reason = child.signalCode ?? `exit code ${child.exitCode}`
    onLost?.(
      embeddedErrors.embeddedEnded({
        directory: cluster.directory,
        reason,
        log: join(cluster.dataDirectory, 'postgres.log'),
      }),
    )
  })
  return {
    stop() {
      stopping ??= stopServer(pid, exited)
      return stopping
    },
  }
}

// A fast shutdown writes one checkpoint, which may take long on a slow disk; an immediate one costs a recovery later.
async function stopServer(pid: number, exited: Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    signalProcess(pid, signal)
    const patience = new AbortController()
    const ended = await Promise.race([
      exited.then(() => true),
      sleep(60_000, false, { signal: patience.signal, ref: false }).catch(() => true),
    ])
    patience.abort()
    if (ended) return
  }
}
