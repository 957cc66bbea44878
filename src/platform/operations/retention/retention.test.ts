import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import pg from 'pg'
import { findIsolationFaults, sql, statementsOf } from '#platform/database'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { eraseDeletedUsers } from '../../identity/erasures.ts'
import { exportTenant } from '../tenant-archives/exports.ts'
import { getArchive, listArchives, verifyArchive } from './archives.ts'
import { addHold, listHolds, releaseHold } from './holds.ts'
import { digestOf } from './partitions.ts'
import { restoreArchive } from './restores.ts'
import { findDueRetention, runRetention } from './runs.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-archive-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const world = await testWorld({ placed: false, environment: { COMMONHOLD_ARCHIVE_DIR: folder } })
const { admin, adminConfig, login, keys, app, db, alice, bob, viewer } = world
const shelf = { folder, keyring: app.keyring }
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])

const logins = 'identity.login_histories'
const activity = 'contractors.contractor_list_activity'

/** `2024_03` of so many whole months ago. */
const month = (ago: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1))
}
const partitionOf = (table: string, ago: number) => `${table}_${month(ago).toISOString().slice(0, 7).replace('-', '_')}`
const exists = async (table: string) =>
  (await admin.query('select to_regclass($1) is not null as it', [table])).rows[0].it as boolean

/** A month of sign-ins of one person, with values of all kinds. */
async function makeLogins(ago: number, rows: number, userId = alice.userId): Promise<string> {
  await admin.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [logins, month(ago)])
  await admin.query(
    `insert into identity.login_histories (user_id, ip_address, user_agent, device, location, status, failure_reason, methods, created_at)
     select $1, ('192.0.2.' || (n % 250))::inet, E'line\\nbreak "quoted" \\\\ ' || chr(128512), 'Firefox',
       case when n % 2 = 0 then '{"city": "Łódź", "n": 1.50}'::jsonb end,
       case when n % 3 = 0 then 'failed' else 'success' end, case when n % 3 = 0 then 'password' end,
       case when n % 4 = 0 then '{password,totp}'::text[] else '{}' end,
       $2::timestamptz + n * interval '1.000001 seconds'
     from generate_series(1, $3) as n`,
    [userId, month(ago), rows],
  )
  return partitionOf(logins, ago)
}

beforeEach(async () => {
  await admin.query('delete from operations.leases')
  for (const { id } of await listHolds(db.scoped({ system: true }))) await releaseHold(app, {}, id, 'the next test')
})

test('GG-16 PE-06 nothing younger than declared ever goes, and all that is older does', async () => {
  const ages = Array.from({ length: 400 }, () => Math.random() * 60)
  await admin.query(
    `insert into identity.user_sessions (user_id, user_agent, expires_at)
     select $1, 'days ' || days, now() - days * interval '1 day' from unnest($2::float8[]) as days`,
    [bob.userId, ages],
  )
  await admin.query(
    `insert into identity.user_sessions (user_id, user_agent, expires_at, revoked_at, revoked_reason)
     select $1, 'days ' || days, now() + interval '1 day', now() - days * interval '1 day', 'test'
     from unnest($2::float8[]) as days`,
    [bob.userId, ages],
  )
  const old = ages.filter(days => days > 30).length
  const due = await findDueRetention(app, 'identity.sessions_expired')
  assert.deepEqual(
    due.map(each => [each.due, each.held]),
    [[old, 0]],
    'a dry run counts what goes',
  )
  const [expired] = await runRetention(app, { name: 'identity.sessions_expired' })
  const [revoked] = await runRetention(app, { name: 'identity.sessions_revoked' })
  assert.deepEqual([expired?.status, expired?.removed, revoked?.removed], ['done', old, old])
  const { rows } = await admin.query(`select user_agent from identity.user_sessions where user_agent like 'days %'`)
  const left = rows.map(row => Number(row.user_agent.slice(5)))
  assert.deepEqual(
    left.filter(days => days > 30),
    [],
  )
  assert.equal(left.length, 2 * (ages.length - old), 'the younger are all there')
  assert.equal((await alice.fetch('/me')).status, 200, 'a session in use works on')
})

test('GG-16 a wrong clock of this machine removes nothing that is young by the clock of the database', async () => {
  await admin.query(
    `insert into identity.user_sessions (user_id, user_agent, expires_at) values ($1, 'young', now() - interval '29 days')`,
    [bob.userId],
  )
  const ahead = { ...app, clock: { ...app.clock, now: () => new Date(Date.now() + 400 * 86_400_000) } }
  await runRetention(ahead, { name: 'identity.sessions_expired' })
  assert.equal((await admin.query(`select from identity.user_sessions where user_agent = 'young'`)).rowCount, 1)
})

test('GG-16 whole months go into archives once each row is a year old; a month with a younger row stays', async () => {
  const [gone, kept] = [await makeLogins(13, 5_000), await makeLogins(12, 10)]
  const before = await admin.query(`select count(*)::int as n from ${gone}`)
  const [due] = await findDueRetention(app, logins)
  assert.deepEqual([due?.due, due?.partitions], [5_000, [gone]])
  const [run] = await runRetention(app, { name: logins })
  assert.equal(run?.status, 'done', run?.reason ?? '')
  assert.deepEqual([run.archived, run.steps.map(({ did }) => did)], [before.rows[0].n, ['archived']])
  assert.deepEqual([await exists(gone), await exists(kept)], [false, true])
  const { items, faults } = listArchives(shelf)
  assert.deepEqual([items.length, faults], [1, []])
  const manifest = items[0]?.manifest
  assert.ok(manifest)
  assert.deepEqual([manifest.rows, manifest.table, manifest.partition], [5_000, logins, gone])
  assert.equal(new Date(manifest.from).getTime(), month(13).getTime())
  assert.deepEqual(await verifyArchive(shelf, manifest, new Date()), [])
  const text = readFileSync(join(folder, manifest.file))
  assert.ok(!text.includes('Firefox'), 'nobody reads it without the key')
  const again = await runRetention(app, { name: logins })
  assert.deepEqual(again[0]?.steps, [], 'a second run finds nothing')
})

test('GG-16 an archive is restored beside and back with equal rows, and overwrites nothing', async () => {
  const name = await makeLogins(15, 2_500)
  const original = (await admin.query(`select * from ${name} order by created_at, id`)).rows
  await runRetention(app, { name: logins })
  assert.equal(await exists(name), false)
  const { id } = listArchives(shelf).items.find(({ manifest }) => manifest.partition === name)?.manifest ?? { id: '' }
  const beside = await restoreArchive(app, id)
  assert.deepEqual([beside.rows, beside.table], [2_500, `"identity"."login_histories_${name.slice(-7)}_restored"`])
  const sideRows = async () => (await admin.query(`select * from ${beside.table} order by created_at, id`)).rows
  assert.deepEqual(await sideRows(), original)
  await assert.rejects(db.scoped({ system: true }).run(sql`select from ${sql.raw(beside.table)}`), /permission denied/)
  await assert.rejects(restoreArchive(app, id), { code: 'operations.archive_in_the_way' })
  await admin.query(`drop table ${beside.table}`)
  const back = await restoreArchive(app, id, { isBack: true })
  assert.equal(back.isPartition, true)
  assert.deepEqual((await admin.query(`select * from ${name} order by created_at, id`)).rows, original)
  const seen = await admin.query(`select count(*)::int as n from ${logins} where created_at < $1`, [month(14)])
  assert.equal(seen.rows[0].n, 2_500, 'it is a partition again')
  await assert.rejects(restoreArchive(app, id, { isBack: true }), { code: 'operations.archive_in_the_way' })
  await assert.rejects(restoreArchive(app, '../etc/passwd'), { code: 'operations.archive_unknown' })
  await runRetention(app, { name: logins })
  assert.equal(await exists(name), false, 'the next night archives it again')
  const of = listArchives(shelf).items.filter(({ manifest }) => manifest.partition === name)
  assert.equal(of.length, 1, 'the archive that has the same rows serves')
})

test('GG-16 PE-07 an archive that tells of people who were erased since is not brought where they can be read again', async () => {
  const name = await makeLogins(31, 40)
  await runRetention(app, { name: logins })
  const { id } = listArchives(shelf).items.find(({ manifest }) => manifest.partition === name)?.manifest ?? { id: '' }
  const erase = (at: string) =>
    admin.query(`insert into identity.erased_users (id, erased_at) select $1, ${at}`, [world.alice.userId])
  await erase(`now() - interval '1 day'`)
  try {
    const before = await restoreArchive(app, id)
    assert.equal(before.rows, 40, 'control: who was erased before it was written')
    await admin.query(`drop table ${before.table}; delete from identity.erased_users`)
    await erase('now()')
    const refusal = { code: 'operations.archive_tells_of_erased', message: /erased since it was written \(1 of them\)/ }
    await assert.rejects(restoreArchive(app, id), refusal)
    await assert.rejects(restoreArchive(app, id, { isBack: true, withErased: true }), refusal)
    assert.deepEqual([await exists(before.table), await exists(name)], [false, false])
    const asked = await restoreArchive(app, id, { withErased: true })
    assert.equal(asked.rows, 40)
    await admin.query(`drop table ${asked.table}`)
  } finally {
    await admin.query('delete from identity.erased_users')
  }
})

test('AG-01 what is restored beside is kept apart by tenant like its table, and the server starts with it', async () => {
  assert.deepEqual(await findIsolationFaults(db.unscoped), [], 'control')
  await admin.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [activity, month(15)])
  for (const { tenantId, userId, fetch } of [alice, bob]) {
    const made = await fetch('/contractor-lists', { method: 'POST', body: { name: 'Of long ago' } })
    const { id } = (await made.json()) as { id: string }
    await admin.query(
      `insert into ${activity} (tenant_id, list_id, user_id, action, created_at) values ($1, $2, $3, 'list.created', $4)`,
      [tenantId, id, userId, new Date(month(15).getTime() + 86_400_000)],
    )
  }
  const [run] = await runRetention(app, { name: 'contractors.list_activity' })
  assert.equal(run?.archived, 2, run?.reason ?? '')
  const archived = listArchives(shelf).items.find(it => it.manifest.partition === partitionOf(activity, 15))
  const { table } = await restoreArchive(app, archived?.manifest.id ?? '')
  assert.deepEqual(await findIsolationFaults(db.unscoped), [])
  await admin.query(`grant select on ${table} to commonhold_app`)
  const seenBy = async (tenantId?: string) =>
    (await db.scoped({ tenantId, system: tenantId === undefined }).run(sql`select from ${sql.raw(table)}`)).length
  assert.deepEqual([await seenBy(alice.tenantId), await seenBy(randomUUID()), await seenBy()], [1, 0, 0])
  assert.equal((await admin.query(`select from ${table}`)).rowCount, 2, 'control')
  const exported = await exportTenant(app, 'meridian-capture', { path: join(folder, 'out.tar.gz'), actor: 'Ann' })
  assert.ok(!(table.replaceAll('"', '') in exported.tables), 'a copy does not go along with a tenant')
  await admin.query(`drop table ${table}`)
})

test('GG-16 a flipped byte, a cut end and another manifest are found by verification, and nothing is restored', async () => {
  const name = await makeLogins(16, 500)
  await runRetention(app, { name: logins })
  const { manifest } = listArchives(shelf).items.find(each => each.manifest.partition === name) ?? {}
  assert.ok(manifest)
  const path = join(folder, manifest.file)
  const whole = readFileSync(path)
  const flipped = Buffer.from(whole)
  const at = whole.length >> 1
  flipped[at] = (flipped[at] ?? 0) ^ 1
  for (const [content, expected] of [
    [flipped, /altered/],
    [whole.subarray(0, whole.length - 7), /cut short/],
    [Buffer.alloc(0), /altered|cut short/],
  ] as const) {
    writeFileSync(path, content)
    assert.match((await verifyArchive(shelf, manifest, new Date())).join(), expected)
    const shown: { verification: { faults: string[] } | null } | undefined = listArchives(shelf).items.find(
      each => each.manifest.id === manifest.id,
    )
    assert.equal(shown?.verification?.faults.length, 1, 'the list shows it')
    await assert.rejects(restoreArchive(app, manifest.id, { into: 'identity.half_restored' }))
    assert.equal(await exists('identity.half_restored'), false)
  }
  writeFileSync(path, whole)
  assert.deepEqual(await verifyArchive(shelf, manifest, new Date()), [], 'control: as it was')
  const beside = join(folder, `${manifest.id}.json`)
  const signed = readFileSync(beside, 'utf8')
  writeFileSync(beside, signed.replace('"rows": 500', '"rows": 499'))
  assert.throws(() => getArchive(shelf, manifest.id), /signature/)
  assert.match(listArchives(shelf).faults.join(), /signature/)
  writeFileSync(beside, signed)
  assert.deepEqual(listArchives(shelf).faults, [])
})

for (const [step, isThere, archives] of [
  ['writing', true, 0],
  ['written', true, 0],
  ['archived', true, 1],
  ['detached', true, 1],
  ['dropped', false, 1],
] as const) {
  test(`GG-16 killed when ${step}, the month is in its partition or in a whole archive, and the next run ends it`, async () => {
    const name = await makeLogins(17, 300)
    const known = new Set(listArchives(shelf).items.map(({ manifest }) => manifest.id))
    const made = () =>
      listArchives(shelf).items.filter(({ manifest }) => manifest.partition === name && !known.has(manifest.id))
    await killAt(step)
    await admin.query('delete from operations.leases')
    assert.equal(await exists(name), isThere)
    assert.equal(made().length, archives)
    if (isThere) {
      const { rows } = await admin.query(`select count(*)::int as n from ${logins} where created_at < $1`, [month(16)])
      assert.equal(rows[0].n, 300, 'it is still a partition with all of its rows')
    }
    const [run] = await runRetention(app, { name: logins })
    assert.equal(run?.status, 'done', run?.reason ?? '')
    assert.equal(await exists(name), false)
    const [archive, ...others] = made()
    assert.deepEqual(others, [])
    assert.equal(archive?.manifest.rows, 300)
    assert.deepEqual(await verifyArchive(shelf, archive.manifest, new Date()), [])
    const names = readdirSync(folder)
    assert.deepEqual(
      names.filter(each => each.endsWith('.part')),
      [],
      'what was unfinished is cleared away',
    )
  })
}

async function killAt(step: string): Promise<void> {
  const given = JSON.stringify({ keys, login, admin: adminConfig, folder, step })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'retention.test.doomed.ts'), given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise(resolve => child.once('close', resolve))
  for await (const chunk of child.stdout) if (String(chunk).includes('there')) break
  child.kill('SIGKILL')
  await closed
}

test('GG-16 a month that changes after it was read stays, and goes the next time', async () => {
  const name = await makeLogins(18, 50)
  let isChanged = false
  const [run] = await runRetention(app, {
    name: logins,
    async onStep(step) {
      if (step !== 'written' || isChanged) return
      isChanged = true
      await admin.query(`update ${logins} set device = 'Safari' where created_at < $1`, [month(17)])
    },
  })
  assert.deepEqual(
    run?.steps.map(({ did }) => did),
    ['changed'],
  )
  assert.equal(await exists(name), true)
  const [next] = await runRetention(app, { name: logins })
  assert.deepEqual(
    next?.steps.map(({ did }) => did),
    ['archived'],
  )
  const archives = listArchives(shelf).items.filter(({ manifest }) => manifest.partition === name)
  assert.equal(archives.length, 2)
})

test('GG-16 a month that somebody reads waits for him, and he waits for nobody', async () => {
  const name = await makeLogins(19, 20)
  const reader = new pg.Client(adminConfig)
  await reader.connect()
  await reader.query(`begin; select count(*) from ${logins}`)
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const running = runRetention(app, { name: logins, onStep: step => (step === 'archived' ? release() : undefined) })
  await released
  await reader.query('commit')
  await reader.end()
  const [run] = await running
  assert.equal(run?.status, 'done', run?.reason ?? '')
  assert.equal(await exists(name), false)
})

test('GG-16 a legal hold stops the removal of rows and of whole months of a user or a tenant, until it is released', async () => {
  const sessions = `insert into identity.user_sessions (user_id, user_agent, expires_at) values ($1, 'held', now() - interval '40 days')`
  for (const { userId } of [alice, viewer]) await admin.query(sessions, [userId])
  const mixed = await makeLogins(20, 3, bob.userId)
  await admin.query(`insert into ${logins} (user_id, device, status, created_at) values ($1, 'x', 'success', $2)`, [
    viewer.userId,
    new Date(month(20).getTime() + 1000),
  ])
  const free = await makeLogins(21, 3, bob.userId)
  const hold = await addHold(app, alice.scope, { userId: viewer.userId, reason: 'Matter 12' })
  const [due] = await findDueRetention(app, 'identity.sessions_expired')
  assert.deepEqual([due?.due, due?.held], [1, 1])
  await runRetention(app, { name: 'identity.sessions_expired' })
  const left = async () =>
    (await admin.query(`select user_id from identity.user_sessions where user_agent = 'held'`)).rows.map(
      row => row.user_id,
    )
  assert.deepEqual(await left(), [viewer.userId])
  const [run] = await runRetention(app, { name: logins })
  assert.deepEqual(
    run?.steps.map(({ partition, did }) => [partition, did]),
    [
      [free, 'archived'],
      [mixed, 'held'],
    ],
  )
  assert.equal(await exists(mixed), true)

  await admin.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [activity, month(14)])
  for (const { tenantId, userId, scope } of [alice, bob]) {
    const list = await db.scoped(scope).one(sql<{ id: string }>`
      insert into contractors.contractor_lists (user_id, name) values (${userId}, 'Old') returning id`)
    await admin.query(
      `insert into ${activity} (tenant_id, list_id, user_id, action, created_at) values ($1, $2, $3, 'list.created', $4)`,
      [tenantId, list.id, userId, new Date(month(14).getTime() + 1000)],
    )
  }
  const ofTenant = await addHold(app, alice.scope, { tenantId: bob.tenantId, reason: 'Matter 13' })
  const [held] = await runRetention(app, { name: 'contractors.list_activity' })
  assert.deepEqual(
    held?.steps.map(({ did }) => did),
    ['held'],
  )
  await releaseHold(app, alice.scope, ofTenant.id, 'Settled')
  await releaseHold(app, alice.scope, hold.id, 'Settled')
  const [released] = await runRetention(app, { name: 'contractors.list_activity' })
  assert.deepEqual(
    released?.steps.map(({ did, rows }) => [did, rows]),
    [['archived', 2]],
  )
  await runRetention(app, { name: 'identity.sessions_expired' })
  await runRetention(app, { name: logins })
  assert.deepEqual([await left(), await exists(mixed)], [[], false], 'control: released')
  const { rows } = await admin.query(
    `select action, user_id from audit.audit_logs where resource = 'operations.legal_holds' and resource_id = $1 order by created_at`,
    [hold.id],
  )
  assert.deepEqual(rows, [
    { action: 'insert', user_id: alice.userId },
    { action: 'update', user_id: alice.userId },
  ])
})

test('GG-16 MT-02 MT-11 who is held, and the tenant he belongs to, are deleted by nobody', async () => {
  const held = await addHold(app, {}, { userId: viewer.userId, reason: 'Matter 14' })
  await admin.query(
    `update identity.users set status = 'deleted', deleted_at = now() - interval '91 days' where id = $1`,
    [viewer.userId],
  )
  const outcome = await eraseDeletedUsers(app)
  assert.deepEqual([outcome.erased, outcome.failed], [0, []], 'one that is held is no failure of every night')
  await assert.rejects(admin.query('delete from identity.users where id = $1', [viewer.userId]), /legal hold/)
  await assert.rejects(admin.query('delete from tenancy.tenants where id = $1', [alice.tenantId]), /legal hold/)
  await assert.rejects(
    admin.query(
      `insert into tenancy.tenant_deletions (tenant_id, by_operator, previous_status, scheduled_at)
       values ($1, true, 'active', now() + interval '1 day')`,
      [alice.tenantId],
    ),
    /legal hold/,
  )
  await admin.query(
    `insert into tenancy.tenant_deletions (tenant_id, by_operator, previous_status, requested_at, scheduled_at)
     values ($1, true, 'active', now() - interval '2 days', now() - interval '1 day')`,
    [bob.tenantId],
  )
  const late = await addHold(app, {}, { tenantId: bob.tenantId, reason: 'Matter 15' })
  const begin = (tenantId: string) =>
    admin.query(`update tenancy.tenant_deletions set begun_at = now(), owner_ids = '{}' where tenant_id = $1`, [
      tenantId,
    ])
  await assert.rejects(begin(bob.tenantId), /legal hold/)
  await releaseHold(app, {}, late.id, 'Settled')
  await begin(bob.tenantId)
  await assert.rejects(addHold(app, {}, { tenantId: bob.tenantId, reason: 'Matter 16' }), {
    code: 'operations.hold_too_late',
  })
  await admin.query('delete from tenancy.tenant_deletions')
  await releaseHold(app, {}, held.id, 'Settled')
  assert.equal((await eraseDeletedUsers(app)).erased, 1, 'control: released')
})

test('GG-16 operators see and run retention and hold by the API; others do not', async () => {
  const listed = (await (await alice.fetch('/operations/retention')).json()) as {
    items: { name: string; runs: unknown[] }[]
  }
  const names = listed.items.map(({ name }) => name)
  for (const name of [
    'identity.sessions_expired',
    logins,
    'contractors.list_activity',
    'audit.log',
    'identity.deleted_accounts',
  ])
    assert.ok(names.includes(name), name)
  assert.ok(listed.items.some(({ runs }) => runs.length > 0))
  assert.equal((await alice.fetch('/operations/retention/due')).status, 200)
  assert.equal((await alice.fetch('/operations/archives')).status, 200)
  const begun = await alice.fetch('/operations/retention/runs', { method: 'POST', body: { name: logins } })
  assert.deepEqual([begun.status, await begun.json()], [202, { names: [logins] }])
  const unknown = await alice.fetch('/operations/retention/runs', { method: 'POST', body: { name: 'nothing' } })
  assert.equal(unknown.status, 404)
  const body = { userId: bob.userId, reason: 'Matter 17' }
  assert.equal((await bob.fetch('/operations/legal-holds', { method: 'POST', body })).status, 403)
  assert.equal((await bob.fetch('/operations/legal-holds')).status, 403)
  const both = await alice.fetch('/operations/legal-holds', {
    method: 'POST',
    body: { ...body, tenantId: bob.tenantId },
  })
  assert.equal(both.status, 400)
  const nobody = await alice.fetch('/operations/legal-holds', {
    method: 'POST',
    body: { ...body, userId: crypto.randomUUID() },
  })
  assert.equal(nobody.status, 404)
  const made = await alice.fetch('/operations/legal-holds', { method: 'POST', body })
  assert.equal(made.status, 201)
  const hold = (await made.json()) as { id: string; userEmail: string }
  assert.equal(hold.userEmail, bob.email)
  const release = () =>
    alice.fetch(`/operations/legal-holds/${hold.id}/release`, { method: 'POST', body: { reason: 'Settled' } })
  const signedIn = (minutesAgo: number) =>
    admin
      .query(
        `update identity.user_sessions set authenticated_at = now() - $2 * interval '1 minute' where user_id = $1`,
        [alice.userId, minutesAgo],
      )
      .then(believedNoLonger)
  await signedIn(11)
  const late = (await (await release()).json()) as { code: string }
  assert.equal(late.code, 'http.step_up_required', 'what was kept may go for good')
  await signedIn(0)
  assert.deepEqual([(await release()).status, (await release()).status], [200, 409])
  const { items } = (await (await alice.fetch('/operations/legal-holds?all=true')).json()) as {
    items: { id: string; releaseReason: string }[]
  }
  assert.equal(items.find(({ id }) => id === hold.id)?.releaseReason, 'Settled')
})

test('GG-16 a row in a table has the digest of its line in an archive, whatever the order', async () => {
  await admin.query('create table public.odd (a json, b jsonb, c bytea, d numeric, e timestamptz, f float8, g text[])')
  await admin.query(
    `insert into public.odd values (E'{"a":\\n1}', 'null', '\\x00ff', 'NaN', 'infinity', 0.1, '{a,NULL}'), (null, '[1.10]', '', 1.10, now(), 'NaN', null)`,
  )
  const first = await digestOf(statementsOf(admin), 'public.odd')
  await admin.query('create table public.odd_again as select * from public.odd order by d desc')
  assert.deepEqual(await digestOf(statementsOf(admin), 'public.odd_again'), first)
  await admin.query('drop table public.odd, public.odd_again')
})
