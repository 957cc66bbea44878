import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a pid alone does not say: a number that later is another process's has another start. */
export type ProcessIdentity = { pid: number; startedAt: string }

/** This process as others can recognise it. */
export const ownIdentity = (): ProcessIdentity => ({ pid: process.pid, startedAt: startOf(process.pid) ?? '' })

/** Whether that very process still runs; where the system does not tell starts, whether its pid does. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!pidExists(identity.pid)) return false
  const start = startOf(identity.pid)
  return start === undefined || identity.startedAt === '' || start === identity.startedAt
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

/** Whether this process is PostgreSQL (a server, its child, an initdb) at work in this directory. */
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
    // By inode: the path that /proc shows is the other process's view, which a bind mount changes.
    const [work, own] = [statSync(`/proc/${pid}/cwd`), statSync(directory)]
    return work.dev === own.dev && work.ino === own.ino
  } catch {
    return false
  }
}

/** All of them, whether or not a pid file names one. Only Linux tells; elsewhere the list is empty. */
export function serversIn(directory: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => isServerIn(directory, pid))
}

/** Sends the signals one after the other, each after the last one had its time, until none of the processes is left. */
export async function endProcesses(
  pids: number[],
  signals: readonly [NodeJS.Signals, seconds: number][],
): Promise<void> {
  for (const [signal, seconds] of signals) {
    for (const pid of pids.filter(pidExists)) signalProcess(pid, signal)
    const deadline = Date.now() + seconds * 1000
    while (pids.some(pidExists) && Date.now() < deadline) await sleep(10)
  }
}

/** Sends a signal; nothing happens where the process is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
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

// The command name in parentheses may hold spaces: fields count from behind the last one (proc(5)), the state first.
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
