import type { ChildProcess } from 'node:child_process'
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
import { totalmem } from 'node:os'
import { basename, join } from 'node:path'
import { embeddedErrors, explain, neededMegabytes, ownUser } from './embedded-errors.ts'
import { endProcesses, isServerIn, pidExists, serversIn } from './embedded-processes.ts'
import { type Account, type Programs, spawnAs } from './embedded-programs.ts'

/** One PostgreSQL data directory: where it is, what runs it, as whom. */
export type Cluster = {
  dataDirectory: string
  /** `<dataDirectory>/postgres`; complete as soon as it exists. */
  directory: string
  log: string
  programs: Programs
  account: Account | undefined
  durable: boolean
  settings: Readonly<Record<string, string>>
  isCopy: boolean
}

/**
 * Leaves a cluster that can be started: refuses one of another version or user, stops what an earlier program left
 * running on it, makes it where there is none. Resolves to the superuser's password; a copy asks for none.
 */
export async function prepareCluster(cluster: Cluster, log: (line: string) => void): Promise<string | undefined> {
  finishSwap(cluster, log)
  await removeUnfinished(cluster)
  if (findVersion(cluster) === undefined) {
    log('Making the database')
    await createCluster(cluster)
  } else {
    takeInHand(cluster)
    await stopLeftovers(cluster, log)
  }
  writeAccessRules(cluster)
  return cluster.isCopy ? undefined : ensurePassword(cluster)
}

/** Where a restored cluster lies, complete, for the moment in which it takes the place of the one before. */
export const restoredPath = (dataDirectory: string): string => join(dataDirectory, 'postgres.restored')

// Between the two names that a restore changes its program may be killed: making a new, empty database then would be
// the worst of answers.
function finishSwap({ dataDirectory, directory }: Cluster, log: (line: string) => void): void {
  if (existsSync(directory) || !existsSync(restoredPath(dataDirectory))) return
  log('Finishing the restore of the database')
  renameSync(restoredPath(dataDirectory), directory)
  syncDirectory(dataDirectory)
}

/**
 * The name by which the server reaches the directory that it is started in. Its own user may not pass the
 * directories above (a checkout below /root): the working directory needs no path.
 */
export const pathForServer = (directory: string, account: Account | undefined): string =>
  account && process.platform === 'linux' ? '/proc/self/cwd' : directory

export const passwordPath = (dataDirectory: string): string => join(dataDirectory, 'postgres.password')

/** What a server writes about itself in postmaster.pid. */
export type PidFile = {
  pid: number
  port: number
  socketDirectory: string
  address: string
  /** It takes connections. A hot standby says so too; "standby" is what one says that takes none (hot_standby off). */
  ready: boolean
}

/** Undefined where there is no pid file, or an empty one. */
export function readPidFile(directory: string): PidFile | undefined {
  const [pid, , , port, socketDirectory = '', address = '', , status] = readIfThere(join(directory, 'postmaster.pid'))
    .split('\n')
    .map(line => line.trim())
  if (!Number(pid)) return undefined
  return { pid: Number(pid), port: Number(port), socketDirectory, address, ready: status === 'ready' }
}

// A server that ends removes it at any moment.
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

// What is unfinished has never been served, and the name is ours: it can go. Its initdb may have outlived the program,
// and what that was just about to start writes on while we remove: hence again until nothing is left.
async function removeUnfinished({ dataDirectory }: Cluster): Promise<void> {
  for (const name of readdirSync(dataDirectory).filter(entry => entry.startsWith(unfinished))) {
    const draft = join(dataDirectory, name)
    for (let tries = 0; existsSync(draft) && tries < 100; tries++) {
      await endProcesses(serversIn(draft), [['SIGKILL', 5]])
      rmSync(draft, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 })
    }
  }
}

const unfinished = 'postgres.unfinished-'

function findVersion({ directory, programs }: Cluster): string | undefined {
  if (!existsSync(directory)) return undefined
  try {
    if (readdirSync(directory).length === 0) return undefined
    const version = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim()
    if (version === programs.major) return version
    throw embeddedErrors.dataDirectoryOfOtherVersion({ directory, found: version, expected: programs.major })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') throw embeddedErrors.dataDirectoryNotOurs({ directory }, error)
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw embeddedErrors.dataDirectoryOfOtherUser({ directory, owner: statSync(directory).uid, user: ownUser() }, error)
  }
}

// Made beside and renamed: `postgres` is never half made.
async function createCluster(cluster: Cluster): Promise<void> {
  const free = statfsSync(cluster.dataDirectory)
  if (free.bavail * free.bsize < neededMegabytes * 2 ** 20) throw explain(cluster, 'ENOSPC')
  rmSync(passwordPath(cluster.dataDirectory), { force: true })
  const draft = join(cluster.dataDirectory, `${unfinished}${randomBytes(6).toString('hex')}`)
  mkdirSync(draft, { mode: 0o700 })
  if (cluster.account) chownSync(draft, cluster.account.uid, cluster.account.gid)
  try {
    await runProgram(cluster, 'initdb', initdbArguments(cluster, draft), draft)
    renameSync(draft, cluster.directory)
    syncDirectory(cluster.dataDirectory)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

// Into postgresql.conf, where they can be changed: a machine with 2 cores on a solid disk, shared with other programs.
function initdbArguments(cluster: Cluster, draft: string): string[] {
  const settings = {
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A sixteenth of the memory: a search over 900,000 profiles wants about 1 GB, a small machine has no more to give.
    shared_buffers: `${Math.min(1024, Math.max(64, Math.round(totalmem() / 2 ** 24)))}MB`,
    effective_cache_size: `${Math.max(256, Math.floor(totalmem() / 2 ** 21))}MB`,
    maintenance_work_mem: '128MB',
    work_mem: '8MB',
    random_page_cost: '1.1',
    max_parallel_workers_per_gather: '1',
    jit: 'off',
    // A checkpoint in the middle of an import makes it log every touched page whole again.
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
  }
  return [
    ...['-D', pathForServer(draft, cluster.account), '--username=postgres', '--auth=trust', '--no-instructions'],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(cluster.durable ? [] : ['--no-sync']),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
}

// A copied or restored cluster may belong to root, as whom PostgreSQL does not run, or be open to others, which it
// refuses.
function takeInHand({ account, directory }: Cluster): void {
  const { uid, mode } = statSync(directory)
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700)
  if (!account || uid !== 0) return
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid)
  }
  lchownSync(directory, account.uid, account.gid)
}

/** Ends the server that a killed program left behind on a cluster. Only for who holds the lock of its directory. */
export async function stopLeftovers(
  { directory }: Pick<Cluster, 'directory'>,
  log: (line: string) => void,
): Promise<void> {
  const left = readPidFile(directory)
  if (left && isServerIn(directory, left.pid)) {
    log(`PostgreSQL (process ${left.pid}) still runs from an earlier start: stopping it`)
    await endProcesses([left.pid], fastShutdown)
  }
  // Of a server that was killed its children may live on, and they still write.
  await endProcesses(serversIn(directory), [
    ['SIGQUIT', 5],
    ['SIGKILL', 5],
  ])
  if (left && pidExists(left.pid)) disownPidFile(directory)
  else if (!left) rmSync(join(directory, 'postmaster.pid'), { force: true })
  for (const name of readdirSync(directory)) {
    if (name.startsWith('.s.PGSQL.')) rmSync(join(directory, name))
  }
  if (left && basename(left.socketDirectory).startsWith(temporaryPrefix)) {
    rmSync(left.socketDirectory, { recursive: true, force: true })
  }
}

/** How the private directories for sockets begin that replace a too long path. */
export const temporaryPrefix = 'commonhold-socket-'

/** Fast first: it ends the sessions and writes a checkpoint, slowly on a slow disk. The rest costs a recovery. */
export const fastShutdown: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 60],
  ['SIGQUIT', 10],
  ['SIGKILL', 5],
]

/** Of a copy that is thrown away next. */
export const noShutdown: readonly [NodeJS.Signals, number][] = [
  ['SIGQUIT', 10],
  ['SIGKILL', 5],
]

// The pid was given to another process after a power cut. PostgreSQL takes its parent's pid for stale, and then still
// looks whether the shared memory named in the file is in use, which it would not if the file were gone.
function disownPidFile(directory: string): void {
  const path = join(directory, 'postmaster.pid')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\s*\d+/, String(process.pid)))
}

// At every start, since initdb's own rules trust everybody.
function writeAccessRules({ directory, isCopy, account }: Cluster): void {
  const scram = ['local all', 'local replication', 'host all', 'host replication']
    .map(rule => `${rule} all ${rule.startsWith('host') ? '127.0.0.1/32 ' : ''}scram-sha-256\n`)
    .join('')
  // Of a server of others these files may lie elsewhere.
  for (const name of isCopy ? ['postgresql.conf', 'pg_ident.conf', 'pg_hba.conf'] : []) {
    if (existsSync(join(directory, name))) continue
    writeFileSync(join(directory, name), '', { mode: 0o600 })
    if (account) chownSync(join(directory, name), account.uid, account.gid)
  }
  const rules = isCopy ? 'local all all trust\n' : scram
  const path = join(directory, 'pg_hba.conf')
  if (readFileSync(path, 'utf8') !== rules) writeFileSync(path, rules)
}

// Without the file a new password is set: who can write here owns the database anyway.
async function ensurePassword(cluster: Cluster): Promise<string> {
  const path = passwordPath(cluster.dataDirectory)
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (known) return known
  const password = randomBytes(24).toString('base64url')
  const args = ['--single', '-D', pathForServer(cluster.directory, cluster.account), 'postgres']
  await runProgram(cluster, 'postgres', args, cluster.directory, `alter role postgres password '${password}'\n`)
  writeFileSync(path, `${password}\n`, { mode: 0o600 })
  return password
}

async function runProgram(cluster: Cluster, program: string, args: string[], cwd: string, input = ''): Promise<void> {
  const options = { cwd, stdio: 'pipe', endWith: 'SIGKILL' } as const
  const { code, output } = await outcome(spawnAs(cluster.programs, cluster.account, program, args, options), input)
  if (code !== 0) throw explain(cluster, output)
}

function outcome(child: ChildProcess, input: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += chunk))
    child.on('error', reject)
    child.on('close', code => resolve({ code, output }))
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
