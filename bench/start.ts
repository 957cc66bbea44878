import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, BenchResult } from './context.ts'

/** Seconds from `npm start` to /readyz: the first time with all data and the console's build, and the second time. */
const start: Bench = async ({ log }) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'commonhold-bench-start-'))
  chmodSync(dataDirectory, 0o755)
  rmSync('dist/console', { recursive: true, force: true })
  const results: BenchResult[] = []
  try {
    for (const { name, limit } of [
      { name: 'first start to /readyz, with data and the console built', limit: 25 },
      { name: 'second start to /readyz', limit: 3 },
    ]) {
      const value = await startOnce(dataDirectory)
      log(`${name}: ${value.toFixed(1)} s`)
      results.push({ name, value, unit: 's', target: `≤ ${limit}`, ok: value <= limit })
    }
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true })
  }
  return results
}

export default start

async function startOnce(dataDirectory: string): Promise<number> {
  const port = await freePort()
  const began = performance.now()
  const program = spawn('npm', ['start'], {
    stdio: 'ignore',
    env: { ...process.env, COMMONHOLD_DATA_DIR: dataDirectory, COMMONHOLD_PORT: String(port) },
    detached: true,
  })
  let ended = false
  const exited = new Promise<void>(resolve => {
    program.once('exit', () => {
      ended = true
      resolve()
    })
  })
  while (!(await isReady(port))) {
    if (ended) throw new Error('The program ended before it was ready')
    await sleep(20)
  }
  const seconds = (performance.now() - began) / 1000
  process.kill(-(program.pid as number), 'SIGTERM')
  await exited
  // npm may go before the program: the next start would find the data directory in use.
  while (await isReady(port)) await sleep(50)
  await sleep(1_500)
  return seconds
}

const isReady = (port: number) =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    response => response.ok,
    () => false,
  )

function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise(resolve => {
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
