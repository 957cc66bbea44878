// node test/run.ts [files…]: one PostgreSQL for all test files, a migrated template in it, then node's test runner.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import pg from 'pg'
import { startEmbedded } from '../src/platform/database/embedded.ts'
import { migrateDatabase } from '../src/platform/database/migrate.ts'
import { bundleLibraries } from './support/bundles.ts'
import { adminConfigOf, type TestServer } from './support/server.ts'

const given = process.argv.slice(2)
const runId = randomBytes(4).toString('hex')

// Every file loads the same program: with what V8 made of it the first time, that takes half. Its first semi-space of
// 1 MB is full a hundred times while a program starts.
process.env.NODE_COMPILE_CACHE ??= resolve('node_modules', '.cache', 'commonhold-tests')
const execArgv = ['--min-semi-space-size=16', `--import=${new URL('support/bundles-hook.ts', import.meta.url)}`]

async function main(): Promise<boolean> {
  process.env.COMMONHOLD_TEST_BUNDLES = await bundleLibraries('node_modules/.cache/commonhold-test-bundles')
  const external = process.env.DATABASE_URL
  if (external) return await runOn(new URL(external))
  const directory = mkdtempSync(join(roomyMemory() ?? tmpdir(), 'commonhold-test-'))
  chmodSync(directory, 0o755)
  const embedded = await startEmbedded({ dataDirectory: directory, durable: false })
  try {
    const { host, port, user, password } = embedded.adminConfig()
    const url = new URL('postgres://localhost/postgres')
    url.username = user ?? ''
    url.password = typeof password === 'string' ? password : ''
    url.searchParams.set('host', host ?? 'localhost')
    url.port = String(port)
    return await runOn(url)
  } finally {
    await embedded.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

// Each test file makes a thousand files and removes them: a file system on disk is busy with that for a fifth of what
// PostgreSQL does. Where /dev/shm is small, as it is in a container that nobody has told otherwise, it is no place for it.
function roomyMemory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize >= 6 * 2 ** 30 ? '/dev/shm' : undefined
  } catch {
    return undefined
  }
}

async function runOn(url: URL): Promise<boolean> {
  const server: TestServer = {
    url: url.href,
    template: `commonhold_template_${runId}`,
    login: { user: `commonhold_test_${runId}`, password: randomBytes(16).toString('hex') },
  }
  const admin = new pg.Client(adminConfigOf(server, undefined))
  await admin.connect()
  try {
    const { rows } = await admin.query('show server_version')
    console.error(`Tests run on PostgreSQL ${rows[0].server_version}`)
    await admin.query(`create database ${server.template}`)
    await migrateDatabase({ admin: adminConfigOf(server, server.template) })
    await admin.query(
      `create role ${server.login.user} login password '${server.login.password}' in role commonhold_app`,
    )
    process.env.COMMONHOLD_TEST_SERVER = JSON.stringify(server)
    return given.length > 0 ? await runGiven() : await runAll()
  } finally {
    const { rows } = await admin.query('select datname from pg_database where datname like $1', [
      `commonhold_%${runId}%`,
    ])
    for (const { datname } of rows) await admin.query(`drop database ${datname} with (force)`)
    await admin.query(`drop role if exists ${server.login.user}`)
    await admin.end()
  }
}

/** What node's test runner takes, files and options, as it takes it. */
function runGiven(): Promise<boolean> {
  const named = given.some(argument => !argument.startsWith('-'))
  const args = [...execArgv, '--test', '--test-concurrency=2', ...given, ...(named ? [] : allFiles())]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  stop.signal.addEventListener('abort', () => child.kill())
  return new Promise(done => child.on('close', code => done(code === 0)))
}

function allFiles(): string[] {
  return ['src', 'test', 'bench']
    .flatMap(folder => globSync(`${folder}/**/*.test.ts`))
    .map(file => file.replaceAll(sep, '/'))
    .sort()
}

// Half a minute and more each: begun last, one of them would run on alone.
const longest = [
  'test/isolation-routes.test.ts',
  'src/contractors/imports/imports.test.ts',
  'test/migrations.test.ts',
  'test/placed-routes.test.ts',
  'test/example/guide.test.ts',
  'test/journeys/console.test.ts',
  'test/journeys/lists.test.ts',
  'src/platform/operations/backups/placed-restores.test.ts',
  'test/deletion.test.ts',
  'test/moves.test.ts',
]

// Compares how long answers take: what runs beside it blurs that.
const alone = ['test/abuse/enumeration.test.ts']

/**
 * A file waits in turn for its database, a journey for its browser, so that two cores have work for four of them. Journeys
 * come between the others, from the first: side by side, each with its browser, they would want more than there is.
 */
async function runAll(): Promise<boolean> {
  const files = allFiles()
  const missing = [...longest, ...alone].filter(file => !files.includes(file))
  if (missing.length > 0) throw new Error(`test/run.ts names what is not there: ${missing}`)
  const rest = files.filter(file => ![...longest, ...alone].includes(file))
  const isJourney = (file: string) => file.startsWith('test/journeys/')
  const mixed = spread(
    rest.filter(file => isJourney(file)),
    rest.filter(file => !isJourney(file)),
  )
  const passed = [await runFiles([...longest, ...mixed], 4), await runFiles(alone, 1)]
  showSlowest()
  return passed.every(Boolean)
}

/** Seconds that each file took, beside the others. */
const durations = new Map<string, number>()

function showSlowest(): void {
  const slowest = [...durations].sort(([, a], [, b]) => b - a).slice(0, 20)
  for (const [file, seconds] of slowest) console.error(`${seconds.toFixed(1).padStart(7)} s  ${relative('.', file)}`)
}

/**
 * What all that has ended under this process took of the processors, where the system tells: the clock also tells what
 * else the machine had to do.
 */
function showProcessorTime(): void {
  let text: string
  try {
    text = readFileSync('/proc/self/stat', 'utf8')
  } catch {
    return
  }
  // cutime and cstime of proc(5), in hundredths of a second, counted from what follows the name of the program.
  const [children = 0, system = 0] = text.split(') ').at(-1)?.split(' ').slice(13, 15).map(Number) ?? []
  console.error(`${((children + system) / 100).toFixed(0).padStart(7)} s  of the processors in all`)
}

/** The few among the many, as evenly as it goes, and done a little before them. */
function spread(few: string[], many: string[]): string[] {
  const each = Math.floor(many.length / (few.length + 1))
  return [
    ...few.flatMap((one, index) => [one, ...many.slice(index * each, (index + 1) * each)]),
    ...many.slice(few.length * each),
  ]
}

const stop = new AbortController()

function runFiles(files: string[], concurrency: number): Promise<boolean> {
  const { signal } = stop
  const tests = run({ files: files.map(file => resolve(file)), concurrency, execArgv, signal })
  let passed = false
  tests.on('test:summary', ({ file, success, duration_ms: durationMs }) => {
    if (file === undefined) passed = success
    else durations.set(file, durationMs / 1000)
  })
  const shown = tests.compose(spec)
  shown.pipe(process.stdout, { end: false })
  return new Promise((done, fail) => shown.on('end', () => done(passed)).on('error', fail))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
// Who reads it has gone: the server must not outlive this process.
process.stdout.on('error', () => stop.abort())
process.exitCode = (await main()) ? 0 : 1
showProcessorTime()
