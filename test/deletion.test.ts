// MT-11: what the deletion of one tenant does to everybody's rows. The tables are the catalog's: one that is added next year is covered.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { enqueue } from '#platform/jobs'
import { verifyCertificate } from '#platform/tenancy'
import { mailsTo } from '#test/mails.ts'
import { rowMaker } from '#test/rows.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { removeDueTenants, removeTenant, sweepRemovedTenants } from '../src/platform/accounts/tenant-removals.ts'

const world = await testWorld()
const { app, admin, db, login, bob } = world

type Table = { name: string; key: string[]; hasTenant: boolean }

/** Every table of the database, but not the partitions of one that is listed itself. */
const tables: Table[] = (
  await admin.query(`
    select
      c.oid::regclass::text as name,
      exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped) as "hasTenant"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p')
      and not c.relispartition
    order by 1`)
).rows
/** What the law keeps, and what says that the tenant was deleted. */
const kept = ['audit.audit_logs', 'audit.security_audit_logs', 'tenancy.deletion_certificates', 'tenancy.retired_slugs']
const tenantTables = tables.filter(
  ({ name, hasTenant }) => hasTenant && !/^audit\.|^tenancy\.tenant_deletions$/.test(name),
)

/** All rows of a table as text, in one order. */
async function rowsOf({ name }: Pick<Table, 'name'>, where = 'true', values: unknown[] = []): Promise<string[]> {
  const { rows } = await admin.query(
    `select row::text as text from ${name} as row where ${where} order by row::text collate "C"`,
    values,
  )
  return rows.map(({ text }) => text)
}

/** Everything that belongs to a tenant, table by table; what is logged stays out: both tenants' logs grow. */
async function dumpOf(tenantId: string): Promise<string> {
  const parts = [['tenancy.tenants', await rowsOf({ name: 'tenancy.tenants' }, 'row.id = $1', [tenantId])]]
  for (const table of tables.filter(({ hasTenant }) => hasTenant)) {
    parts.push([table.name, await rowsOf(table, 'row.tenant_id = $1', [tenantId])])
  }
  return JSON.stringify(parts, null, 1)
}

/** The tables of which some column of some row has the text. */
async function tablesWith(text: string): Promise<string[]> {
  const found: string[] = []
  for (const { name } of tables) {
    const { rowCount } = await admin.query(
      `select from ${name} as row where strpos(lower(row::text), lower($1)) > 0 limit 1`,
      [text],
    )
    if (rowCount) found.push(name)
  }
  return found
}

/** Rows that do not bear the text, of all tables that a removal itself does not write to. */
async function othersRows(text: string): Promise<Map<string, string[]>> {
  const written =
    /^audit\.|^mail\.|^jobs\.(job|version|queue|schedule)$|^tenancy\.(deletion_certificates|retired_slugs)$|^tenancy\.placement_version$|^identity\.(signing_keys|erased_users)$/
  const rows = new Map<string, string[]>()
  for (const table of tables.filter(({ name }) => !written.test(name))) {
    rows.set(table.name, await rowsOf(table, `strpos(lower(row::text), lower($1)) = 0`, [text]))
  }
  return rows
}

/** A tenant with rows in every table that has tenants' rows, several users' in each. */
async function fillTenant(owner: Person, users: readonly string[]): Promise<void> {
  for (const userId of users) {
    const row = rowMaker(admin, { tenantId: owner.tenantId, userId })
    for (const { name } of tenantTables) await row(name)
  }
}

async function newTenant(members = 1): Promise<{ owner: Person; users: string[] }> {
  const owner = await newPerson(world, { tenantName: `Tenant ${randomUUID().slice(0, 8)}` })
  const users = [owner.userId]
  for (let n = 1; n < members; n++) {
    const member = await newPerson(world)
    await joinAs(world, member.userId, owner.tenantId, n % 2 ? 'member' : 'admin')
    users.push(member.userId)
  }
  await leaveTraces(owner)
  await fillTenant(owner, users)
  return { owner, users }
}

/** The traces that a tenant leaves elsewhere than in a column tenant_id. */
async function leaveTraces(owner: Person): Promise<void> {
  const { tenantId, userId } = owner
  const list = await owner.fetch('/contractor-lists', {
    method: 'POST',
    body: { name: `About ${tenantId}` },
    headers: { 'idempotency-key': randomUUID(), 'x-tenant-id': tenantId },
  })
  assert.equal(list.status, 201)
  await admin.query('update identity.users set default_tenant_id = $1 where id = $2', [tenantId, userId])
  await admin.query('update identity.user_sessions set active_tenant_id = $1 where user_id = $2', [tenantId, userId])
  const about = { name: 'work.about', description: 'About a tenant', run: async () => {} }
  await enqueue(db.unscoped, about, { tenantId })
  await enqueue(db.unscoped, about, { deep: { of: [tenantId] } })
  const service = randomUUID()
  await admin.query(`insert into identity.users (id, email, full_name, kind) values ($1, $2, 'Robot', 'service')`, [
    service,
    `${service}@service.invalid`,
  ])
  await joinAs(world, service, tenantId, 'member')
}

async function letTimeCome({ tenantId }: Person): Promise<void> {
  await admin.query(`select set_config('app.tenant_id', $1, false), set_config('app.system', 'on', false)`, [tenantId])
  await admin.query(`select tenancy.request_deletion(0, true, 'Over')`)
  await admin.query(`select set_config('app.tenant_id', '', false), set_config('app.system', '', false)`)
}

async function requireGone(tenantId: string): Promise<void> {
  const bearing = await tablesWith(tenantId)
  assert.deepEqual(
    bearing.filter(name => !kept.includes(name)),
    [],
    'no row bears its id',
  )
  assert.ok(bearing.includes('tenancy.deletion_certificates'), 'but for its certificate')
}

test('MT-11 every table of a tenant can be emptied: the catalog shows none whose rows would outlive it', async () => {
  assert.ok(tenantTables.length >= 12, `control: ${tenantTables.length} tables have tenants' rows`)
  const faults = async () => (await admin.query('select tenancy.removal_faults() as fault')).rows.map(row => row.fault)
  assert.deepEqual(await faults(), [])
  const plants: [string, RegExp][] = [
    [
      `create policy narrow on planted.notes as restrictive for delete using (false)`,
      /^planted\.notes has no policy by which commonhold_owner/,
    ],
    [`alter policy tenant_isolation on planted.notes to commonhold_app`, /^planted\.notes has no policy/],
    [`alter table planted.notes owner to postgres_of_planted`, /^planted\.notes belongs to postgres_of_planted/],
  ]
  for (const [plant, fault] of plants) {
    await admin.query('begin')
    await admin.query(`create role postgres_of_planted`)
    await admin.query(`create schema planted authorization commonhold_owner`)
    await admin.query(`set local role commonhold_owner`)
    await admin.query(`create table planted.notes (tenant_id uuid not null, id uuid, primary key (tenant_id, id))`)
    await admin.query(`select platform.isolate('planted.notes')`)
    await admin.query('reset role')
    assert.deepEqual(await faults(), [], 'control: a table without a foreign key is emptied too')
    await admin.query(plant)
    assert.match((await faults())[0] ?? '', fault)
    await admin.query('rollback')
  }
})

test('MT-11 after the deletion of A the rows of B are byte for byte what they were, and A is nowhere but in certificate and log', async () => {
  const a = await newTenant(3)
  const b = await newTenant(2)
  // Somebody who is in both.
  await joinAs(world, a.owner.userId, b.owner.tenantId, 'member')
  await joinAs(world, b.owner.userId, a.owner.tenantId, 'admin')
  const idOfA = a.owner.tenantId
  const filled = await tablesWith(idOfA)
  for (const { name } of tenantTables) assert.ok(filled.includes(name), `control: ${name} has rows of A`)
  for (const name of ['jobs.job', 'http.idempotency_keys', 'identity.users', 'identity.user_sessions']) {
    assert.ok(filled.includes(name), `control: ${name} names A`)
  }
  await letTimeCome(a.owner)
  const before = { b: await dumpOf(b.owner.tenantId), others: await othersRows(idOfA) }
  const rowsOfA = new Map<string, number>()
  for (const table of tenantTables) {
    rowsOfA.set(table.name, (await rowsOf(table, 'row.tenant_id = $1', [idOfA])).length)
  }
  const logged = async () =>
    Number(
      (await admin.query(`select count(*) from audit.audit_logs where tenant_id = $1 and action = 'delete'`, [idOfA]))
        .rows[0].count,
    )
  const deletesBefore = await logged()

  assert.deepEqual(await removeDueTenants(app), { removed: [idOfA], failed: [] })
  await sweepRemovedTenants(app)

  await requireGone(idOfA)
  assert.equal(await dumpOf(b.owner.tenantId), before.b)
  const after = await othersRows(idOfA)
  for (const [name, rows] of before.others) {
    const now = new Set(after.get(name))
    assert.deepEqual(
      rows.filter(row => !now.has(row) && !(name === 'identity.users' && row.includes('service.invalid'))),
      [],
      `${name}: what did not name A is as it was`,
    )
  }
  assert.equal(await logged(), deletesBefore + 1, 'one entry, not one for each row')

  const { rows } = await admin.query('select * from tenancy.deletion_certificates where id = $1', [idOfA])
  const { document } = verifyCertificate(rows[0].signed_document)
  assert.deepEqual(document, rows[0].document)
  for (const [name, count] of rowsOfA) {
    // Removing an item of a list writes a row of activity, which is removed as well.
    const counted = document.removed[name] ?? 0
    assert.ok(counted >= count, `${name}: ${counted} in the certificate, ${count} were there`)
    if (!/activity|usage/.test(name)) assert.equal(counted, count, name)
  }
  assert.equal(document.removed['tenancy.tenants'], 1)
  assert.equal(document.removed['identity.users'], 1, 'its program went with it')
  const mail = (await mailsTo(world, a.owner.email)).at(-1)
  assert.equal(mail?.name, 'accounts.tenant_deleted')
  assert.ok(mail?.text.includes(rows[0].signed_document), 'the owner has the certificate')
  const again = await signIn(world.baseUrl, a.owner)
  assert.equal((await again.fetch('/me')).status, 200, 'people keep their accounts')
})

test('MT-11 the removal does nothing to a tenant whose time has not come, whoever asks', async () => {
  const { owner } = await newTenant()
  const scope = { tenantId: owner.tenantId, userId: owner.userId, system: true }
  const { sql } = await import('#platform/database')
  const attempts = [
    sql`select tenancy.remove_rows('contractors.contractor_lists', 100)`,
    sql`select tenancy.remove_traces(100)`,
    sql`select * from tenancy.prepare_certificate()`,
    sql`select tenancy.finish_removal('{}', 'x')`,
    sql`update tenancy.tenants set status = 'pending_deletion' where id = ${owner.tenantId}`,
    sql`update tenancy.tenants set deletion_scheduled_at = now() where id = ${owner.tenantId}`,
    sql`insert into tenancy.tenant_deletions (tenant_id, by_operator, previous_status, scheduled_at) values (${owner.tenantId}, true, 'active', now())`,
    sql`update tenancy.tenant_deletions set begun_at = now()`,
    sql`insert into audit.unlogged_transactions values (pg_current_xact_id())`,
    sql`select audit.begin_unlogged_deletes()`,
    sql`select tenancy.count_removed('{}')`,
    sql`select identity.forget_tenant(${owner.tenantId}, 10)`,
    sql`delete from tenancy.deletion_certificates`,
    sql`update tenancy.deletion_certificates set number = 7`,
  ]
  const before = await dumpOf(owner.tenantId)
  for (const attempt of attempts)
    await assert.rejects(db.scoped(scope).run(attempt), /permission|has not begun|tenants_deletion/)
  const waits = await owner.fetch('/tenant/deletion', {
    method: 'POST',
    body: {
      name: (await admin.query('select name from tenancy.tenants where id = $1', [owner.tenantId])).rows[0].name,
    },
  })
  assert.equal(waits.status, 201)
  for (const attempt of attempts.slice(0, 4)) await assert.rejects(db.scoped(scope).run(attempt), /has not begun/)
  assert.equal(await removeTenant(app, owner.tenantId), false)
  assert.equal((await owner.fetch(`/tenant/deletion?tenantId=${owner.tenantId}`, { method: 'DELETE' })).status, 204)
  const after = new Map<string, string[]>(JSON.parse(await dumpOf(owner.tenantId)))
  for (const [name, rows] of JSON.parse(before) as [string, string[]][]) {
    if (name !== 'tenancy.tenants')
      assert.deepEqual(
        rows.filter(row => !after.get(name)?.includes(row)),
        [],
        name,
      )
  }
})

test('MT-11 of a cancellation and the beginning of the removal one wins', async () => {
  const outcomes = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const owner = await newPerson(world, { tenantName: `Race ${round}` })
    const name = `Race ${round}`
    assert.equal((await owner.fetch('/tenant/deletion', { method: 'POST', body: { name } })).status, 201)
    await admin.query(
      `with moved as (
         update tenancy.tenants set deletion_requested_at = now() - interval '8 days', deletion_scheduled_at = now() where id = $1
       )
       update tenancy.tenant_deletions
       set requested_at = now() - interval '8 days', scheduled_at = now() - interval '1 second'
       where tenant_id = $1`,
      [owner.tenantId],
    )
    const cancel = async () => {
      await sleep(round % 4)
      return (await owner.fetch(`/tenant/deletion?tenantId=${owner.tenantId}`, { method: 'DELETE' })).status
    }
    const [cancelled, isRemoved] = await Promise.all([cancel(), removeTenant(app, owner.tenantId)])
    outcomes.add(`${cancelled === 204} ${isRemoved}`)
    assert.notEqual(cancelled === 204, isRemoved, 'not both, and not neither')
    const { rows } = await admin.query('select status from tenancy.tenants where id = $1', [owner.tenantId])
    assert.deepEqual(rows, isRemoved ? [] : [{ status: 'active' }])
  }
  assert.ok(outcomes.size >= 1)
})

test('MT-11 what requests write into A while it is removed is gone with it', async () => {
  const { owner, users } = await newTenant(2)
  await admin.query(
    `create table if not exists public.stray_notes (tenant_id uuid not null, id uuid not null default gen_random_uuid(), primary key (tenant_id, id))`,
  )
  await admin.query('alter table public.stray_notes owner to commonhold_owner')
  await admin.query(`select platform.isolate('public.stray_notes')`)
  await admin.query('grant select, insert on public.stray_notes to commonhold_app')
  const { sql } = await import('#platform/database')
  await letTimeCome(owner)
  let isOver = false
  let written = 0
  let refused = 0
  const writer = async (userId: string) => {
    const scope = { tenantId: owner.tenantId, userId, userName: 'Writer' }
    while (!isOver) {
      try {
        await db.scoped(scope).run(sql`insert into public.stray_notes default values`)
        await db
          .scoped(scope)
          .run(sql`insert into contractors.contractor_lists (user_id, name) values (${userId}, 'Late')`)
        written++
      } catch {
        refused++
      }
    }
  }
  const writers = [...users, ...users].map(writer)
  try {
    await sleep(100)
    assert.ok(await removeTenant(app, owner.tenantId))
    await sleep(100)
  } finally {
    isOver = true
    await Promise.all(writers)
  }
  assert.ok(written > 0 && refused > 0, `control: ${written} written, ${refused} refused`)
  const strays = async () =>
    (await admin.query('select id from public.stray_notes where tenant_id = $1', [owner.tenantId])).rows.length
  assert.ok((await strays()) > 0, 'control: without a foreign key something is left')
  await sweepRemovedTenants(app)
  assert.equal(await strays(), 0)
  await requireGone(owner.tenantId)
  await admin.query('drop table public.stray_notes')
})

test('MT-11 MT-12 a killed removal is ended by the next one, wherever it was killed, to the same end', {
  timeout: 300_000,
}, async () => {
  const kill = fc.record({
    members: fc.integer({ min: 1, max: 3 }),
    pauses: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(kill, async ({ members, pauses }) => {
      const a = await newTenant(members)
      const before = await dumpOf(bob.tenantId)
      await letTimeCome(a.owner)
      for (const pause of pauses) {
        const doomed = fork(new URL('./deletion.test.doomed.ts', import.meta.url), [
          JSON.stringify(login),
          world.keys,
          a.owner.tenantId,
        ])
        await once(doomed, 'message')
        await sleep(pause)
        doomed.kill('SIGKILL')
        await once(doomed, 'exit')
      }
      await removeDueTenants(app)
      await requireGone(a.owner.tenantId)
      assert.equal(await dumpOf(bob.tenantId), before)
      const certificates = await admin.query('select from tenancy.deletion_certificates where id = $1', [
        a.owner.tenantId,
      ])
      assert.equal(certificates.rowCount, 1)
      const told = (await mailsTo(world, a.owner.email)).filter(({ name }) => name === 'accounts.tenant_deleted')
      assert.equal(told.length, 1)
    }),
    { numRuns: 6 },
  )
  const { rows } = await admin.query(
    'select signed_document as signed, document from tenancy.deletion_certificates order by number',
  )
  const { createHash } = await import('node:crypto')
  rows.forEach(({ document }, index) => {
    const previous = rows[index - 1]?.signed
    assert.equal(document.number, index + 1)
    assert.equal(document.previous, previous ? createHash('sha256').update(previous).digest('base64url') : null)
  })
})
