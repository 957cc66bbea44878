import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { rowAsOf } from '#platform/audit'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { ownServer } from '#test/own-server.ts'
import type { RowCounts } from './past-rows.ts'

const server = await ownServer({ max_wal_size: '64MB' })
const { joinAs, newPerson, testWorld } = await import('#test/world.ts')
const { rowMaker } = await import('#test/rows.ts')
const { takeBackup } = await import('./base-backups.ts')
const { parseLsn } = await import('./positions.ts')
const { startReceiver } = await import('./receiver.ts')
const { findReceiverState } = await import('./wal-files.ts')
const { findArchive, recoverAside } = await import('./recoveries.ts')
const { restoreTenant } = await import('./tenant-restores.ts')
const { restoreBeside, restoreInPlace } = await import('./table-restores.ts')
const { migrateDatabase, revertMigrations } = await import('../../database/migrate.ts')
const { removeTenant, sweepRemovedTenants } = await import('../../accounts/tenant-removals.ts')
const { ruleOf } = await import('./restoration-rules.ts')
const { readShapes } = await import('./table-shapes.ts')

const world = await testWorld()
const { admin, adminConfig, alice, bob } = world
const folder = join(server.directory, 'backups')
const dataDirectory = join(server.directory, 'program')
mkdirSync(dataDirectory)
const app = {
  ...world.app,
  administration: { admin: adminConfig, isEmbedded: false, dataDirectory },
  config: { ...world.app.config, backupDir: folder },
}
const shelf = { folder, keyring: app.keyring }
const lists = 'contractors.contractor_lists'

const shapes = await readShapes(admin)
const tenantTables = [...shapes.values()].filter(({ hasTenant, key }) => hasTenant && key.length > 0)
const restorable = tenantTables.filter(shape => !('stays' in ruleOf(app.modules, shape))).map(({ name }) => name)

/** Rows of a table as text, in one order. */
async function rowsOf(table: string, where = 'true', client: pg.ClientBase = admin): Promise<string[]> {
  const { rows } = await client.query(
    `select row::text as text from ${table} as row where ${where} order by row::text collate "C"`,
  )
  return rows.map(({ text }) => text)
}

/** Everything that is not the tenant's: what others have, and what is shared. What is written about the restore itself stays out. */
async function othersOf(tenantId: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const { name, hasTenant } of shapes.values()) {
    if (/^operations\.backup_runs$|^platform\.mov/.test(name)) continue
    const own = name === 'tenancy.tenants' ? `id <> '${tenantId}'` : hasTenant ? `tenant_id <> '${tenantId}'` : 'true'
    found.set(name, await rowsOf(name, own))
  }
  return found
}

/**
 * What a tenant is to be after it was replaced: the copy, once the database itself has forgotten there who was erased since,
 * and without what opened the link that was withdrawn.
 */
async function expectedOf(tenantId: string): Promise<Map<string, string[]>> {
  const client = new pg.Client(copy.adminConfig(adminConfig.database))
  await client.connect()
  try {
    await client.query('begin')
    // Who made a row is taken out of it by the restore, which is no change of the row's own.
    await client.query(`create or replace function platform.touch_updated_at() returns trigger
      language plpgsql as 'begin return new; end'`)
    await client.query('delete from identity.users where id = $1', [erased.userId])
    await client.query('update contractors.contractor_list_shares set access_token_hash = null where id = $1', [link])
    await client.query(`select set_config('app.tenant_id', $1, true)`, [alice.tenantId])
    await client.query(
      `update contractors.contractor_list_comments set body = 'Ask [erased], not x' || $1 where body like 'Ask ' || $1 || '%'`,
      [erased.email],
    )
    await client.query('select assignments.erase_participants($1, $2)', [
      [alice.tenantId, alice.tenantId],
      [people.byHand, people.linkedSince],
    ])
    await client.query(`delete from assignments.solver_runs where status in ('queued', 'running')`)
    const found = new Map<string, string[]>()
    for (const name of restorable) found.set(name, await rowsOf(name, `tenant_id = '${tenantId}'`, client))
    return found
  } finally {
    await client.end()
  }
}

async function addList(person: typeof alice, name: string): Promise<string> {
  const answer = await person.fetch('/contractor-lists', { method: 'POST', body: { name } })
  assert.equal(answer.status, 201, await answer.clone().text())
  return ((await answer.json()) as { id: string }).id
}

const namesOf = async (tenantId: string) =>
  (await admin.query(`select name from ${lists} where tenant_id = $1 order by name`, [tenantId])).rows.map(
    it => it.name,
  )

const one = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows[0]

const refusal = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DomainError, String((error as Error).stack))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, says)
  return true
}

// The world of then: both tenants have a row in every table, and people who will be gone, or come.
const [erased, leaver, later] = [await newPerson(world), await newPerson(world), await newPerson(world)]
for (const person of [erased, leaver]) await joinAs(world, person.userId, alice.tenantId, 'member')
for (const [tenantId, userId] of [
  [alice.tenantId, alice.userId],
  [alice.tenantId, erased.userId],
  [bob.tenantId, bob.userId],
] as const) {
  const row = rowMaker(admin, { tenantId, userId })
  for (const { name } of tenantTables) if (!/^audit\.|tenant_deletions|^platform\./.test(name)) await row(name)
}
await admin.query(`delete from tenancy.placements; delete from tenancy.moves`)
const [kept, deleted, shared] = [
  await addList(alice, 'Kept and renamed'),
  await addList(alice, 'Deleted since'),
  await addList(alice, 'Shared'),
]
const [key, link] = [randomUUID(), randomUUID()]
// As who makes a key of his own.
await admin.query(`select set_config('app.user_id', $1, false)`, [alice.userId])
await admin.query(
  `insert into access.api_keys (tenant_id, id, user_id, name, prefix, secret_hash, scopes)
  values ($1, $2, $3, 'Robot', 'chk_abcdefgh', sha256('secret'), '{contractors.*}')`,
  [alice.tenantId, key, alice.userId],
)
await admin.query(
  `insert into contractors.contractor_list_shares (tenant_id, id, list_id, shared_with_email, shared_by, access_token_hash)
  values ($1, $2, $3, 'guest@outside.example', $4, sha256('token'))`,
  [alice.tenantId, link, shared, alice.userId],
)
// Where nobody's id stands, but an address.
const name = 'Somebody Who Goes'
await admin.query('update identity.users set full_name = $2 where id = $1', [erased.userId, name])
await admin.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
await admin.query(
  `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, shared_by) values ($1, $2, $3, $4)`,
  [alice.tenantId, shared, erased.email, alice.userId],
)
await admin.query(
  `insert into contractors.contractor_list_comments (tenant_id, list_id, user_id, body) values ($1, $2, $3, $4)`,
  [alice.tenantId, shared, alice.userId, `Ask ${erased.email}, not x${erased.email}`],
)
// Whom nobody can write a mail to: participants, with the account and without.
const [rota, garden, round] = [randomUUID(), randomUUID(), randomUUID()]
const people = { linked: randomUUID(), linkedSince: randomUUID(), byHand: randomUUID(), stayed: randomUUID() }
await admin.query(
  `insert into assignments.domains (tenant_id, id, name, display_name) values ($1, $2, 'rota', 'Rota'), ($1, $3, 'garden', 'Garden')`,
  [alice.tenantId, rota, garden],
)
for (const [which, id] of Object.entries(people)) {
  await admin.query(
    `insert into assignments.participants (tenant_id, id, domain_id, user_id, name, phone, skills, availability)
    values ($1, $2, $3, $4, 'Secret ' || $5, '+49 171', '["cooking"]', '{"monday": {"9:00": "available"}}')`,
    [alice.tenantId, id, which === 'linkedSince' ? garden : rota, which === 'linked' ? erased.userId : null, which],
  )
  await admin.query(
    `insert into assignments.availability_exceptions (tenant_id, participant_id, starts_on, ends_on, note)
    values ($1, $2, '2026-12-24', '2026-12-24', 'Secret illness')`,
    [alice.tenantId, id],
  )
}
// Made by hand above, as no participant says it.
await admin.query('delete from assignments.participant_hours where ends_at = 2')
// Bob's as well, whose workspace goes and comes back.
const [bobs, goes, stays] = [randomUUID(), randomUUID(), randomUUID()]
await admin.query(
  `insert into assignments.domains (tenant_id, id, name, display_name) values ($1, $2, 'desk', 'Desk')`,
  [bob.tenantId, bobs],
)
await admin.query(
  `insert into assignments.participants (tenant_id, id, domain_id, name, phone)
  select $1, id, $2, 'Secret', '+49 171' from unnest($3::uuid[]) as id`,
  [bob.tenantId, bobs, [goes, stays]],
)
const target = randomUUID()
await admin.query(
  `insert into assignments.assignment_targets (tenant_id, id, domain_id, name) values ($1, $2, $3, 'Kitchen')`,
  [alice.tenantId, target, rota],
)
await admin.query(
  `insert into assignments.assignments (tenant_id, id, domain_id, strategy_used) values ($1, $2, $3, 'optimal')`,
  [alice.tenantId, round, rota],
)
await admin.query(
  `insert into assignments.assignment_details (tenant_id, assignment_id, participant_id, target_id)
  select $1, $2, person, $3 from unnest($4::uuid[]) as person`,
  [alice.tenantId, round, target, [people.linked, people.byHand, people.stayed]],
)
await admin.query(
  `insert into assignments.drop_outs (tenant_id, assignment_id, participant_id, reason) values ($1, $2, $3, 'Secret reason')`,
  [alice.tenantId, round, people.byHand],
)
await admin.query(`select set_config('app.tenant_id', '', false)`)
const receiver = await startReceiver({ shelf, admin: adminConfig })
// The backup is one migration behind what there is afterwards.
const { reverted } = await revertMigrations({ admin: adminConfig })
await takeBackup({ shelf, admin: adminConfig })
const at = (await one('select clock_timestamp() as now')).now as Date
await sleep(5)

// What happened since.
await migrateDatabase({ admin: adminConfig })
const patched = await alice.fetch(`/contractor-lists/${kept}`, { method: 'PATCH', body: { name: 'Renamed' } })
assert.equal(patched.status, 200, await patched.text())
await admin.query(`delete from ${lists} where id = $1`, [deleted])
await admin.query(`update access.api_keys set revoked_at = now() where id = $1`, [key])
await admin.query(`delete from contractors.contractor_list_shares where id = $1`, [link])
await admin.query(
  `update members.invitations set status = 'cancelled', cancelled_at = now() where tenant_id = $1 and status = 'pending'`,
  [alice.tenantId],
)
await admin.query(`delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2`, [
  alice.tenantId,
  leaver.userId,
])
await admin.query('update assignments.participants set user_id = $2 where id = $1', [people.linkedSince, erased.userId])
await admin.query(`delete from identity.users where id = $1`, [erased.userId])
assert.equal((await alice.fetch(`/participants/${people.byHand}/erasure`, { method: 'POST' })).status, 200)
await admin.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
await admin.query('delete from assignments.availability_exceptions where participant_id = $1', [people.stayed])
await admin.query(`update assignments.participants set name = 'Renamed' where id = $1`, [people.stayed])
await admin.query('delete from assignments.assignments where id = $1', [round])
await admin.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
await admin.query(`delete from contractors.contractor_list_activity where metadata::text like '%' || $1 || '%'`, [
  erased.email,
])
await admin.query(`delete from contractors.contractor_list_comments where body like '%' || $1 || '%'`, [erased.email])
await admin.query(`select set_config('app.tenant_id', '', false)`)
await joinAs(world, later.userId, alice.tenantId, 'member')
await admin.query(`select set_config('app.user_id', $1, false)`, [later.userId])
await admin.query(
  `insert into access.api_keys (tenant_id, user_id, name, prefix, secret_hash, scopes)
  values ($1, $2, 'Of who came later', 'chk_ijklmnop', sha256('other'), '{contractors.*}')`,
  [alice.tenantId, later.userId],
)
await admin.query(`select set_config('app.user_id', '', false)`)
await addList(alice, 'Made since')
await addList(bob, 'Of another workspace')
await settled()

/** Until all that is written now, and that it was received after `at`, is on the disk of the archive. */
async function settled(): Promise<void> {
  const { lsn } = await one('select pg_current_wal_lsn()::text as lsn')
  const archive = findArchive(shelf)
  for (;;) {
    const received = findReceiverState(archive)
    if (received && parseLsn(received.lsn) >= parseLsn(lsn) && Date.parse(received.serverTime) > at.getTime()) return
    await sleep(20)
  }
}

// One copy for all that does not recover one of its own.
const copy = await recoverAside({ shelf, target: { at }, into: join(server.directory, 'copy'), durable: false })
after(async () => {
  await copy.stop()
  await receiver.stop()
  await server.end()
})
type Aside = NonNullable<Parameters<typeof restoreTenant>[1]['aside']>
const aside: Aside = async (_app, _options, work) => await work(copy)
const wish = { slug: 'meridian-capture', target: { at }, requestedBy: 'Olga Operator', aside } as const

const exceptionsOf = async (id: string, table = 'assignments.availability_exceptions') =>
  (await one(`select count(*)::int as n from ${table} where participant_id = $1`, [id])).n as number

test('GG-21 while the database itself is behind the program nothing is restored', async () => {
  await revertMigrations({ admin: adminConfig })
  try {
    await assert.rejects(restoreTenant(app, { ...wish, mode: 'merge', isDryRun: true }), {
      code: 'backups.database_behind',
    })
  } finally {
    await migrateDatabase({ admin: adminConfig })
  }
})

test('GG-21 a copy from before a migration is brought forward first', async () => {
  assert.equal(reverted.length, 1, 'control: the backup was a migration behind')
  const said: string[] = []
  await restoreTenant(app, { ...wish, mode: 'merge', isDryRun: true, log: line => said.push(line) })
  assert.ok(
    said.some(line => line.includes('1 migrations behind')),
    said.join('\n'),
  )
})

test('GG-21 a dry run counts what would change, and changes nothing', async () => {
  const before = await othersOf(randomUUID())
  const { tables, isDryRun, stays } = await restoreTenant(app, { ...wish, mode: 'replace', isDryRun: true })
  assert.equal(isDryRun, true)
  const { added, changed, removed } = tables[lists] as RowCounts
  assert.deepEqual({ added, changed, removed }, { added: 1, changed: 1, removed: 1 })
  assert.match(stays['access.api_keys'] ?? '', /revoked or has ended stays so/)
  assert.deepEqual(await othersOf(randomUUID()), before)
})

test('GG-21 merge brings back what is missing, and what is there stays as it is', async () => {
  const others = await othersOf(alice.tenantId)
  const { tables } = await restoreTenant(app, { ...wish, mode: 'merge' })
  assert.equal(tables[lists]?.removed, 0)
  assert.equal(tables[lists]?.changed, 0)
  const names = await namesOf(alice.tenantId)
  for (const name of ['Deleted since', 'Renamed', 'Made since']) assert.ok(names.includes(name), `${name} is there`)
  assert.ok(!names.includes('Kept and renamed'))
  const { linked, linkedSince, byHand, stayed } = people
  for (const id of [linked, linkedSince, byHand]) assert.equal(await exceptionsOf(id), 0, 'of who was erased')
  assert.equal(await exceptionsOf(stayed), 1, 'control: of who was not')
  assert.deepEqual(await othersOf(alice.tenantId), others)
})

test('GG-21 replace makes a workspace what it was and leaves all others and what is shared untouched, byte by byte', async () => {
  const others = await othersOf(alice.tenantId)
  const { tables, followed } = await restoreTenant(app, { ...wish, mode: 'replace' })
  assert.ok(restorable.length > 15, `control: ${restorable.length} tables`)
  for (const [name, expected] of await expectedOf(alice.tenantId)) {
    const rows = await rowsOf(name, `tenant_id = '${alice.tenantId}'`)
    // Of the lists that were handed over when their owner was erased, what was done about them since holds.
    if (name === lists || name.endsWith('list_activity')) assert.ok(rows.length <= expected.length, name)
    else if (name === 'assignments.assignment_history')
      assert.deepEqual(
        expected.filter(row => !rows.includes(row)),
        [],
        'what was done then is still told',
      )
    else assert.deepEqual(rows, expected, name)
  }
  assert.deepEqual(await othersOf(alice.tenantId), others)
  assert.equal(followed['access.api_keys']?.removed, 1, 'the key of who came later went with the membership')
  assert.ok((tables['tenancy.user_tenants']?.added ?? 0) + (tables['tenancy.user_tenants']?.removed ?? 0) > 0)
  assert.equal((await one('select count(*)::int as n from platform.moving_tenants')).n, 0)
})

test('GG-21 what was revoked, withdrawn or used stays so, and who was erased stays away', async () => {
  assert.ok((await one('select revoked_at from access.api_keys where id = $1', [key])).revoked_at)
  const share = await one(
    'select access_token_hash, password_hash from contractors.contractor_list_shares where id = $1',
    [link],
  )
  assert.deepEqual(share, { access_token_hash: null, password_hash: null })
  const { open } = await one(
    `select count(*)::int as open from members.invitations where tenant_id = $1 and status = 'pending'`,
    [alice.tenantId],
  )
  assert.equal(open, 0)
  const members = (await admin.query('select user_id from tenancy.user_tenants where tenant_id = $1', [alice.tenantId]))
    .rows
  assert.ok(
    members.some(row => row.user_id === leaver.userId),
    'who had left is back',
  )
  assert.ok(!members.some(row => row.user_id === later.userId))
})

test('GG-19 every row that a restore changes is in the audit log with the run as its cause, and the log replays to the table', async () => {
  const run = await one(
    `select id, state, requested_by, result from operations.backup_runs where kind = 'restore' order by started_at desc limit 1`,
  )
  assert.deepEqual([run.state, run.requested_by], ['done', 'Olga Operator'])
  const { rows } = await admin.query(
    `select resource, action, count(*)::int as entries, min(user_name) as name from audit.audit_logs where tenant_id = $1 and request_id = $2 group by 1, 2`,
    [alice.tenantId, run.id],
  )
  const entriesOf = (resource: string, action: string) =>
    rows.find(it => it.resource === resource && it.action === action)?.entries ?? 0
  for (const [name, counts] of Object.entries(run.result.tables as Record<string, RowCounts>)) {
    if (!shapes.get(name)?.trackers.length) continue
    assert.equal(entriesOf(name, 'insert'), counts.added, name)
    assert.equal(entriesOf(name, 'delete'), counts.removed, name)
  }
  assert.equal(entriesOf('access.api_keys', 'delete'), 1)
  assert.equal(entriesOf('tenancy.tenants', 'restore'), 1)
  const event = await one(`select details from audit.audit_logs where action = 'restore' and request_id = $1`, [run.id])
  const staying: { reason: string; tables: string[] }[] = run.result.stays
  assert.equal(new Set(staying.map(({ reason }) => reason)).size, staying.length, 'each reason once')
  assert.equal(event.details.stays, staying.flatMap(({ tables }) => tables).length, 'the log has how many')
  assert.ok(rows.every(({ name }) => name === 'Olga Operator'))
  const past = await rowAsOf(world.db.scoped(alice.scope), lists, kept, new Date().toISOString())
  assert.match(JSON.stringify(past), /Kept and renamed/)
})

test('GG-16 VS-06 a participant who was erased since, with his account or by hand, comes back as nobody, and all others as they were', async () => {
  const { linked, linkedSince, byHand, stayed } = people
  const all = [linked, linkedSince, byHand]
  const client = new pg.Client(copy.adminConfig(adminConfig.database))
  await client.connect()
  const personIn = async (id: string, from: pg.ClientBase = admin) =>
    (
      await from.query(
        `select name, phone, user_id as "userId", is_active as "isActive", availability, skills, updated_at as "updatedAt",
          (select count(*)::int from assignments.participant_hours as hours where participant_id = person.id) as days
        from assignments.participants as person where id = $1`,
        [id],
      )
    ).rows[0]
  const then = new Map<string, Awaited<ReturnType<typeof personIn>>>()
  for (const id of Object.values(people)) then.set(id, await personIn(id, client))
  await client.end()
  for (const id of all) {
    assert.match(then.get(id).name, /Secret/, 'control: the copy has not forgotten him')
    const nobody = { name: 'Erased person', phone: null, userId: null, isActive: false, availability: {}, days: 7 }
    assert.deepEqual(await personIn(id), { ...nobody, skills: ['cooking'], updatedAt: then.get(id).updatedAt })
    assert.equal(await exceptionsOf(id), 0)
  }
  assert.equal(then.get(stayed).days, 1)
  assert.deepEqual(await personIn(stayed), then.get(stayed))
  assert.equal(await exceptionsOf(stayed), 1)
  const load = await admin.query(
    'select participant_id as id from assignments.assignment_details where assignment_id = $1 order by 1',
    [round],
  )
  assert.deepEqual(
    load.rows.map(({ id }) => id),
    [linked, byHand, stayed].sort(),
    'that somebody did the work is back with the round',
  )
  assert.equal((await one('select reason from assignments.drop_outs where participant_id = $1', [byHand])).reason, null)

  // A table alone forgets as well.
  const asked = { target: { at }, requestedBy: 'Olga', aside }
  for (const [table, key] of [
    ['participants', 'id'],
    ['availability_exceptions', 'participant_id'],
    ['drop_outs', 'participant_id'],
  ]) {
    const into = `restored.forgotten_${table}`
    const done = await restoreBeside(app, { ...asked, table: `assignments.${table}`, into })
    assert.ok(done.erased > 0, table)
    const { rows } = await admin.query(`select row::text as text, ${key} as id from ${into} as row`)
    for (const { text, id } of rows) assert.ok(!all.includes(id) || !text.includes('Secret'), text)
    if (table !== 'drop_outs') assert.ok(rows.some(({ text, id }) => id === stayed && text.includes('Secret')))
    await admin.query(`drop table ${into}`)
  }
  await admin.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
  await admin.query('delete from assignments.availability_exceptions where participant_id = $1', [stayed])
  await admin.query(`select set_config('app.tenant_id', '', false)`)
  const { counts } = await restoreInPlace(app, { ...asked, table: 'assignments.availability_exceptions' })
  assert.equal(counts?.added, 1)
  for (const id of all) assert.equal(await exceptionsOf(id), 0)
  assert.equal(await exceptionsOf(stayed), 1)
})

test('GG-16 a copy that cannot be made to forget who was erased since is refused, and nothing is changed', async () => {
  const client = new pg.Client(copy.adminConfig(adminConfig.database))
  await client.connect()
  const before = [await rowsOf('assignments.participants'), await rowsOf(lists)]
  await client.query(`alter database ${adminConfig.database} set default_transaction_read_only = on`)
  try {
    const refused = refusal('backups.copy_remembers', /[1-9]\d* in assignments\.participants.*read-only/)
    await assert.rejects(restoreTenant(app, { ...wish, mode: 'replace' }), refused)
  } finally {
    await client.query('set default_transaction_read_only = off')
    await client.query(`alter database ${adminConfig.database} reset default_transaction_read_only`)
    await client.end()
  }
  assert.deepEqual([await rowsOf('assignments.participants'), await rowsOf(lists)], before)
})

test('VS-10 the history of a round goes on through a restore: what was done since, and what the restore did, are told', async () => {
  const { rows } = await admin.query(
    'select id, action, changes from assignments.assignment_history where assignment_id = $1 order by id',
    [round],
  )
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['insert', 'assign', 'delete', 'unassign', 'insert', 'assign'],
  )
  const replayed = new Set<string>()
  for (const { changes } of rows) {
    for (const { participant_id: id } of changes.details?.old ?? []) replayed.delete(id)
    for (const { participant_id: id } of changes.details?.new ?? []) replayed.add(id)
  }
  assert.deepEqual([...replayed].sort(), [people.linked, people.byHand, people.stayed].sort())
  const done = await restoreTenant(app, { ...wish, mode: 'replace', isDryRun: true })
  assert.equal(done.tables['assignments.assignment_history'], undefined, 'it is added to, and not made what it was')
  assert.match(done.stays['assignments.calendar_feeds'] ?? '', /withdrawn/)
  assert.match(done.stays['assignments.erased_participants'] ?? '', /stays erased/)
})

test('GG-16 no value of a person who was erased since comes back with a workspace or a table, and it is counted', async () => {
  const tablesWith = async (text: string, names: readonly string[], client: pg.ClientBase = admin) => {
    const found: string[] = []
    for (const table of names) {
      const { rowCount } = await client.query(
        `select from ${table} as row where strpos(replace(row::text, 'x' || $1, ''), $1) > 0 limit 1`,
        [text],
      )
      if (rowCount) found.push(table)
    }
    return found
  }
  const client = new pg.Client(copy.adminConfig(adminConfig.database))
  await client.connect()
  const then = await tablesWith(erased.email, restorable, client).finally(() => client.end())
  for (const table of ['contractors.contractor_list_shares', 'contractors.contractor_list_comments'])
    assert.ok(then.includes(table), `control: ${table} had the address`)
  assert.deepEqual(await tablesWith(erased.email, restorable), [])

  const { tables } = await restoreTenant(app, { ...wish, mode: 'merge', isDryRun: true })
  const told = Object.entries(tables).filter(([, counts]) => counts.erased > 0)
  assert.ok(told.length >= 2, JSON.stringify(tables))

  const beside = { target: { at }, requestedBy: 'Olga', aside }
  for (const table of ['identity.users', ...then]) {
    const into = `restored.erased_${table.replaceAll('.', '_')}`
    const dry = await restoreBeside(app, { ...beside, table, into, isDryRun: true })
    const done = await restoreBeside(app, { ...beside, table, into })
    assert.ok(done.erased > 0, table)
    assert.deepEqual([done.rows, done.erased], [dry.rows, dry.erased])
    for (const text of [erased.email, name]) assert.deepEqual(await tablesWith(text, [into]), [], `${text} in ${table}`)
    assert.ok((await rowsOf(into)).length > 0, 'control: others came')
    await admin.query(`drop table ${into}`)
  }
})

test('GG-21 writes of the workspace wait for the end of its restore, reads go on, and no second one begins', async () => {
  let hasEnded = false
  let isWritten = false
  let writing: Promise<unknown> | undefined
  const list = await addList(alice, 'While it is restored')
  await restoreTenant(app, {
    ...{ ...wish, mode: 'replace' },
    async onStep(step) {
      if (step === 'written') hasEnded = true
      if (step !== 'staged') return
      writing = alice
        .fetch(`/contractor-lists/${list}`, { method: 'PATCH', body: { name: 'Too late' } })
        .then(async answer => {
          isWritten = true
          assert.ok(hasEnded, `it waited, and did not answer ${answer.status}: ${await answer.text()}`)
        })
      assert.equal((await alice.fetch(`/contractor-lists/${shared}/items`)).status, 200)
      assert.equal((await bob.fetch('/contractor-lists', { method: 'POST', body: { name: 'Meanwhile' } })).status, 201)
      await assert.rejects(
        restoreTenant(app, { ...wish, mode: 'merge' }),
        refusal('backups.restore_taken', /Another program/),
      )
      assert.equal(isWritten, false)
    },
  })
  await writing
  assert.ok(!(await namesOf(alice.tenantId)).includes('Too late'))
})

test('GG-21 who has locked a row and writes it begins anew, and neither he nor the restore waits for the other for ever', async () => {
  const [of, ofBob] = [await addList(alice, 'Locked before'), await addList(bob, 'Locked too')]
  let [attempts, isDone] = [0, false]
  let writing: Promise<unknown> | undefined
  const rename = (person: typeof alice, id: string, onLocked = () => {}) =>
    world.db.transaction(person.scope, async tx => {
      attempts++
      const locked = await tx.run(sql`select from contractors.contractor_lists where id = ${id} for update`)
      onLocked()
      await tx.run(sql`update contractors.contractor_lists set name = 'Too late' where id = ${id}`)
      return locked.length
    })
  await restoreTenant(app, {
    ...{ ...wish, mode: 'replace' },
    async onStep(step) {
      if (step === 'written') isDone = true
      if (step !== 'staged') return
      assert.equal(await rename(bob, ofBob), 1, 'control: others lock and write')
      attempts = 0
      await new Promise<void>(resolve => {
        writing = rename(alice, of, resolve).then(found => {
          assert.deepEqual([found, isDone], [0, true])
        })
      })
      // Once a server has looked for a deadlock on behalf of who waits, it does not look again.
      await sleep(1_500)
    },
  })
  await writing
  assert.equal(attempts, 2)
  assert.ok(!(await namesOf(alice.tenantId)).includes('Too late'))
  await admin.query('delete from contractors.contractor_list_activity where list_id = $1', [ofBob])
  await admin.query(`delete from ${lists} where id = $1`, [ofBob])
})

test('GG-21 a restore that the server ends as one of two who wait for each other begins anew', async () => {
  const list = await addList(alice, 'Locked second')
  const other = new pg.Client(adminConfig)
  await other.connect()
  await admin.query(`select set_config('app.tenant_id', $1, false)`, [alice.tenantId])
  const { id: comment } = await one(
    `insert into contractors.contractor_list_comments (tenant_id, list_id, user_id, body) values ($1, $2, $3, 'Since') returning id`,
    [alice.tenantId, list, alice.userId],
  )
  await admin.query(`select set_config('app.tenant_id', '', false)`)
  const steps: string[] = []
  let waiting: Promise<unknown> | undefined
  const { tables } = await restoreTenant(app, {
    ...{ ...wish, mode: 'replace' },
    async onStep(step) {
      steps.push(step)
      if (step === 'staged' && !waiting)
        await other.query(`begin; select from contractors.contractor_list_comments where id = '${comment}' for update`)
      if (step !== `applied ${lists}` || waiting) return
      waiting = other.query(`select from ${lists} where id = '${list}' for update; rollback`)
      await sleep(1_500)
    },
  })
  await waiting
  await other.end()
  assert.equal(steps.filter(step => step === `applied ${lists}`).length, 2)
  assert.equal(tables[lists]?.removed, 1)
  assert.equal(
    (await one('select count(*)::int as n from contractors.contractor_list_comments where id = $1', [comment])).n,
    0,
  )
})

test('GG-21 a legal hold stops what would remove rows, and not what only brings some back', async () => {
  const { id } = await one(
    `insert into operations.legal_holds (held_tenant_id, reason) values ($1, 'Matter 12') returning id`,
    [alice.tenantId],
  )
  await assert.rejects(restoreTenant(app, { ...wish, mode: 'replace' }), refusal('operations.held', /legal hold/))
  await restoreTenant(app, { ...wish, mode: 'merge', isDryRun: true })
  await addList(alice, 'Held')
  await assert.rejects(
    restoreInPlace(app, { table: lists, target: { at }, requestedBy: 'Olga', aside }),
    refusal('operations.held', /legal hold/),
  )
  const release = (held: string) =>
    admin.query(`update operations.legal_holds set released_at = now(), release_reason = 'Settled' where id = $1`, [
      held,
    ])
  await release(id)

  // Who is no member: the workspace is not held, but the rows that name him are.
  const { user_id: author } = await one(
    `update ${lists} set user_id = $2 where tenant_id = $1 and name = 'Held' returning user_id`,
    [alice.tenantId, bob.userId],
  )
  const { id: ofAuthor } = await one(
    `insert into operations.legal_holds (held_user_id, reason) values ($1, 'Matter 13') returning id`,
    [author],
  )
  assert.equal((await one('select platform.find_hold($1, null) as hold', [alice.tenantId])).hold, null, 'control')
  await assert.rejects(restoreTenant(app, { ...wish, mode: 'replace' }), refusal('operations.held', /legal hold/))
  await release(ofAuthor)

  // One that is asked for while the copy is recovered is seen all the same.
  let late = ''
  const held = restoreTenant(app, {
    ...{ ...wish, mode: 'replace' },
    async onStep(step) {
      if (step !== 'noting') return
      const made = await one(
        `insert into operations.legal_holds (held_tenant_id, reason) values ($1, 'Matter 14') returning id`,
        [alice.tenantId],
      )
      late = made.id
    },
  })
  await assert.rejects(held, refusal('operations.held', /legal hold/))
  await release(late)
  await restoreTenant(app, { ...wish, mode: 'replace', isDryRun: true })
})

test('GG-21 killed before its commit a restore has changed nothing, and the next one clears up after it', async () => {
  await addList(alice, 'Before the kill')
  const before = await rowsOf(lists)
  const given = JSON.stringify({
    ...{ slug: wish.slug, at: at.toISOString(), step: 'written', folder, dataDirectory },
    ...{ keys: world.keys, login: world.login, admin: adminConfig },
  })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'partial-restores.test.doomed.ts'), given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise(resolve => child.once('close', resolve))
  for await (const chunk of child.stdout) if (String(chunk).includes('there')) break
  child.kill('SIGKILL')
  await closed
  assert.equal(
    readdirSync(dataDirectory).filter(name => /^aside-.*\d$/.test(name)).length,
    1,
    'control: it left a copy',
  )
  assert.deepEqual(await rowsOf(lists), before)
  const { aside: _, ...real } = wish
  await restoreTenant(app, { ...real, mode: 'replace' })
  assert.ok(!(await namesOf(alice.tenantId)).includes('Before the kill'))
  assert.deepEqual(
    readdirSync(dataDirectory).filter(name => name.startsWith('aside-')),
    [],
  )
  const { noted } = await one('select count(*)::int as noted from platform.moving_tenants')
  assert.equal(noted, 0)
})

test('GG-21 a table comes back beside, for administrators alone', async () => {
  const asked = { table: lists, target: { at }, requestedBy: 'Olga', into: 'restored.lists', aside }
  const { rows } = await restoreBeside(app, asked)
  const found = await one(`
    select
      (select count(*)::int from restored.lists) as rows,
      (select relrowsecurity from pg_class where oid = 'restored.lists'::regclass) as "isSecured",
      obj_description('restored.lists'::regclass) as comment,
      has_schema_privilege('commonhold_app', 'restored', 'usage') or has_table_privilege('commonhold_app', 'restored.lists', 'select') as "isOpen"`)
  assert.deepEqual({ ...found, comment: null }, { rows, isSecured: true, comment: null, isOpen: false })
  assert.match(found.comment, /as it was at .* drop it/)
  assert.deepEqual(
    (
      await one(`select array_agg(name order by name) as names from restored.lists where tenant_id = $1`, [
        bob.tenantId,
      ])
    ).names,
    (await namesOf(bob.tenantId)).filter((name: string) => !['Of another workspace', 'Meanwhile'].includes(name)),
  )
  await assert.rejects(restoreBeside(app, asked), refusal('backups.table_in_the_way', /restored\.lists/))
})

test('GG-21 a table in its place becomes what it was, or is refused with what stands in the way', async () => {
  const asked = { table: lists, target: { at }, requestedBy: 'Olga', aside }
  await assert.rejects(
    restoreInPlace(app, { ...asked, table: 'access.api_keys' }),
    refusal('backups.table_stays', /revoked/),
  )
  await admin.query(`alter table ${lists} add column surplus text`)
  await assert.rejects(restoreInPlace(app, asked), refusal('backups.table_other', /surplus is new/))
  await admin.query(`alter table ${lists} drop column surplus`)
  const since = await one(`select id from ${lists} where name = 'Of another workspace'`)
  await admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, shared_by) values ($1, $2, 'a@b.example', $3)`,
    [bob.tenantId, since.id, bob.userId],
  )
  await assert.rejects(restoreInPlace(app, asked), refusal('backups.rows_held', /contractor_list_/))
  await admin.query('delete from contractors.contractor_list_shares where list_id = $1', [since.id])
  await admin.query(
    `delete from contractors.contractor_list_activity as a using ${lists} as l where l.id = a.list_id and l.name = any ($1)`,
    [['Of another workspace', 'Meanwhile']],
  )
  const dry = await restoreInPlace(app, { ...asked, isDryRun: true })
  assert.equal(dry.counts?.removed, 2)
  assert.ok((await namesOf(bob.tenantId)).includes('Of another workspace'))
  const done = await restoreInPlace(app, asked)
  assert.deepEqual(done.counts, dry.counts)
  assert.ok(done.triggersNotRun.includes('log_created'), `${done.triggersNotRun}`)
  assert.ok(!(await namesOf(bob.tenantId)).includes('Of another workspace'))
  const { entries } = await one(
    `select count(*)::int as entries from audit.audit_logs where resource = $1 and resource_id = $2 and action = 'delete'`,
    [lists, since.id],
  )
  assert.equal(entries, 1)
})

test('GG-21 a workspace that was deleted comes back suspended, without its keys, and only when that is asked for', async () => {
  const names = await namesOf(bob.tenantId)
  assert.equal((await bob.fetch(`/participants/${goes}/erasure`, { method: 'POST' })).status, 200)
  const remove = async () => {
    await admin.query(`select set_config('app.tenant_id', $1, false), set_config('app.system', 'on', false)`, [
      bob.tenantId,
    ])
    await admin.query(`select tenancy.request_deletion(0, true, 'Over')`)
    await admin.query(`select set_config('app.tenant_id', '', false), set_config('app.system', '', false)`)
    await removeTenant(app, bob.tenantId)
    assert.equal((await one('select count(*)::int as n from tenancy.tenants where id = $1', [bob.tenantId])).n, 0)
  }
  await remove()
  const beside = await one('select count(*)::int as n from restored.lists where tenant_id = $1', [bob.tenantId])
  assert.equal(beside.n, 0, 'what was restored beside goes with the workspace')
  const asked = { ...wish, slug: 'northgate-partners', mode: 'replace' } as const
  await assert.rejects(restoreTenant(app, asked), refusal('backups.tenant_deleted', /--revive/))
  await assert.rejects(
    restoreTenant(app, { ...asked, revive: true, newSlug: 'meridian-capture' }),
    refusal('backups.slug_taken', /--slug/),
  )
  const { isRevived, isForgetful } = await restoreTenant(app, { ...asked, revive: true, newSlug: 'northgate-again' })
  assert.equal(isRevived, true)
  await sweepRemovedTenants(app)
  assert.deepEqual(await namesOf(bob.tenantId), names)
  assert.deepEqual(
    await one(
      `select
        status,
        slug,
        (select count(*)::int from access.api_keys where tenant_id = tenants.id) as keys,
        exists (select from tenancy.user_tenants where tenant_id = tenants.id and user_id = $2) as "hasOwner"
      from tenancy.tenants
      where id = $1`,
      [bob.tenantId, bob.userId],
    ),
    { status: 'suspended', slug: 'northgate-again', keys: 0, hasOwner: true },
  )

  // Who was erased by hand stays so, in whatever is brought back of it later too; and it can go for good.
  const peopleOf = async () =>
    (await admin.query('select id, name, phone from assignments.participants where id = any ($1)', [[goes, stays]]))
      .rows
  const expected = [
    { id: goes, name: 'Erased person', phone: null },
    { id: stays, name: 'Secret', phone: '+49 171' },
  ].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const byId = (rows: { id: string }[]) => rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  assert.equal(isForgetful, false)
  assert.deepEqual(byId(await peopleOf()), expected)
  await restoreTenant(app, { ...asked, slug: 'northgate-again' })
  assert.deepEqual(byId(await peopleOf()), expected)
  await remove()
  const kept = await one(
    `select count(*)::int as certificates, max(number)::int - min(number)::int as between
    from tenancy.deletion_certificates where id = $1`,
    [bob.tenantId],
  )
  assert.deepEqual(kept, { certificates: 2, between: 1 })

  // Of one that was removed before that was kept nobody knows it.
  await admin.query('alter table audit.audit_logs disable trigger append_only')
  const { rows: parts } = await admin.query(
    `select tableoid::regclass as part from audit.audit_logs where action = 'keep_erasures'`,
  )
  for (const { part } of parts) {
    await admin.query(`alter table ${part} disable trigger user`)
    await admin.query(`delete from ${part} where action = 'keep_erasures'`)
  }
  const blind = await restoreTenant(app, { ...asked, revive: true, isDryRun: true })
  assert.equal(blind.isForgetful, true)
})
