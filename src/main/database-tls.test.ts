import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { Keyring } from '#platform/crypto'
import { startEmbedded } from '../platform/database/embedded.ts'
import { certificateFindings, readCertificateEnd } from '../platform/operations/doctor/tls-checks.ts'
import { loadConfig } from './config.ts'
import { clientConfigOf, openDatabase } from './database.ts'
import { openLogin } from './program.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-tls-'))
const at = (name: string) => join(folder, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' })

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256']

function authority(name: string): void {
  openssl('req', '-x509', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', '/CN=machine')
  chmodSync(at(`${name}.key`), 0o600)
}

/** Makes `<name>.pem` and `<name>.key`; with `days` of -1 it has ended a day ago. */
function issue(name: string, subject: string, days = 30): void {
  const [request, names] = [at(`${name}.csr`), `subjectAltName=DNS:${subject}`]
  openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', request, '-subj', `/CN=${subject}`, '-addext', names)
  openssl(
    ...['x509', '-req', '-in', request, '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'],
    ...['-days', String(days), '-copy_extensions', 'copy', '-out', at(`${name}.pem`)],
  )
  chmodSync(at(`${name}.key`), 0o600)
}

authority('ca')
authority('stranger')
issue('server', 'localhost')
issue('elsewhere', 'db.example')
issue('ended', 'localhost', -1)
issue('client', 'machine')
issue('client-ended', 'machine', -1)

const server = await startServer()
after(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
const { port } = server
const password = String(server.adminConfig().password)

/** An embedded server that speaks TLS, and wants a certificate of the login `machine` instead of a password. */
async function startServer() {
  const made = await startEmbedded({ dataDirectory: folder, durable: false })
  const admin = new pg.Client(made.adminConfig())
  await admin.connect()
  await admin.query('create role machine login superuser')
  await admin.end()
  await made.stop()
  serve('server')
  copyFileSync(at('ca.pem'), join(folder, 'postgres', 'clients.pem'))
  const { uid, gid } = statSync(join(folder, 'postgres'))
  chownSync(join(folder, 'postgres', 'clients.pem'), uid, gid)
  appendFileSync(
    join(folder, 'postgres', 'postgresql.conf'),
    "ssl = on\nssl_cert_file = 'served.pem'\nssl_key_file = 'served.key'\nssl_ca_file = 'clients.pem'\n",
  )
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  const started = await startEmbedded({ dataDirectory: folder, durable: false, port })
  // The program writes its own rules of access at each start: ours come before them.
  const rules = join(folder, 'postgres', 'pg_hba.conf')
  writeFileSync(rules, `hostssl all machine all cert\n${readFileSync(rules, 'utf8')}`)
  await reload(started)
  return started
}

/** Puts a certificate where the server takes its own from. */
function serve(name: string): void {
  const { uid, gid } = statSync(join(folder, 'postgres'))
  for (const kind of ['pem', 'key']) {
    const target = join(folder, 'postgres', `served.${kind}`)
    copyFileSync(at(`${name}.${kind}`), target)
    chmodSync(target, 0o600)
    chownSync(target, uid, gid)
  }
}

async function reload(running: { adminConfig(): pg.ClientConfig }): Promise<void> {
  const admin = new pg.Client(running.adminConfig())
  await admin.connect()
  await admin.query('select pg_reload_conf()')
  await admin.end()
}

/** Serves another certificate from now on; the server takes it up with its next turn. */
async function serveFromNowOn(name: string): Promise<void> {
  serve(name)
  await reload(server)
  const wanted = new Date(
    String(openssl('x509', '-in', at(`${name}.pem`), '-noout', '-enddate')).replace('notAfter=', ''),
  ).getTime()
  for (;;) {
    const end = await readCertificateEnd(clientConfigOf(`postgres://postgres@localhost:${port}/postgres`, at('ca.pem')))
    if (end?.getTime() === wanted) return
  }
}

const url = (login = `postgres:${password}`, host = 'localhost') => `postgres://${login}@${host}:${port}/postgres`
const open = (environment: Record<string, string>) =>
  openDatabase(loadConfig([], { DATABASE_CA_CERT: at('ca.pem'), ...environment }).settings)

async function whoIs({ admin }: { admin: pg.ClientConfig }) {
  const client = new pg.Client(admin)
  await client.connect()
  const { rows } = await client.query(
    'select current_user as name, ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()',
  )
  await client.end()
  return rows[0]
}

test('PE-11 a login by certificate gets in with it alone, from files, the URL or the environment', async () => {
  const expected = { name: 'machine', ssl: true, client_dn: '/CN=machine' }
  const files = { DATABASE_CLIENT_CERT: at('client.pem'), DATABASE_CLIENT_KEY: at('client.key') }
  assert.deepEqual(await whoIs(await open({ DATABASE_URL: url('machine'), ...files })), expected)
  const named = `${url('machine')}?sslcert=${at('client.pem')}&sslkey=${at('client.key')}`
  assert.deepEqual(await whoIs(await open({ DATABASE_URL: named })), expected)
  const texts = {
    DATABASE_CLIENT_CERT: readFileSync(at('client.pem'), 'utf8'),
    DATABASE_CLIENT_KEY: readFileSync(at('client.key'), 'utf8'),
  }
  assert.deepEqual(await whoIs(await open({ DATABASE_URL: url('machine'), ...texts })), expected)
})

test('PE-11 without a certificate, or with one of another authority, the same login is refused', async () => {
  await assert.rejects(open({ DATABASE_URL: url('machine') }), /refuses|refused|certificate/i)
  await assert.rejects(
    open({
      DATABASE_URL: url('machine'),
      DATABASE_CLIENT_CERT: at('stranger.pem'),
      DATABASE_CLIENT_KEY: at('stranger.key'),
    }),
    /client certificate .* cannot be used: the server localhost:\d+ refuses it/,
  )
  // Another login's certificate is no password of this one.
  await assert.rejects(
    open({
      DATABASE_URL: url('postgres:wrong'),
      DATABASE_CLIENT_CERT: at('client.pem'),
      DATABASE_CLIENT_KEY: at('client.key'),
    }),
    /refuses the login/,
  )
})

test('PE-11 a client certificate that is not whole, has ended or whose key others can read is refused by name', async () => {
  const refuses = (more: Record<string, string>, sentence: RegExp) =>
    assert.rejects(open({ DATABASE_URL: url('machine'), ...more }), sentence)
  await refuses({ DATABASE_CLIENT_CERT: at('client.pem') }, /give DATABASE_CLIENT_KEY/)
  await refuses({ DATABASE_CLIENT_KEY: at('client.key') }, /give DATABASE_CLIENT_CERT/)
  await refuses(
    { DATABASE_CLIENT_CERT: at('none.pem'), DATABASE_CLIENT_KEY: at('client.key') },
    /there is no file .*none\.pem/,
  )
  await refuses(
    { DATABASE_CLIENT_CERT: at('client.key'), DATABASE_CLIENT_KEY: at('client.key') },
    /holds no certificate/,
  )
  await refuses(
    { DATABASE_CLIENT_CERT: at('client-ended.pem'), DATABASE_CLIENT_KEY: at('client-ended.key') },
    /it has ended on \d{4}-\d\d-\d\d/,
  )
  copyFileSync(at('client.key'), at('open.key'))
  chmodSync(at('open.key'), 0o644)
  await refuses(
    { DATABASE_CLIENT_CERT: at('client.pem'), DATABASE_CLIENT_KEY: at('open.key') },
    /others may read .*open\.key: chmod 600/,
  )
  assert.throws(
    () =>
      clientConfigOf('postgres://h/d?sslmode=disable', undefined, {
        clientCertificate: at('client.pem'),
        clientKey: at('client.key'),
      }),
    /contradicts the client certificate/,
  )
})

test("PE-11 a password comes from a file, by libpq's rules, and not from one that others can read", async () => {
  const file = at('passwords')
  const write = (text: string, mode = 0o600) => {
    writeFileSync(file, text)
    chmodSync(file, mode)
  }
  const asked = `postgres://postgres@localhost:${port}/postgres?passfile=${file}`
  write(`# ours\nelsewhere:*:*:*:wrong\nlocalhost:${port}:postgres:postgres:${password}\n*:*:*:*:late\n`)
  assert.equal((await whoIs(await open({ DATABASE_URL: asked }))).name, 'postgres')
  const passwordIn = (text: string) => {
    write(text)
    return clientConfigOf(`postgres://me@h:1/d?passfile=${file}`, undefined).password
  }
  assert.equal(passwordIn('*:*:*:me:a:b\\\\c\\:d'), 'a:b\\c:d')
  assert.equal(passwordIn('h:1:d:me:first\nh:1:d:me:second'), 'first')
  assert.equal(passwordIn('x\\:y:1:d:me:no\nh:*:d:me:yes\n'), 'yes')
  assert.throws(() => passwordIn('h:2:d:me:no'), /no line in it is for h:1:d:me/)
  write('*:*:*:*:x', 0o640)
  assert.throws(() => clientConfigOf(`postgres://me@h/d?passfile=${file}`, undefined), /others may read/)
  assert.throws(() => clientConfigOf(`postgres://me@h/d?passfile=${at('none')}`, undefined), /there is no such file/)
  writeFileSync(at('secret'), `${password}\n`)
  const fromFile = {
    DATABASE_URL: `postgres://postgres@localhost:${port}/postgres`,
    DATABASE_PASSWORD_FILE: at('secret'),
  }
  assert.equal((await whoIs(await open(fromFile))).name, 'postgres')
})

test('PE-11 a server with a certificate for another name, or one that has ended, is refused; the doctor tells the end before', async () => {
  assert.equal((await whoIs(await open({ DATABASE_URL: url() }))).ssl, true, 'control')
  await serveFromNowOn('elsewhere')
  await assert.rejects(open({ DATABASE_URL: url() }), /is not trusted \(.*altnames.*localhost/s)
  await serveFromNowOn('ended')
  await assert.rejects(open({ DATABASE_URL: url() }), /is not trusted \(certificate has expired\)/)
  const end = await readCertificateEnd(clientConfigOf(url(), at('ca.pem')))
  assert.deepEqual(end && certificateFindings(end, new Date(), 'localhost').map(({ severity }) => severity), [
    'critical',
  ])
  await serveFromNowOn('server')
  assert.equal((await whoIs(await open({ DATABASE_URL: url() }))).ssl, true)
})

test('PE-11 the login that the program makes leaves connections to others', async () => {
  const admin = server.adminConfig()
  const before = new pg.Client(admin)
  await before.connect()
  await before.query('create role commonhold_app nologin')
  await before.end()
  const login = await openLogin({ ...admin, database: 'postgres' }, Keyring.parse(Keyring.generate('k1')))
  const client = new pg.Client(admin)
  await client.connect()
  const { rows } = await client.query('select rolconnlimit as most from pg_roles where rolname = $1', [login.user])
  await client.end()
  assert.deepEqual(rows, [{ most: 87 }])
})
