// node test/run.ts [files…]: one PostgreSQL for all test files, a migrated template in it, then node's test runner.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import pg from 'pg'
import { startEmbedded } from '../src/platform/database/embedded.ts'
import { migrateDatabase } from '../src/platform/database/migrate.ts'
import { adminConfigOf, type TestServer } from './support/server.ts'

const given = process.argv.slice(2)
const runId = randomBytes(4).toString('hex')

// Every file loads the same program: with what V8 made of it the first time, that takes half. Its first semi-space of
// 1 MB is full a hundred times while a program starts.
process.env.NODE_COMPILE_CACHE ??= resolve('node_modules', '.cache', 'commonhold-tests')
const memory = '--min-semi-space-size=16'

async function main(): Promise<boolean> {
  const external = process.env.DATABASE_URL
  if (external) return await runOn(new URL(external))
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-test-'))
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
  const args = [memory, '--test', '--test-concurrency=2', ...given, ...(named ? [] : allFiles())]
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
]

// Compares how long answers take: what runs beside it blurs that.
const alone = ['test/abuse/enumeration.test.ts']

/**
 * Each file is a process that waits in turn for its database, so that two cores have work for three of them. A journey has
 * a browser beside that: they come by themselves, two at a time.
 */
async function runAll(): Promise<boolean> {
  const files = allFiles()
  const missing = [...longest, ...alone].filter(file => !files.includes(file))
  if (missing.length > 0) throw new Error(`test/run.ts names what is not there: ${missing}`)
  const journeys = files.filter(file => file.startsWith('test/journeys/'))
  const others = files.filter(file => ![...longest, ...alone, ...journeys].includes(file))
  const passed = [await runFiles([...longest, ...others], 3), await runFiles(journeys, 2), await runFiles(alone, 1)]
  return passed.every(Boolean)
}

const stop = new AbortController()

function runFiles(files: string[], concurrency: number): Promise<boolean> {
  const { signal } = stop
  const tests = run({ files: files.map(file => resolve(file)), concurrency, execArgv: [memory], signal })
  let passed = false
  tests.on('test:summary', ({ file, success }) => {
    if (file === undefined) passed = success
  })
  const shown = tests.compose(spec)
  shown.pipe(process.stdout, { end: false })
  return new Promise((done, fail) => shown.on('end', () => done(passed)).on('error', fail))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
process.exitCode = (await main()) ? 0 : 1
