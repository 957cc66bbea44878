import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { DomainError } from '#platform/errors.ts'
import { startEmbedded } from '../platform/database/embedded.ts'
import { loadConfig } from './config.ts'
import { clientConfigOf, openDatabase } from './database.ts'

const certificates = join(import.meta.dirname, '..', '..', 'test', 'support', 'tls')
const authority = join(certificates, 'ca.pem')

const dataDirectory = mkdtempSync(join(tmpdir(), 'commonhold-database-'))
const server = await startServer()
const { port } = server
const { password } = server.adminConfig()
after(async () => {
  await server.stop()
  rmSync(dataDirectory, { recursive: true, force: true })
})

test('a server on this machine is used as it is, any other one only with verified TLS', () => {
  assert.equal(clientConfigOf('postgres://u:p@localhost/d', undefined).ssl, undefined)
  assert.equal(clientConfigOf('postgres:///d?host=/run/postgresql', undefined).ssl, undefined)
  for (const url of [
    'postgres://u:p@db.example.org/d',
    'postgres://localhost/d?sslmode=require',
    'postgres://[fe80::1]/d',
  ]) {
    assert.equal((clientConfigOf(url, undefined).ssl as { rejectUnauthorized: boolean }).rejectUnauthorized, true, url)
  }
  assert.equal(clientConfigOf('postgres://db.example.org/d?sslmode=disable', undefined).ssl, undefined)
})

test('an address is taken apart with its escapes, and what is not understood is refused', () => {
  const config = clientConfigOf('postgresql://us%40er:p%2Fw@[::1]:6432/my%20db?application_name=me', undefined)
  const { host, user, password, database } = config
  assert.deepEqual(
    { host, port: config.port, user, password, database },
    {
      ...{ host: '::1', port: 6432, user: 'us@er', password: 'p/w', database: 'my db' },
    },
  )
  const refusals = {
    'postgres://h/d?sslmode=prefer': /sslmode=prefer would go on without TLS/,
    'postgres://h/d?options=-csearch_path=x': /unknown option options/,
    'postgres://h:port/d': /it is no URL/,
    'postgres://u:100%@h/d': /begins no escape/,
  }
  for (const [url, message] of Object.entries(refusals))
    assert.throws(() => clientConfigOf(url, undefined), { message })
  assert.throws(() => clientConfigOf('postgres://h/d?sslmode=disable', authority), /contradicts DATABASE_CA_CERT/)
  assert.throws(() => clientConfigOf('postgres://h/d', '/no/such/file'), /there is no file \/no\/such\/file/)
})

test('with its authority the certificate is verified, and without it refused', async () => {
  const url = `postgres://postgres:${password}@localhost:${port}/postgres`
  const database = await open(url, authority)
  const client = new pg.Client(database.admin)
  await client.connect()
  const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
  await client.end()
  assert.deepEqual(rows, [{ ssl: true }])
  await refuses(
    `${url}?sslmode=verify-full`,
    'unavailable',
    /certificate of the database server localhost:\d+ is not trusted \(.*\)/,
  )
})

test('a certificate for another name is refused, also where the server is given by its address', async () => {
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  await assert.rejects(open(url, authority), /is not trusted \(.*127\.0\.0\.1/)
  await (await open(url)).close()
})

test('what keeps the server from being used is said in a sentence', async () => {
  const free = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => free.once('listening', resolve))
  const { port: freePort } = free.address() as { port: number }
  await new Promise(resolve => free.close(resolve))
  const login = `postgres:${password}`
  await refuses(`postgres://${login}@localhost:${freePort}/postgres`, 'unavailable', /does not answer \(ECONNREFUSED\)/)
  await refuses(
    `postgres://postgres:wrong@localhost:${port}/postgres`,
    'unavailable',
    /refuses the login of DATABASE_URL/,
  )
  await refuses(
    `postgres://${login}@localhost:${port}/nowhere`,
    'unavailable',
    /has no database nowhere; create it first/,
  )
})

test('PostgreSQL before 15 and after 18 is refused', async t => {
  const client = new pg.Client(server.adminConfig())
  await client.connect()
  t.after(() => client.end())
  // A server of another age, as far as its login can see.
  await client.query(`
    create schema other_age;
    create function other_age.current_setting(text) returns text language sql as $$
      select case $1 when 'server_version' then '14.9' else '140009' end $$;
    create role guest login password 'guest';
    grant usage on schema other_age to guest;
    alter role guest set search_path = other_age, pg_catalog`)
  const url = `postgres://guest:guest@127.0.0.1:${port}/postgres`
  await refuses(url, 'conflict', /is PostgreSQL 14\.9; Commonhold runs on PostgreSQL 15 to 18/)
  await client.query('alter role guest reset search_path')
  await (await open(url)).close()
})

/** An embedded server made to speak TLS as a server elsewhere would. */
async function startServer() {
  const made = await startEmbedded({ dataDirectory, durable: false })
  await made.stop()
  const cluster = join(dataDirectory, 'postgres')
  const { uid, gid } = statSync(cluster)
  for (const name of ['server.pem', 'server.key']) {
    cpSync(join(certificates, name), join(cluster, name))
    chmodSync(join(cluster, name), 0o600)
    chownSync(join(cluster, name), uid, gid)
  }
  const settings = "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n"
  appendFileSync(join(cluster, 'postgresql.conf'), settings)
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  return await startEmbedded({ dataDirectory, durable: false, port })
}

function open(url: string, authorityFile?: string) {
  const environment = { DATABASE_URL: url, ...(authorityFile ? { DATABASE_CA_CERT: authorityFile } : {}) }
  return openDatabase(loadConfig([], environment).settings)
}

async function refuses(url: string, kind: string, sentence: RegExp): Promise<void> {
  await assert.rejects(open(url), (error: DomainError) => {
    assert.ok(error instanceof DomainError, String(error))
    assert.equal(error.kind, kind)
    assert.match(error.message, sentence)
    return true
  })
}
