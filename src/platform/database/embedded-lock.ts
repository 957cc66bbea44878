import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'

/** The process that holds a lock; `startedAt` tells it from a later one with the same pid. */
export type Holder = { pid: number; startedAt: string; command: string; nonce: string }

export type Lock = { release(): void }

/**
 * Takes a lock file that says who holds it, or returns the living holder. A holder that is gone is replaced.
 * A holder is replaced only under a lock named after it, so of many that find it gone exactly one succeeds.
 */
export function takeLock(path: string, command: string): Lock | Holder {
  const own: Holder = { pid: process.pid, startedAt: startOf(process.pid) ?? '', command, nonce: randomUUID() }
  const draft = `${path}.${own.nonce}`
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600, flag: 'wx' })
  try {
    for (;;) {
      if (linked(draft, path)) return { release: () => release(path, own) }
      const holder = readHolder(path)
      if (holder && isAlive(holder)) return holder
      if (!holder && !existsSync(path)) continue
      const replacing = takeLock(`${path}.after-${holder?.nonce ?? 'unreadable'}`, command)
      if (!('release' in replacing)) return replacing
      try {
        if (readHolder(path)?.nonce !== holder?.nonce) continue
        renameSync(draft, path)
        return { release: () => release(path, own) }
      } finally {
        replacing.release()
      }
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Whether a process with this pid runs and, where the system tells, began when the holder did. */
export function isAlive(holder: Pick<Holder, 'pid' | 'startedAt'>): boolean {
  if (!pidExists(holder.pid)) return false
  const start = startOf(holder.pid)
  return start === undefined || holder.startedAt === '' || start === holder.startedAt
}

/** False also for a zombie: in a container without an init nobody ever reaps it. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return !/^[ZX]/.test(statFields(pid)?.[0] ?? '')
}

/**
 * The processes of PostgreSQL that work in this directory (a server, its children, an initdb); a shell that
 * somebody left there is none. Only Linux tells; elsewhere the list is empty.
 */
export function serversIn(directory: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => isServerIn(directory, pid))
}

/** Whether this process is PostgreSQL at work in this directory. */
export function isServerIn(directory: string, pid: number): boolean {
  if (!pidExists(pid)) return false
  if (process.platform === 'win32') return true
  if (process.platform !== 'linux') {
    const command = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
    return command.includes('postgres') && command.includes(directory)
  }
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '')
    if (program !== 'postgres' && program !== 'initdb') return false
    // Compared by inode: the path in /proc is what the other process sees, which bind mounts change.
    const [work, own] = [statSync(`/proc/${pid}/cwd`), statSync(directory)]
    return work.dev === own.dev && work.ino === own.ino
  } catch {
    return false
  }
}

function startOf(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined
  if (process.platform === 'linux') {
    const ticks = statFields(pid)?.[19]
    return ticks && `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks}`
  }
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || undefined
}

// The command name in parentheses may hold spaces: fields count from after the last one (proc(5)), state first.
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function release(path: string, own: Holder): void {
  if (readHolder(path)?.nonce === own.nonce) rmSync(path, { force: true })
}

export const lockPath = (dataDirectory: string): string => join(dataDirectory, 'commonhold.lock')
