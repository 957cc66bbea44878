import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import type pg from 'pg'

type Calls = Readonly<Record<string, (given: never) => unknown>>
type Question = { id: number; name: string; given: unknown }
type Answer = { id: number; result?: unknown; fault?: string }

export type Process = {
  ask<Result>(name: string, given?: unknown): Promise<Result>
  /** Seconds that the process has had since it began. */
  cpu(): Promise<number>
  /** MiB of heap that is still held after the garbage is gone, and of the process. */
  memory(): Promise<{ heap: number; resident: number }>
  stop(): Promise<void>
}

/** A process of its own for what is measured; `profile` is a folder for what V8 has seen of it. */
export function startProcess(path: string, profile?: string): Process {
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = fork(path, { execArgv: ['--expose-gc', ...flags], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  child.on('message', ({ id, result, fault }: Answer) => {
    if (fault === undefined) open.get(id)?.resolve(result)
    else open.get(id)?.reject(new Error(fault))
    open.delete(id)
  })
  const exited = once(child, 'exit')
  void exited.then(([code]) => {
    for (const { reject } of open.values()) reject(new Error(`${path} ended with ${code}`))
  })
  const ask = <Result>(name: string, given?: unknown): Promise<Result> => {
    const answer = Promise.withResolvers<unknown>()
    open.set(++last, answer)
    child.send({ id: last, name, given })
    return answer.promise as Promise<Result>
  }
  return {
    ask,
    cpu: () => ask('cpu'),
    memory: () => ask('memory'),
    async stop() {
      child.disconnect()
      await exited
    },
  }
}

/** The other side of `startProcess`: answers until nobody asks any more. */
export function answer(calls: Calls): void {
  const all: Calls = { ...calls, cpu, memory }
  process.on('message', async ({ id, name, given }: Question) => {
    try {
      process.send?.({ id, result: await all[name]?.(given as never) })
    } catch (error) {
      process.send?.({ id, fault: (error as Error).stack })
    }
  })
  process.on('disconnect', () => process.exit())
}

function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function memory() {
  globalThis.gc?.()
  return { heap: getHeapStatistics().used_heap_size / 2 ** 20, resident: process.memoryUsage.rss() / 2 ** 20 }
}

/** Seconds of CPU that PostgreSQL has had, its ended processes too. */
export async function watchPostgres(admin: pg.Client): Promise<() => number> {
  const { rows } = await admin.query<{ pid: number }>('select pg_backend_pid() as pid')
  const postmaster = statOf(String(rows[0]?.pid))?.parent
  return () =>
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .reduce((sum, pid) => {
        const stat = statOf(pid)
        if (!stat) return sum
        if (pid === postmaster) return sum + stat.own + stat.ofEnded
        return stat.parent === postmaster ? sum + stat.own : sum
      }, 0)
}

/** proc(5): after the name come state, parent … and from the 12th on ticks of a hundredth of a second. */
function statOf(pid: string) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const seconds = (from: number) => (Number(fields[from]) + Number(fields[from + 1])) / 100
    return { parent: fields[1], own: seconds(11), ofEnded: seconds(13) }
  } catch {
    // It has ended since.
    return undefined
  }
}
