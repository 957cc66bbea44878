// node test/run.ts [files…]: one PostgreSQL for all test files, a migrated template in it, then node's test runner.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbedded } from '../src/platform/database/embedded.ts'
import { migrateDatabase } from '../src/platform/database/migrate.ts'
import { adminConfigOf, type TestServer } from './support/server.ts'

const files = process.argv.slice(2).filter(argument => !argument.startsWith('-'))
const flags = process.argv.slice(2).filter(argument => argument.startsWith('-'))
const patterns = ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts']
const runId = randomBytes(4).toString('hex')

async function main(): Promise<number> {
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

async function runOn(url: URL): Promise<number> {
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
    return await runFiles(server)
  } finally {
    const { rows } = await admin.query('select datname from pg_database where datname like $1', [
      `commonhold_%${runId}%`,
    ])
    for (const { datname } of rows) await admin.query(`drop database ${datname} with (force)`)
    await admin.query(`drop role if exists ${server.login.user}`)
    await admin.end()
  }
}

function runFiles(server: TestServer): Promise<number> {
  const found = files.length > 0 ? files : patterns.flatMap(pattern => globSync(pattern)).sort()
  const child = spawn(process.execPath, ['--test', '--test-concurrency=2', ...flags, ...found], {
    stdio: 'inherit',
    env: { ...process.env, COMMONHOLD_TEST_SERVER: JSON.stringify(server) },
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise(resolve => child.on('close', code => resolve(code ?? 1)))
}

process.exitCode = await main()
