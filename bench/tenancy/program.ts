import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

export type Program = { address: string; secondsToReady: number; memory(): number; stop(): Promise<void> }

/** `commonhold start` on a database that there is, as people run it. `memory` is resident, in MiB. */
export async function startProgram(
  { host, port, user, password, database }: pg.ClientConfig,
  keys: string,
  dataDir: string,
): Promise<Program> {
  const listening = await freePort()
  const login = `${encodeURIComponent(user as string)}:${encodeURIComponent(password as string)}`
  const place = host?.startsWith('/')
    ? `localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `${host}:${port}/${database}`
  const began = performance.now()
  const program = spawn(process.execPath, ['bin/commonhold', 'start', '--no-demo'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      DATABASE_URL: `postgres://${login}@${place}`,
      COMMONHOLD_KEYS: keys,
      COMMONHOLD_DATA_DIR: dataDir,
      COMMONHOLD_PORT: String(listening),
      COMMONHOLD_RATE_LIMIT: '1000000',
    },
  })
  const exited = once(program, 'exit')
  const address = `http://127.0.0.1:${listening}`
  while (!(await isReady(address))) {
    if (program.exitCode !== null) throw new Error(`The program ended with ${program.exitCode} before it was ready`)
    await sleep(10)
  }
  return {
    address,
    secondsToReady: (performance.now() - began) / 1000,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))?.[1]) / 1024,
    async stop() {
      program.kill('SIGTERM')
      await exited
    },
  }
}

const isReady = (address: string) =>
  fetch(`${address}/readyz`).then(
    response => response.ok,
    () => false,
  )

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as { port: number }
    probe.close(() => resolve(port))
  })
  return promise
}
