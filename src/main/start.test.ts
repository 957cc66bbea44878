import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startEmbedded } from '../platform/database/embedded.ts'
import { readPidFile } from '../platform/database/embedded-cluster.ts'
import { pidExists, serversIn } from '../platform/database/embedded-processes.ts'

const dataDirectory = mkdtempSync(join(tmpdir(), 'commonhold-start-'))
const programs: ChildProcess[] = []
after(() => {
  for (const program of programs) program.kill('SIGKILL')
  rmSync(dataDirectory, { recursive: true, force: true })
})

test('on an empty directory it starts, says where, with whom and how to stop, and is ready', async () => {
  const port = await freePort()
  const program = start({ port, demonstration: true })
  const said = await announcement(program)
  assert.match(said, new RegExp(`http://localhost:${port}\n`))
  assert.match(said, /ann@example\.org {3}secret-1 {3}owner of First\n/)
  assert.match(said, /Stop with Ctrl-C/)
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
  const file = join(dataDirectory, 'demo.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), [
    { email: 'ann@example.org', password: 'secret-1', tenant: 'First', role: 'owner' },
  ])

  program.child.kill('SIGINT')
  await sleep(5)
  program.child.kill('SIGINT')
  assert.equal(await exitCode(program), 0)
  assert.match(program.output(), /Stopping\n/)
  assert.deepEqual(serversIn(join(dataDirectory, 'postgres')), [])
  assert.match(readFileSync(join(dataDirectory, 'postgres.log'), 'utf8'), /database system is shut down\n$/)
})

test('it is ready only while the database has all of its migrations', async () => {
  const port = await freePort()
  const program = start({ port, demonstration: true })
  await announcement(program)
  const server = await startEmbedded({ dataDirectory, join: true })
  const admin = new pg.Client(server.adminConfig('commonhold'))
  await admin.connect()
  const setNewest = (state: string) =>
    admin.query('update platform.migrations set state = $1 where name = (select max(name) from platform.migrations)', [
      state,
    ])
  const ready = () => fetch(`http://127.0.0.1:${port}/readyz`)
  await setNewest('reverting')
  const refused = await ready()
  assert.equal(refused.status, 503)
  assert.match(await refused.text(), /run commonhold db up/)
  await setNewest('applied')
  assert.equal((await ready()).status, 200)
  await admin.end()
  program.child.kill('SIGTERM')
  assert.equal(await exitCode(program), 0)
})

test('killed with SIGKILL it starts again on the same data, and shows the same sign-ins', async () => {
  const port = await freePort()
  const first = start({ port, demonstration: true })
  assert.match(await announcement(first), /secret-1/)
  const { pid } = readPidFile(join(dataDirectory, 'postgres'))!
  first.child.kill('SIGKILL')
  await exitCode(first)
  assert.ok(pidExists(pid), 'control: PostgreSQL has outlived the program')

  const second = start({ port, demonstration: true })
  assert.match(await announcement(second), /secret-1/)
  assert.ok(!pidExists(pid))
  second.child.kill('SIGTERM')
  assert.equal(await exitCode(second), 0)
})

test('a second program on the same directory is refused by the pid of the first, which goes on', async () => {
  const port = await freePort()
  const first = start({ port })
  const link = /^ {2}(http:\S+)$/m.exec(await announcement(first))?.[1]
  assert.match(link ?? '', new RegExp(`^http://localhost:${port}/setup#token=[\\w-]{43}$`))
  const second = start({ port: await freePort() })
  assert.equal(await exitCode(second), 3)
  assert.match(second.output(), new RegExp(`^conflict: The data directory .* is in use by process ${first.child.pid} `))
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200)
  first.child.kill('SIGTERM')
  assert.equal(await exitCode(first), 0)
})

test('a port in use is named with the setting that changes it, and nothing is left running', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await new Promise(resolve => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number }
  const program = start({ port })
  assert.equal(await exitCode(program), 5)
  const sentence = `unavailable: Port ${port} of 127.0.0.1 is in use by another program; stop that one, or set COMMONHOLD_PORT to another port.`
  assert.equal(program.output().trim(), sentence)
  assert.deepEqual(serversIn(join(dataDirectory, 'postgres')), [])
})

test('it ends when PostgreSQL is lost, and says so', async () => {
  const program = start({ port: await freePort() })
  await announcement(program)
  process.kill(readPidFile(join(dataDirectory, 'postgres'))!.pid, 'SIGKILL')
  assert.equal(await exitCode(program), 5)
  assert.match(
    program.output(),
    /unavailable: The embedded PostgreSQL in .* ended by itself \(SIGKILL\); start again to recover/,
  )
})

type Program = { child: ChildProcess; output(): string }

/** `commonhold start` in a process of its own, without the command line before it. */
function start({ port, demonstration = false }: { port: number; demonstration?: boolean }): Program {
  const people = [{ email: 'ann@example.org', password: 'secret-1', tenant: 'First', role: 'owner' }]
  const code = `
    const { loadConfig } = await import(${JSON.stringify(import.meta.resolve('./config.ts'))})
    const { modules } = await import(${JSON.stringify(import.meta.resolve('./modules.ts'))})
    const { runStart } = await import(${JSON.stringify(import.meta.resolve('./start.ts'))})
    const environment = ${JSON.stringify({
      COMMONHOLD_DATA_DIR: dataDirectory,
      COMMONHOLD_PORT: String(port),
      COMMONHOLD_LOG_LEVEL: 'silent',
    })}
    const people = ${JSON.stringify(people)}
    const demonstration = async (_app, known) => (known.length > 0 ? known : people)
    try {
      const { settings } = loadConfig(modules, environment)
      await runStart({ settings, modules, ...(${demonstration} ? { demonstration } : {}) })
    } catch (error) {
      console.error((error.kind ?? error.stack) + ': ' + error.message)
      process.exitCode = { conflict: 3, unavailable: 5 }[error.kind] ?? 1
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  programs.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  return { child, output: () => output }
}

/** What it prints once it serves. */
async function announcement(program: Program): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface(program.child.stdout!)) {
    lines.push(line)
    if (line.includes('Stop with')) return `${lines.join('\n')}\n`
  }
  throw new Error(`It ended instead: ${program.output()}`)
}

async function exitCode({ child }: Program): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await new Promise(resolve => child.once('close', resolve))
  return child.exitCode
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  return port
}
