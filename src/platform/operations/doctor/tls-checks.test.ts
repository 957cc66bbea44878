import assert from 'node:assert/strict'
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import type { CheckContext } from '#platform/checks.ts'
import { startEmbedded, statementsOf } from '#platform/database'
import { tlsChecks } from './tls-checks.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-tls-checks-'))
const probe = createServer().listen(0, '0.0.0.0')
await new Promise(resolve => probe.once('listening', resolve))
const { port } = probe.address() as { port: number }
await new Promise(resolve => probe.close(resolve))
const server = await startEmbedded({ dataDirectory: folder, durable: false, port, settings: { listen_addresses: '*' } })
const { password } = server.adminConfig()
const admin = await connect(server.adminConfig())
after(async () => {
  await admin.end()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  return client
}

async function findOn(code: string, administrator: pg.Client, program = administrator): Promise<string[]> {
  const check = tlsChecks.find(each => each.code === code)
  const context = { tx: statementsOf(administrator), own: statementsOf(program) } as unknown as CheckContext
  const found = (await check?.run(context)) ?? []
  for (const { message, advice } of found) assert.ok(message.endsWith('.') && advice.length > 20, message)
  return found.map(({ severity, object }) => `${severity} ${object}`)
}

const rulesPath = join(folder, 'postgres', 'pg_hba.conf')
const ownRules = readFileSync(rulesPath, 'utf8')

/** Once the server has read it: its own rules come after these. */
async function configure(rules: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<void> {
  writeFileSync(rulesPath, `${rules.map(rule => `${rule}\n`).join('')}${ownRules}`)
  for (const [name, value] of Object.entries(settings)) await admin.query(`alter system set ${name} = '${value}'`)
  await admin.query('select pg_reload_conf()')
  for (const [name, value] of Object.entries(settings)) {
    for (;;) {
      const { rows } = await admin.query('select current_setting($1) as now', [name])
      if (rows[0].now === value) break
    }
  }
}

function serveCertificate(): void {
  const { uid, gid } = statSync(join(folder, 'postgres'))
  for (const kind of ['pem', 'key']) {
    const target = join(folder, 'postgres', `served.${kind}`)
    copyFileSync(`test/support/tls/server.${kind}`, target)
    chmodSync(target, 0o600)
    chownSync(target, uid, gid)
  }
}

test('PE-11 a server that takes connections from elsewhere without TLS, or without a password worth it, is named', async () => {
  const rules = [
    'host all near 127.0.0.1/32 trust',
    'host all far 0.0.0.0/0 trust',
    'host all far 198.51.100.0/24 password',
    'hostssl all far 198.51.100.0/24 password',
    'host all far 198.51.100.0/24 scram-sha-256',
    'local all near trust',
  ]
  await configure(rules)
  const byRules = ['warning pg_hba.conf line 1', 'critical pg_hba.conf line 2', 'critical pg_hba.conf line 3']
  assert.deepEqual(await findOn('tls.listening', admin), ['critical ssl', ...byRules])
  serveCertificate()
  await configure(rules, { ssl_cert_file: 'served.pem', ssl_key_file: 'served.key', ssl: 'on' })
  assert.deepEqual(await findOn('tls.listening', admin), byRules, 'with TLS the rules are left')
  await configure(['hostssl all all 0.0.0.0/0 scram-sha-256'])
  assert.deepEqual(await findOn('tls.listening', admin), [], 'nothing is left')
})

test('PE-11 a way to the database that comes from elsewhere and is not encrypted is named, of the program and the administrator', async t => {
  const [address] = Object.values(networkInterfaces())
    .flatMap(all => all ?? [])
    .flatMap(({ internal, family, address }) => (!internal && family === 'IPv4' ? [address] : []))
  if (!address) return t.skip('this machine has no address beside its own')
  await configure(['host all all 0.0.0.0/0 scram-sha-256'])
  const far = { ...server.adminConfig(), host: address, port, password: String(password) }
  const plain = await connect({ ...far, ssl: false })
  const encrypted = await connect({ ...far, ssl: { rejectUnauthorized: false } })
  t.after(() => Promise.all([plain.end(), encrypted.end()]))
  assert.deepEqual(await findOn('tls.connection', plain, plain), ['critical administrator', 'critical program'])
  assert.deepEqual(await findOn('tls.connection', encrypted, plain), ['critical program'])
  assert.deepEqual(await findOn('tls.connection', encrypted), [])
  assert.deepEqual(await findOn('tls.connection', admin), [], 'on the same machine nobody listens')
})
