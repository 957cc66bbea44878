import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { DomainError } from '#platform/errors.ts'
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from './embedded.ts'
import { readPidFile } from './embedded-cluster.ts'
import { endProcesses, pidExists, serversIn } from './embedded-processes.ts'
import { findPrograms, serverAccount } from './embedded-programs.ts'

const isRoot = process.getuid?.() === 0
const scratch = mkdtempSync(join(tmpdir(), 'commonhold embedded '))
const started: EmbeddedServer[] = []
const locked: string[] = []
const readable: string[] = []
after(async () => {
  await Promise.all(started.map(server => server.stop()))
  for (const path of locked) chmodSync(path, 0o700)
  for (const path of [scratch, ...readable]) rmSync(path, { recursive: true, force: true })
})

// One initdb serves most tests: a cluster is copied, as a restored backup would be.
const template = join(scratch, 'template')
await (await start(template)).stop()

test('the first start makes a private database, the second one finds its data', async () => {
  const dataDirectory = join(scratch, 'first')
  const first = await start(dataDirectory)
  await ask(first, 'create table kept as select 42 as answer')
  assert.equal(statSync(dataDirectory).mode & 0o777, 0o700)
  assert.equal(statSync(join(dataDirectory, 'postgres')).mode & 0o777, 0o700)
  assert.equal(statSync(join(dataDirectory, 'postgres.password')).mode & 0o777, 0o600)
  assert.deepEqual(await ask(first, "select current_setting('listen_addresses') as listen"), [{ listen: '' }])
  await Promise.all([first.stop(), first.stop()])
  assert.deepEqual(serversIn(join(dataDirectory, 'postgres')), [])
  const second = await start(dataDirectory)
  assert.deepEqual(await ask(second, 'select answer from kept'), [{ answer: 42 }])
})

test('the password is asked for, and a lost one is replaced', async () => {
  const dataDirectory = copyTemplate('password')
  const server = await start(dataDirectory)
  await assert.rejects(ask(server, 'select 1', { password: 'wrong' }), /password authentication failed/)
  await server.stop()
  rmSync(join(dataDirectory, 'postgres.password'))
  const again = await start(dataDirectory)
  assert.notEqual(again.adminConfig().password, server.adminConfig().password)
  assert.deepEqual(await ask(again, 'select 1 as one'), [{ one: 1 }])
})

test('a server whose program was killed is taken over, with what was committed', async () => {
  const dataDirectory = copyTemplate('killed')
  const program = await startProgram(dataDirectory)
  const orphan = readPidFile(join(dataDirectory, 'postgres'))!.pid
  await ask(await start(dataDirectory, { join: true }), 'create table kept as select 42 as answer')
  await kill(program)
  assert.ok(pidExists(orphan), 'control: the server has outlived its program')
  const server = await start(dataDirectory)
  assert.ok(!pidExists(orphan))
  assert.deepEqual(await ask(server, 'select answer from kept'), [{ answer: 42 }])
  const log = readFileSync(join(dataDirectory, 'postgres.log'), 'utf8')
  assert.doesNotMatch(log, /not properly shut down/, 'it was stopped in order')
})

test('after a power cut a pid file that names an unrelated process does not hold the start up', async t => {
  const dataDirectory = copyTemplate('power-cut')
  const directory = join(dataDirectory, 'postgres')
  const program = await startProgram(dataDirectory)
  const server = await start(dataDirectory, { join: true })
  await ask(server, 'create table kept as select 42 as answer')
  await kill(program)
  await endProcesses(serversIn(directory), [['SIGKILL', 5]])
  const unrelated = spawn('sleep', ['60'], { stdio: 'ignore', ...serverAccount(directory) })
  t.after(() => unrelated.kill())
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const path = join(directory, name)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(unrelated.pid)))
  }
  const holder = join(dataDirectory, 'commonhold.lock')
  writeFileSync(holder, JSON.stringify({ ...JSON.parse(readFileSync(holder, 'utf8')), pid: unrelated.pid }))
  const again = await start(dataDirectory)
  assert.deepEqual(await ask(again, 'select answer from kept'), [{ answer: 42 }])
  assert.equal(unrelated.exitCode ?? unrelated.signalCode, null, 'the unrelated process is left alone')
})

test('an empty pid file is no obstacle', async () => {
  const dataDirectory = copyTemplate('empty-pid-file')
  writeFileSync(join(dataDirectory, 'postgres', 'postmaster.pid'), '')
  assert.deepEqual(await ask(await start(dataDirectory), 'select 1 as one'), [{ one: 1 }])
})

test('sessions that outlive a killed server are ended before the next one starts', async () => {
  const dataDirectory = copyTemplate('orphans')
  const server = await start(dataDirectory)
  const busy = ask(server, `do $$ begin for i in 1..2000000000 loop end loop; end $$`).catch(() => {})
  await sleep(200)
  const orphans = serversIn(join(dataDirectory, 'postgres'))
  process.kill(readPidFile(join(dataDirectory, 'postgres'))!.pid, 'SIGKILL')
  await until(() => !existsSync(join(dataDirectory, 'commonhold.lock')))
  assert.ok(orphans.some(pidExists), 'control: the busy session lives on')
  assert.deepEqual(await ask(await start(dataDirectory), 'select 1 as one'), [{ one: 1 }])
  assert.ok(!orphans.some(pidExists))
  await busy
})

test('a server that ends by itself is reported', async () => {
  const dataDirectory = copyTemplate('lost')
  const lost = Promise.withResolvers<DomainError>()
  await start(dataDirectory, { onLost: lost.resolve })
  process.kill(readPidFile(join(dataDirectory, 'postgres'))!.pid, 'SIGKILL')
  assert.match((await lost.promise).message, /ended by itself \(SIGKILL\); start again to recover/)
})

test('a program that exits, or is ended by a signal it does not handle, takes its server with it', async () => {
  const dataDirectory = copyTemplate('exit')
  for (const end of ['setTimeout(() => process.exit(0), 50)', 'process.kill(process.pid, "SIGINT")']) {
    const program = await startProgram(dataDirectory, end)
    await ended(program)
    assert.equal(program.exitCode, end.includes('SIGINT') ? 130 : 0)
    await until(() => serversIn(join(dataDirectory, 'postgres')).length === 0)
    assert.match(readFileSync(join(dataDirectory, 'postgres.log'), 'utf8'), /database system is shut down\n$/)
  }
})

test('of programs that start at once one starts, and the others name it', async () => {
  const dataDirectory = join(scratch, 'at-once')
  const programs = await Promise.all([1, 2, 3, 4].map(() => runProgram(dataDirectory)))
  const [winner, ...more] = programs.filter(program => program.said === 'ready')
  assert.ok(winner && more.length === 0, programs.map(program => program.said).join('\n'))
  for (const { said } of programs.filter(program => program !== winner)) {
    assert.match(said, /^conflict: The data directory .* is in use by process \d+ \(.*\); stop that one, or set /)
    assert.ok(said.includes(`process ${winner.child.pid} `), said)
  }
  const guest = await start(dataDirectory, { join: true })
  await guest.stop()
  assert.deepEqual(await ask(guest, 'select 1 as one'), [{ one: 1 }], 'a guest leaves the server running')
  await kill(winner.child)
  await (await start(dataDirectory)).stop()
})

test('a database of another major version is refused and stays as it is', async () => {
  const dataDirectory = copyTemplate('version')
  writeFileSync(join(dataDirectory, 'postgres', 'PG_VERSION'), '17\n')
  const before = snapshot(dataDirectory)
  await refuses(
    dataDirectory,
    'conflict',
    /was made by PostgreSQL 17, and this program brings PostgreSQL 18; start it with/,
  )
  assert.deepEqual(snapshot(dataDirectory), before)
})

test('a directory that holds other files is refused and stays as it is', async () => {
  const dataDirectory = join(scratch, 'other-files')
  mkdirSync(join(dataDirectory, 'postgres'), { recursive: true })
  writeFileSync(join(dataDirectory, 'postgres', 'thesis.txt'), 'years of work')
  const before = snapshot(dataDirectory)
  await refuses(
    dataDirectory,
    'conflict',
    /postgres holds something that is no PostgreSQL database; move it away, or set/,
  )
  assert.deepEqual(snapshot(dataDirectory), before)
})

test('a first start that was killed half way is begun again, and nothing else is removed', async () => {
  const dataDirectory = join(scratch, 'half-way')
  mkdirSync(dataDirectory, { mode: 0o700 })
  writeFileSync(join(dataDirectory, 'notes.txt'), 'mine')
  const program = spawnProgram(dataDirectory)
  const drafts = () => readdirSync(dataDirectory).filter(name => name.startsWith('postgres.unfinished-'))
  await until(() => drafts().some(name => existsSync(join(dataDirectory, name, 'PG_VERSION'))))
  await kill(program)
  assert.equal(drafts().length, 1, 'control: initdb was not finished')
  const server = await start(dataDirectory)
  assert.deepEqual(await ask(server, 'select 1 as one'), [{ one: 1 }])
  assert.deepEqual(drafts(), [])
  assert.equal(readFileSync(join(dataDirectory, 'notes.txt'), 'utf8'), 'mine')
})

test('without write permission the sentence says where and for whom', async () => {
  const parent = join(scratch, 'read-only')
  mkdirSync(parent, { mode: 0o555 })
  locked.push(parent)
  const account = serverAccount(join(parent, 'postgres'))
  chmodSync(scratch, 0o711)
  const { said } = await runProgram(join(parent, 'data'), '', account)
  assert.match(
    said,
    /^unavailable: Commonhold cannot write to .*read-only\/data \(EACCES\); give user \S+ write permission/,
  )
  assert.deepEqual(readdirSync(parent), [])
})

test('a data directory that cannot be written is named, not the file that was tried in it', async () => {
  const dataDirectory = join(scratch, 'read-only-data')
  mkdirSync(dataDirectory, { mode: 0o555 })
  locked.push(dataDirectory)
  chmodSync(scratch, 0o711)
  const { said } = await runProgram(dataDirectory, '', serverAccount(join(dataDirectory, 'postgres')))
  assert.match(said, /^unavailable: Commonhold cannot write to .*\/read-only-data \(EACCES\); give user/)
})

test('a full disk is said so, before, during and after the database was made, and costs no data', async t => {
  const disk = join(scratch, 'disk')
  mkdirSync(disk)
  const remount = (options: string) => spawnSync('mount', ['-o', `remount,${options}`, disk]).status
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=50m', 'tmpfs', disk]).status !== 0) {
    t.skip('no file system of a given size can be mounted here: run the tests as root to try the full disk')
    return
  }
  t.after(() => spawnSync('umount', ['-l', disk]))
  const dataDirectory = join(disk, 'data')
  const sentence = /no room on the disk of .*disk\/data \(\d+ MB and \d+ files are free, 100 MB are needed\); make room/
  await refuses(dataDirectory, 'unavailable', sentence)
  remount('size=300m,nr_inodes=500')
  await refuses(dataDirectory, 'unavailable', sentence)
  assert.deepEqual(
    readdirSync(dataDirectory),
    ['commonhold.lock'].slice(1),
    'control: initdb had begun and was cleaned up',
  )
  remount('size=300m,nr_inodes=0')
  const server = await start(dataDirectory)
  await ask(server, 'create table kept as select 42 as answer')
  await server.stop()
  const filler = join(disk, 'filler')
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(bavail * bsize))
  await refuses(dataDirectory, 'unavailable', sentence)
  rmSync(filler)
  const again = await start(dataDirectory)
  assert.deepEqual(await ask(again, 'select answer from kept'), [{ answer: 42 }])
  await again.stop()
})

test('a path too long for a socket is served through a short private directory', async () => {
  const dataDirectory = copyTemplate(`long-${'x'.repeat(100)}`)
  const server = await start(dataDirectory)
  const { host } = server.adminConfig()
  assert.deepEqual(await ask(server, 'select 1 as one'), [{ one: 1 }])
  assert.equal(statSync(host!).mode & 0o777, 0o700)
  await server.stop()
  assert.ok(!existsSync(host!))
})

test('on request it also listens on a loopback port, and says when that is in use', async t => {
  const dataDirectory = copyTemplate('port')
  const listener = createServer().listen(0, '127.0.0.1')
  t.after(() => listener.close())
  await new Promise(resolve => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  await assert.rejects(start(dataDirectory, { port }), {
    message: new RegExp(`^The port ${port} of 127.0.0.1 is in use`),
  })
  await new Promise(resolve => listener.close(resolve))
  const server = await start(dataDirectory, { port })
  assert.deepEqual(await ask(server, 'select 1 as one', { host: '127.0.0.1' }), [{ one: 1 }])
})

test('programs that the server user cannot reach, or that lack their links, are run from a copy', () => {
  const account = serverAccount('/nowhere')
  const build = copyBuild(join(scratch, 'private'))
  chmodSync(join(scratch, 'private'), 0o700)
  chmodSync(join(build.native, 'lib'), 0o500)
  locked.push(join(build.native, 'lib'))
  const readable = readableDirectory()
  const programs = findPrograms(account, [readable], build)
  assert.ok(programs.bin.startsWith(readable))
  assert.equal(programs.major, '18')
  assert.equal(readdirSync(readable).length, 1, 'nothing else is left there')
  assert.throws(() => findPrograms(account, [], build), { code: 'database.embedded_not_runnable' })
  chmodSync(readable, 0o777)
  assert.throws(() => findPrograms(account, [readable], build), /can be changed by others/)
})

test('library links that npm did not make are made, by several programs at once', async () => {
  const account = serverAccount('/nowhere')
  const build = copyBuild(readableDirectory())
  const code = `
    import { findPrograms } from ${JSON.stringify(import.meta.resolve('./embedded-programs.ts'))}
    console.log(findPrograms(${JSON.stringify(account)}, [], ${JSON.stringify(build)}).bin)`
  const answers = await Promise.all([1, 2, 3].map(() => firstLine(spawnCode(code))))
  assert.deepEqual(new Set(answers), new Set([join(build.native, 'bin')]))
})

test('root runs the server as the owner of an existing database, else as postgres or nobody', () => {
  const cluster = join(scratch, 'owned')
  mkdirSync(cluster)
  const account = serverAccount(cluster)
  if (!isRoot) return assert.equal(account, undefined)
  assert.ok(account && account.uid !== 0)
  chownSync(cluster, 4321, 4321)
  assert.deepEqual(serverAccount(cluster), { name: '4321', uid: 4321, gid: 4321 })
})

async function start(dataDirectory: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDirectory, durable: false, ...options })
  started.push(server)
  return server
}

async function refuses(dataDirectory: string, kind: string, sentence: RegExp): Promise<void> {
  await assert.rejects(start(dataDirectory), (error: DomainError) => {
    assert.ok(error instanceof DomainError, String(error))
    assert.equal(error.kind, kind)
    assert.match(error.message, sentence)
    return true
  })
}

function copyTemplate(name: string): string {
  const dataDirectory = join(scratch, name)
  cpSync(template, dataDirectory, { recursive: true })
  return dataDirectory
}

/** The installed programs as npm unpacks them, below `parent`. */
function copyBuild(parent: string): { native: string; version: string } {
  const native = join(parent, 'package', 'native')
  cpSync(join(findPrograms(serverAccount('/nowhere'), []).bin, '..'), native, {
    recursive: true,
    filter: path => !path.endsWith('.a') && !lstatSync(path).isSymbolicLink(),
  })
  return { native, version: 'test' }
}

/** A directory that every user can pass, which `scratch` is not. */
function readableDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-embedded-'))
  chmodSync(directory, 0o755)
  readable.push(directory)
  return directory
}

async function ask(server: EmbeddedServer, text: string, other: pg.ClientConfig = {}): Promise<unknown[]> {
  const client = new pg.Client({ ...server.adminConfig(), ...other })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A program of its own that starts the server, says how that went, and stays. */
function spawnProgram(dataDirectory: string, then = '', account?: { uid: number; gid: number }): ChildProcess {
  const code = `
    import { startEmbedded } from ${JSON.stringify(import.meta.resolve('./embedded.ts'))}
    try {
      await startEmbedded({ dataDirectory: ${JSON.stringify(dataDirectory)}, durable: false })
      console.log('ready')
      setInterval(() => {}, 1000)
    } catch (error) {
      console.log(error.kind + ': ' + error.message)
    }
    ${then}`
  return spawnCode(code, account)
}

function spawnCode(code: string, account?: { uid: number; gid: number }): ChildProcess {
  const { uid, gid } = account ?? {}
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid }),
  })
}

async function runProgram(...args: Parameters<typeof spawnProgram>): Promise<{ child: ChildProcess; said: string }> {
  const child = spawnProgram(...args)
  return { child, said: await firstLine(child) }
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface(child.stdout!)) return line
  throw new Error('the program said nothing')
}

async function startProgram(...args: Parameters<typeof spawnProgram>): Promise<ChildProcess> {
  const { child, said } = await runProgram(...args)
  assert.equal(said, 'ready')
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await ended(child)
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await new Promise(resolve => child.once('exit', resolve))
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 2000) throw new Error('it did not happen within 10 seconds')
    await sleep(5)
  }
}

function snapshot(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => `${path} ${statSync(path).mtimeMs} ${statSync(path).size} ${statSync(path).uid}`)
    .filter(line => !line.startsWith(`${directory} `))
    .sort()
}
