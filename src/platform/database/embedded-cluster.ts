import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { totalmem, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { embeddedErrors } from './embedded-errors.ts'
import { pidExists, processesIn, workingDirectory } from './embedded-lock.ts'
import type { Account, Programs } from './embedded-programs.ts'

/** One database cluster on this disk and who may touch it. */
export type Cluster = {
  dataDirectory: string
  /** Where its files are: `<dataDirectory>/postgres`. */
  directory: string
  programs: Programs
  account: Account | undefined
  durable: boolean
}

const neededMegabytes = 100
const unfinished = 'postgres.unfinished-'

/** The name by which the server's own user reaches a directory that it works in, even below a home of mode 0700. */
export const reachable = (directory: string, account: Account | undefined): string =>
  account && process.platform === 'linux' ? '/proc/self/cwd' : directory

/** Makes the cluster if there is none, and refuses what is not a cluster of this version and user. */
export async function ensureCluster(cluster: Cluster): Promise<void> {
  await removeUnfinished(cluster)
  const version = await readVersion(cluster)
  if (version === undefined) await createCluster(cluster)
  else if (version !== cluster.programs.major) {
    throw embeddedErrors.dataDirectoryOfOtherVersion({
      directory: cluster.directory,
      found: version,
      expected: cluster.programs.major,
    })
  }
  takeOverFromRoot(cluster)
}

/** The superuser's password, made and set where the file that holds it is missing. */
export async function ensurePassword(cluster: Cluster): Promise<string> {
  const path = join(cluster.dataDirectory, 'postgres.password')
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (known) return known
  const password = randomBytes(24).toString('base64url')
  await run(
    cluster,
    'postgres',
    ['--single', '-D', reachable(cluster.directory, cluster.account), 'postgres'],
    cluster.directory,
    {
      input: `alter role postgres password '${password}'\n`,
    },
  )
  writeFileSync(path, `${password}\n`, { mode: 0o600 })
  return password
}

/**
 * Ends whatever an earlier run left on this cluster: a server whose program was killed, or the processes of a killed
 * server. A pid file that names an unrelated process (the pid was used again after a power cut) is made harmless.
 */
export async function stopLeftovers(cluster: Cluster, log: (line: string) => void): Promise<void> {
  const pid = readPidFile(cluster)?.pid
  if (pid !== undefined && isServerOf(cluster, pid)) {
    log(`PostgreSQL (process ${pid}) still runs from an earlier start: stopping it`)
    await endProcesses([pid], ['SIGINT', 'SIGQUIT', 'SIGKILL'])
  } else if (pid !== undefined && pidExists(pid)) {
    disown(cluster)
  }
  await endProcesses(processesIn(cluster.directory), ['SIGQUIT', 'SIGKILL'])
}

/** What the server writes about itself in postmaster.pid, or undefined where there is none. */
export function readPidFile(cluster: Pick<Cluster, 'directory'>): PidFile | undefined {
  try {
    const lines = readFileSync(join(cluster.directory, 'postmaster.pid'), 'utf8').split('\n')
    const [pid, , , port, socketDirectory, address, , status] = lines.map(line => line.trim())
    if (!Number(pid)) return undefined
    return { pid: Number(pid), port: Number(port), socketDirectory, address, ready: status === 'ready' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export type PidFile = {
  pid: number
  port: number
  socketDirectory: string | undefined
  address: string | undefined
  ready: boolean
}

/** Translates what the disk or PostgreSQL said into one sentence for people. */
export function explain(cluster: Pick<Cluster, 'dataDirectory' | 'directory'>, output: string, cause?: unknown) {
  if (/No space left on device|ENOSPC|EDQUOT|quota exceeded/i.test(output)) {
    return embeddedErrors.diskFull(
      { directory: cluster.dataDirectory, free: freeMegabytes(cluster.dataDirectory), needed: neededMegabytes },
      cause,
    )
  }
  const refused = /EACCES|EPERM|EROFS/.exec(output)?.[0]
  const path = (cause as NodeJS.ErrnoException | undefined)?.path
  if (refused && path) {
    return embeddedErrors.dataDirectoryNotWritable({ path, reason: refused, user: userInfo().username }, cause)
  }
  const said = output.split('\n').filter(line => /FATAL|PANIC|error:|ERROR/.test(line))
  const reason = (said.at(-1) ?? output.trim().split('\n').at(-1) ?? '').replace(/^.*?(FATAL|PANIC|ERROR|error): +/, '')
  const log = join(cluster.dataDirectory, 'postgres.log')
  return embeddedErrors.embeddedStartFailed(
    { directory: cluster.directory, reason: reason || 'it said nothing', log },
    cause,
  )
}

// Made beside and renamed: a directory named `postgres` is complete, and what is unfinished has never held data.
async function createCluster(cluster: Cluster): Promise<void> {
  const free = freeMegabytes(cluster.dataDirectory)
  if (free < neededMegabytes) {
    throw embeddedErrors.diskFull({ directory: cluster.dataDirectory, free, needed: neededMegabytes })
  }
  const draft = join(cluster.dataDirectory, `${unfinished}${randomBytes(6).toString('hex')}`)
  mkdirSync(draft, { mode: 0o700 })
  if (cluster.account) chownSync(draft, cluster.account.uid, cluster.account.gid)
  try {
    await run(cluster, 'initdb', initdbArguments(cluster, draft), draft)
    renameSync(draft, cluster.directory)
    syncDirectory(cluster.dataDirectory)
    rmSync(join(cluster.dataDirectory, 'postgres.password'), { force: true })
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

function initdbArguments(cluster: Cluster, draft: string): string[] {
  const settings = {
    timezone: 'UTC',
    log_timezone: 'UTC',
    shared_buffers: totalmem() < 3e9 ? '64MB' : '256MB',
    effective_cache_size: `${Math.max(256, Math.floor(totalmem() / 2 ** 21))}MB`,
    maintenance_work_mem: '128MB',
    work_mem: '8MB',
    // Solid disks, and a scan that may be parallel is rarely worth starting workers for on two cores.
    random_page_cost: '1.1',
    max_parallel_workers_per_gather: '1',
    jit: 'off',
    // A checkpoint in the middle of an import writes every touched page again.
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
  }
  return [
    ...['-D', reachable(draft, cluster.account), '--username=postgres', '--auth=trust'],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(cluster.durable ? [] : ['--no-sync']),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

async function removeUnfinished(cluster: Cluster): Promise<void> {
  for (const name of readdirSync(cluster.dataDirectory)) {
    if (!name.startsWith(unfinished)) continue
    const draft = join(cluster.dataDirectory, name)
    await endProcesses(processesIn(draft), ['SIGKILL'])
    rmSync(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

async function readVersion(cluster: Cluster): Promise<string | undefined> {
  const { directory } = cluster
  if (!existsSync(directory)) return undefined
  try {
    if (readdirSync(directory).length === 0) return undefined
    return readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw embeddedErrors.dataDirectoryNotOurs({ directory }, cause)
    if (code !== 'EACCES' && code !== 'EPERM') throw cause
    const owner = statSync(directory).uid
    throw embeddedErrors.dataDirectoryOfOtherUser({ directory, owner, user: userInfo().username }, cause)
  }
}

// A copy made by root (a restored backup) belongs to root, which cannot run PostgreSQL.
function takeOverFromRoot({ account, directory }: Cluster): void {
  if (!account || statSync(directory).uid !== 0) return
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid)
  }
  lchownSync(directory, account.uid, account.gid)
  chmodSync(directory, 0o700)
}

function isServerOf(cluster: Cluster, pid: number): boolean {
  if (!pidExists(pid)) return false
  if (process.platform === 'linux') return workingDirectory(pid) === cluster.directory
  return true
}

// PostgreSQL takes its own parent's pid for stale, and still looks whether the shared memory named beside is in use:
// so the file is kept with our pid in it, not removed.
function disown(cluster: Cluster): void {
  const path = join(cluster.directory, 'postmaster.pid')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(process.pid)))
}

async function endProcesses(pids: number[], signals: NodeJS.Signals[]): Promise<void> {
  for (const signal of signals) {
    for (const pid of pids) signalProcess(pid, signal)
    const deadline = Date.now() + (signal === 'SIGINT' ? 60_000 : 5_000)
    while (pids.some(pidExists) && Date.now() < deadline) await sleep(10)
    if (!pids.some(pidExists)) return
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function run(
  cluster: Cluster,
  program: string,
  args: string[],
  cwd: string,
  options: { input?: string } = {},
): Promise<void> {
  const { uid, gid } = cluster.account ?? {}
  return new Promise((resolve, reject) => {
    const child = spawn(join(cluster.programs.bin, program), args, {
      cwd,
      env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid }),
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk
    })
    child.on('error', error => reject(explain(cluster, error.message, error)))
    child.on('close', code => (code === 0 ? resolve() : reject(explain(cluster, output))))
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

function freeMegabytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return Math.floor((bavail * bsize) / 2 ** 20)
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
