import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import type { App } from '#platform/app.ts'
import { Keyring } from '#platform/crypto'
import { json, sql } from '#platform/database'
import type { EncryptedColumn } from '#platform/module.ts'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { testWorld } from '#test/world.ts'
import type { Settings } from '../../../main/config.ts'
import { createApp, openLogin } from '../../../main/program.ts'
import { countValues, encryptAgain, encryptedColumnsOf } from './encrypted-columns.ts'
import { readKeyStatus } from './key-status.ts'
import { loginNameOf, renewPassword } from './program-logins.ts'
import { announceProgram, listPrograms } from './programs.ts'
import { listRotations, rotateKeys } from './rotations.ts'
import { findSealedColumns } from './sealed-values.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-keys-'))
const archives = mkdtempSync(join(tmpdir(), 'commonhold-keys-archive-'))
after(() => {
  for (const made of [folder, archives]) rmSync(made, { recursive: true, force: true })
})

const world = await testWorld({
  placed: false,
  environment: { COMMONHOLD_BACKUP_DIR: folder, COMMONHOLD_ARCHIVE_DIR: archives },
})
const { admin, db, alice, bob } = world
const system = db.scoped({ system: true })
const k2 = Keyring.generate('k2')
const before = world.app
const rotated = programWith(`${k2},${world.keys}`)
const alone = Keyring.parse(k2)

/** A program on the same database, started with other keys. */
function programWith(keys: string): App {
  const app = createApp({
    settings: before.config as Settings,
    login: world.login,
    keyring: Keyring.parse(keys),
    log: before.log,
    database: { admin: world.adminConfig, isEmbedded: false, close: async () => {} },
  })
  after(() => app.db.close())
  return app
}

/** One value of each kind at least, as the program writes them. */
const endpoints: string[] = []
const elsewhere = await tenantDatabase(world)
await write()

async function write(): Promise<void> {
  const { keyring } = before
  const { userId } = alice
  const messageId = crypto.randomUUID()
  await system.run(sql`
    insert into identity.two_factors (user_id, secret_encrypted)
    values (${userId}, ${keyring.encrypt('ABC', `identity.two_factors.secret:${userId}`)})`)
  for (const purpose of ['google_sign_in', 'provider_sign_in']) {
    await system.run(sql`
      insert into identity.one_time_tokens (purpose, token_hash, details, expires_at)
      values (${purpose}, ${Buffer.from(purpose)}, ${json({
        stateHash: `a hash of ${purpose}`,
        next: '/',
        verifier: keyring.encrypt('proof', `identity.one_time_tokens.verifier:a hash of ${purpose}`),
      })}, now() + interval '10 minutes')`)
  }
  const providerId = crypto.randomUUID()
  const secret = keyring.encrypt('what it gave us', `federation.iam_providers.client_secret:${providerId}`)
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted)
     values ($1, $2, 'Okta', 'okta', 'https://acme.okta.example', 'commonhold', $3)`,
    [alice.tenantId, providerId, secret],
  )
  const exportId = crypto.randomUUID()
  const passphrase = keyring.encrypt('of who asked', `operations.tenant_exports.passphrase:${exportId}`)
  await admin.query(
    `insert into operations.tenant_exports (tenant_id, id, is_by_operator, is_sealed, passphrase_encrypted)
     values ($1, $2, false, true, $3)`,
    [alice.tenantId, exportId, passphrase],
  )
  const content = keyring.encrypt('{"subject":"Hello"}', `mail.messages.content:${messageId}`)
  const sealed = keyring.encrypt(JSON.stringify({ id: messageId, content }), `mail.put_out:${messageId}`)
  await admin.query(
    `insert into mail.messages (id, name, recipient, content, status) values ($1, 'members.invitation', 'a@b.example', $2, 'kept')`,
    [messageId, content],
  )
  await admin.query(
    `insert into jobs.outbox (tenant_id, name, queue_options, data) values ($1, 'mail.send-put-out', '{}', $2)`,
    [alice.tenantId, JSON.stringify({ messageId, sealed })],
  )
  const place = await before.placements?.register(elsewhere.url)
  await admin.query(`insert into tenancy.placements (tenant_id, database_id) values ($1, $2)`, [
    bob.tenantId,
    place?.id,
  ])
  await admin.query(
    `update tenancy.tenants set database_url_encrypted = (select url_encrypted from tenancy.databases) where id = $1`,
    [bob.tenantId],
  )
  // The first who asks an issuer for its keys makes them.
  await fetch(`${world.baseUrl}/t/meridian-capture/jwks`)
  for (const { tenantId } of [alice, bob]) {
    for (let n = 0; n < 150; n++) endpoints.push(await addEndpoint(tenantId))
  }
}

async function addEndpoint(tenantId: string): Promise<string> {
  const id = crypto.randomUUID()
  const seal = (secret: string) => before.keyring.encrypt(secret, `webhooks.endpoints.secret:${id}`)
  await admin.query(
    `insert into webhooks.endpoints (tenant_id, id, url, event_types, secret_encrypted, previous_secret_encrypted, previous_secret_until)
     values ($1, $2, 'https://hooks.example/', '{x}', $3, $4, now())`,
    [tenantId, id, seal(`whsec_${id}`), seal('whsec_before')],
  )
  return id
}

const secretsOf = async (): Promise<Map<string, string>> =>
  new Map(
    (await admin.query('select id, secret_encrypted from webhooks.endpoints')).rows.map(row => [
      row.id,
      row.secret_encrypted,
    ]),
  )

test('GG-17 every column in which there are encrypted values is declared, and every declared one is there', async () => {
  const declared = encryptedColumnsOf(before)
  const known = new Set(declared.map(({ table, column }) => `${table}.${column}`))
  const found = (await findSealedColumns(admin)).map(({ column }) => column)
  assert.deepEqual(
    found.filter(column => !known.has(column)),
    [],
  )
  // The control: what was written above is seen, in texts and in JSON.
  for (const column of known) if (column !== 'jobs.job.data') assert.ok(found.includes(column), column)

  const { rows } = await admin.query(`
    select table_schema || '.' || table_name as table, column_name as column
    from information_schema.columns
    where column_name like '%\\_encrypted'`)
  assert.deepEqual(
    rows.filter(row => !known.has(`${row.table}.${row.column}`)),
    [],
  )
  for (const column of declared) await countValues(admin, column)
})

test('GG-17 whoever encrypts something keeps it in a declared column, or nowhere', () => {
  const contexts = encryptedColumnsOf(before).flatMap(({ context, inner }) => [context, inner?.context ?? context])
  const kept = new Set(contexts.map(context => context.slice(0, context.indexOf(':'))))
  // Links in mails, and signals that nobody keeps.
  const unkept = ['notifications.unsubscribe', 'contractors.presences']
  const files = globSync('src/**/*.ts', { exclude: ['**/*.test.ts'] }).filter(file =>
    /keyring(\)|!)?\.encrypt\(/.test(readFileSync(file, 'utf8')),
  )
  assert.ok(files.length >= 8)
  for (const file of files) {
    if (file.includes('key-rotation/')) continue
    const beside = file.replace(/webhooks\/(endpoints|portability)\.ts$/, 'webhooks/secrets.ts')
    const found = [...readFileSync(beside, 'utf8').matchAll(/[`']([a-z_]+\.[a-z_.]+)(?::\$\{[^`]*`|')/g)].map(
      ([, context]) => context as string,
    )
    assert.ok(
      found.some(context => kept.has(context) || unkept.includes(context)),
      `${file} encrypts something that no module declares`,
    )
  }
})

test('GG-17 a change that somebody makes meanwhile stands, and is encrypted in the next pass', async () => {
  const column = encryptedColumnsOf(before).find(
    it => it.column === 'secret_encrypted' && it.table === 'webhooks.endpoints',
  )
  const id = endpoints[0] as string
  const context = `webhooks.endpoints.secret:${id}`
  let changed = false
  // Between the look and the change: the client of the rotation is held up there.
  const client = new Proxy(admin, {
    get(target, name) {
      const own = Reflect.get(target, name)
      if (name !== 'query') return typeof own === 'function' ? own.bind(target) : own
      return async (text: string, values?: unknown[]) => {
        // The other tenant may have its turn before: nothing of this row was read then.
        if (!changed && /^update webhooks/.test(text) && JSON.stringify(values).includes(id)) {
          changed = true
          await world.owner.query('begin')
          await world.owner.query(`select set_config('app.tenant_id', $1, true)`, [alice.tenantId])
          const { rowCount } = await world.owner.query(
            'update webhooks.endpoints set secret_encrypted = $2 where id = $1',
            [id, before.keyring.encrypt('whsec_newer', context)],
          )
          await world.owner.query('commit')
          assert.equal(rowCount, 1)
        }
        return await target.query(text, values)
      }
    },
  })
  const result = await encryptAgain(client, column as EncryptedColumn, rotated.keyring)
  assert.ok(changed)
  assert.equal(result.unreadable, 0)
  assert.equal(result.again, endpoints.length, 'all of both tenants, the changed one in the second pass')
  assert.equal(alone.decrypt((await secretsOf()).get(id) as string, context), 'whsec_newer')
})

test('GG-17 rotate encrypts everything with the newest key, here and in databases of tenants, and says so', async () => {
  const there = elsewhere.admin
  const tables = encryptedColumnsOf(before)
  const id = crypto.randomUUID()
  const sealed = before.keyring.encrypt(
    JSON.stringify({ content: before.keyring.encrypt('{}', `mail.messages.content:${id}`) }),
    `mail.put_out:${id}`,
  )
  await there.query(
    `insert into jobs.outbox (tenant_id, name, queue_options, data) values ($1, 'mail.send-put-out', '{}', $2)`,
    [bob.tenantId, JSON.stringify({ messageId: id, sealed })],
  )
  const status = await readKeyStatus(rotated)
  assert.equal(status.keys.find(key => key.id === 'k1')?.isRemovable, false)
  assert.ok((status.keys.find(key => key.id === 'k1')?.values ?? 0) > endpoints.length)

  const lines: string[] = []
  const rotation = await rotateKeys(rotated, { requestedBy: 'a test', progress: line => lines.push(line) })
  assert.equal(rotation.status, 'done', rotation.reason ?? '')
  assert.deepEqual([rotation.toKey, rotation.fromKeys, rotation.remaining], ['k2', ['k1'], 0])
  assert.ok(rotation.endedAt)
  assert.ok(lines.some(line => line.startsWith('webhooks.endpoints.previous_secret_encrypted: ')))
  for (const column of tables) {
    for (const client of [admin, there])
      assert.deepEqual(
        Object.keys((await countValues(client, column)).keys).filter(key => key !== 'k2'),
        [],
        column.table,
      )
  }
  // They open with the new key alone, each in its place.
  for (const [id, secret] of await secretsOf()) assert.ok(alone.decrypt(secret, `webhooks.endpoints.secret:${id}`))
  const { rows } = await there.query('select data from jobs.outbox')
  const message = JSON.parse(alone.decrypt(rows[0].data.sealed, `mail.put_out:${id}`))
  assert.equal(alone.decrypt(message.content, `mail.messages.content:${id}`), '{}')

  const done = await readKeyStatus(rotated, { search: true })
  assert.deepEqual(done.undeclared, [])
  assert.deepEqual(
    done.keys.map(({ id, isRemovable }) => [id, isRemovable]),
    [
      ['k2', false],
      ['k1', true],
    ],
  )
  const { rows: events } = await admin.query(`select details from audit.audit_logs where action = 'rotate_keys'`)
  assert.deepEqual(
    events.map(row => row.details),
    [{ toKey: 'k2' }],
  )
  const next = await rotateKeys(rotated, { requestedBy: 'a test' })
  assert.equal(next.encryptedAgain, 0, 'again, there is nothing to do')

  // The program's login there has the password of the new key.
  const login = new pg.Client({
    ...world.adminConfig,
    user: `commonhold_app_${elsewhere.name}`.slice(0, 63),
    database: elsewhere.name,
    password: alone.derive(`database login ${elsewhere.name}`),
  })
  await login.connect()
  await login.end()

  // Sign-in goes on under the new key alone: the key that signs tokens opens.
  const response = await alice.fetch('/me')
  assert.equal(response.status, 200)
})

test('GG-17 a file of backups or archives that only an old key opens keeps that key', async () => {
  writeFileSync(join(folder, 'one.json'), `${JSON.stringify({ key: 'k1', mac: '00' })}\n{}\n`)
  const header = Buffer.from(JSON.stringify({ key: 'k0', salt: '', name: 'wal' }))
  writeFileSync(
    join(folder, 'two.sealed'),
    Buffer.concat([Buffer.from('CHB1'), Buffer.from([0, 0, 0, header.length]), header]),
  )
  const { keys } = await readKeyStatus(rotated)
  const old = keys.find(key => key.id === 'k1')
  assert.equal(old?.isRemovable, false)
  assert.match(old?.reasons.join() ?? '', /^1 files of backups/)
  const gone = keys.find(key => key.id === 'k0')
  assert.deepEqual([gone?.isConfigured, gone?.files, gone?.isRemovable], [false, 1, false])
  rmSync(join(folder, 'one.json'))
  rmSync(join(folder, 'two.sealed'))

  writeFileSync(join(archives, 'month.json'), `${JSON.stringify({ key: 'k1', mac: '00' })}\n{}\n`)
  const archived = (await readKeyStatus(rotated)).keys.find(key => key.id === 'k1')
  assert.deepEqual([archived?.files, archived?.archives, archived?.isRemovable], [0, 1, false])
  rmSync(join(archives, 'month.json'))
  assert.equal((await readKeyStatus(rotated)).keys.find(key => key.id === 'k1')?.isRemovable, true, 'control')
})

test('GG-17 what no key opens, or stands where it does not belong, is left as it is and named', async () => {
  const [one, other] = endpoints as [string, string]
  const moved = before.keyring.encrypt('whsec_x', `webhooks.endpoints.secret:${other}`)
  const foreign = Keyring.parse(Keyring.generate('k9')).encrypt('whsec_x', `webhooks.endpoints.secret:${other}`)
  const was = await secretsOf()
  const put = (id: string, value: string | undefined) =>
    admin.query('update webhooks.endpoints set secret_encrypted = $2 where id = $1', [id, value])
  await put(one, moved)
  await put(other, foreign)
  const rotation = await rotateKeys(rotated, { requestedBy: 'a test' })
  assert.deepEqual([rotation.status, rotation.unreadable, rotation.remaining], ['incomplete', 2, 2])
  assert.match(rotation.reason ?? '', /2 values cannot be opened/)
  assert.ok(rotation.columns.flatMap(it => it.examples).some(example => example.includes(one)))
  assert.deepEqual([(await secretsOf()).get(one), (await secretsOf()).get(other)], [moved, foreign])
  await put(one, was.get(one))
  await put(other, was.get(other))
})

test('GG-17 killed in the middle, rotate goes on in the same run when it is begun again; two at once are refused', async () => {
  const k3 = Keyring.generate('k3')
  const keys = `${k3},${k2},${world.keys}`
  const newest = programWith(keys)
  const given = JSON.stringify({ keys, login: world.login, admin: world.adminConfig })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rotations.test.doomed.ts'), given], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    // It says when the first batch of webhooks is through, and waits there.
    for await (const chunk of child.stdout) if (String(chunk).includes('half')) break
    await assert.rejects(rotateKeys(newest, { requestedBy: 'another' }), { code: 'operations.rotation_busy' })
  } finally {
    child.kill('SIGKILL')
  }
  await new Promise(resolve => child.once('close', resolve))
  const column = encryptedColumnsOf(before).find(
    it => it.column === 'secret_encrypted' && it.table === 'webhooks.endpoints',
  )
  const half = (await countValues(admin, column as EncryptedColumn)).keys
  assert.ok((half.k3 ?? 0) > 0 && (half.k2 ?? 0) > 0, JSON.stringify(half))
  const [killed] = await listRotations(newest, 1)
  assert.equal(killed?.status, 'running')
  // The server notices that its client is gone when it next reads from it.
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'commonhold keys rotate' and datname = current_database()`,
  )
  const rotation = await rotateKeys(newest, { requestedBy: 'a test' })
  assert.equal(rotation.id, killed?.id)
  assert.equal(rotation.status, 'done', rotation.reason ?? '')
  assert.ok(rotation.resumedAt)
  assert.deepEqual((await countValues(admin, column as EncryptedColumn)).keys, { k3: endpoints.length })
  const told = rotation.columns.find(it => it.column === 'webhooks.endpoints.secret_encrypted')
  assert.equal(told?.again, endpoints.length, 'what was done before the end counts')
})

test('GG-17 no program encrypts with a key that another one which runs has not, and is told what to do', async () => {
  const [k1, both, later] = [before, rotated, programWith(`${world.keys},${k2}`)]
  const first = await announceProgram(k1)
  const told =
    /process \d+ could not read what is encrypted with the key k2\. Put that key at the end of COMMONHOLD_KEYS/
  await assert.rejects(announceProgram(both), { code: 'operations.key_unknown_elsewhere', message: told })
  await assert.rejects(rotateKeys(both, { requestedBy: 'test' }), { code: 'operations.key_unknown_elsewhere' })
  const second = await announceProgram(later)
  await first.end()
  const third = await announceProgram(both)
  await assert.rejects(announceProgram(k1), { code: 'operations.key_missing_here', message: /the key k2/ })
  assert.deepEqual(
    (await listPrograms(system)).map(({ keyIds }) => keyIds.join()).sort(),
    ['k1,k2', 'k2,k1'],
    'in whichever order, all have both',
  )
  assert.equal((await rotateKeys(both, { requestedBy: 'test' })).toKey, 'k2')

  await Promise.all([second.end(), third.end()])
  await system.run(sql`
    insert into operations.programs (id, host, process_id, key_ids) values
      (gen_random_uuid(), 'elsewhere', 1, '{k1}')`)
  await assert.rejects(announceProgram(both), {
    code: 'operations.key_unknown_elsewhere',
    message: /^elsewhere process 1/,
  })
  await admin.query(`update operations.programs set seen_at = now() - interval '121 seconds'`)
  await (await announceProgram(both)).end()
  await system.run(sql`
    insert into operations.programs (id, host, process_id, key_ids) values
      (gen_random_uuid(), ${hostname()}, 2147483, '{k1}')`)
  await (await announceProgram(both)).end()
})

test('GG-17 servers get into the database all through a rotation, whichever of the keys stands first with them', async () => {
  const { adminConfig } = world
  const name = loginNameOf(adminConfig.database)
  const k3 = Keyring.generate('k3')
  const [old, added, moved] = [k2, `${k2},${k3}`, `${k3},${k2}`].map(keys => Keyring.parse(keys))
  assert.ok(old && added && moved)
  const enters = async (login: pg.ClientConfig) => {
    const client = new pg.Client(login)
    return await client
      .connect()
      .then(() => true)
      .catch(() => false)
      .finally(() => client.end().catch(() => {}))
  }
  const { rows: kept } = await admin.query(`select id, private_key_encrypted from identity.signing_keys`)
  await admin.query(
    `update identity.signing_keys set private_key_encrypted = regexp_replace(private_key_encrypted, '^v1[.][a-z0-9]+', 'v1.k2')`,
  )
  after(() => admin.query(`revoke connect on database ${adminConfig.database} from ${name}; drop role ${name}`))
  try {
    const logins = [await openLogin(adminConfig, old), await openLogin(adminConfig, added)]
    logins.push(await openLogin(adminConfig, moved))
    assert.deepEqual(await Promise.all(logins.map(enters)), [true, true, true], 'a new key first changes nothing yet')
    await renewPassword(admin, moved)
    assert.deepEqual(await Promise.all(logins.map(enters)), [false, true, true], 'who has the key goes on')
    assert.equal(await enters(await openLogin(adminConfig, added)), true, 'begun anew with the old one first too')
    assert.equal(await enters(await openLogin(adminConfig, Keyring.parse(k3))), true, 'and without the old one')
    const write = (from: string, to: string) =>
      admin.query('update identity.signing_keys set private_key_encrypted = replace(private_key_encrypted, $1, $2)', [
        `v1.${from}.`,
        `v1.${to}.`,
      ])
    await write('k2', 'k3')
    await assert.rejects(openLogin(adminConfig, old), { code: 'program.keys_foreign' })
    await write('k3', 'k2')
    assert.equal(await enters(await openLogin(adminConfig, moved)), true, 'who was refused has shut nobody out')
  } finally {
    for (const { id, private_key_encrypted: sealed } of kept)
      await admin.query('update identity.signing_keys set private_key_encrypted = $2 where id = $1', [id, sealed])
  }
})
