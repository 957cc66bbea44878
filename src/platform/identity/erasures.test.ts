import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailsTo } from '#test/mails.ts'
import { rowMaker } from '#test/rows.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { eraseDeletedUsers } from './erasures.ts'
import { eraseLogsOfErased } from './log-erasures.ts'
import { identityModule } from './module.ts'
import { changeUserStatus } from './user-statuses.ts'

const world = await testWorld()
const { app, admin, alice } = world

async function deleteLongAgo({ userId }: Person, days = 91): Promise<void> {
  await app.db.transaction({ system: true }, tx =>
    changeUserStatus(app, tx, { userId, status: 'deleted', reason: 'Asked' }),
  )
  await admin.query(`update identity.users set deleted_at = now() - $2 * interval '1 day' where id = $1`, [
    userId,
    days,
  ])
}

const exists = async (id: string) =>
  (await admin.query('select from identity.users where id = $1', [id])).rows.length === 1

/** Every table that names a user: by a foreign key to the account, to his membership, or by a column `user_id`. */
const tables: string[] = (
  await admin.query(`
    select distinct c.oid::regclass::text as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$|^audit$'
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'f'
    left join pg_attribute parent
      on parent.attrelid = k.confrelid and parent.attnum = any (k.confkey) and parent.attname = 'user_id'
    left join pg_attribute own on own.attrelid = c.oid and own.attname = 'user_id' and not own.attisdropped
    where c.relkind in ('r', 'p')
      and not c.relispartition
      and (k.confrelid = 'identity.users'::regclass or parent.attnum is not null or own.attnum is not null)
    order by 1`)
).rows.map(({ name }) => name)

/** Tables of which a row, as text, has the given text. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await admin.query(`
    select c.oid::regclass::text as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p')
      and not c.relispartition`)
  const found: string[] = []
  for (const { name } of rows) {
    const { rowCount } = await admin.query(
      `select from ${name} as row where strpos(lower(row::text), lower($1)) > 0 limit 1`,
      [text],
    )
    if (rowCount) found.push(name)
  }
  return found.toSorted()
}

test('GG-16 MT-02 after 90 days nothing names the address of an account, and its id only logs and lists of used ids', async () => {
  assert.ok(tables.length > 15, `control: ${tables.length} tables know users`)
  const ada = await newPerson(world, { tenantName: 'Erasure Ltd' })
  await admin.query('insert into identity.operators (user_id, created_by) values ($1, $2)', [alice.userId, ada.userId])
  const row = rowMaker(admin, ada)
  for (const name of tables) await row(name)
  await admin.query(
    `insert into identity.sign_ups (email, full_name, password_hash, expires_at) values ($1, 'A', '$x', now() + interval '1 day')`,
    [ada.email],
  )
  const list = await row('contractors.contractor_lists')
  await admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, shared_at)
     values ($1, $2, $3, now() - interval '100 days')`,
    [alice.tenantId, (await aliceList()).id, ada.email],
  )
  await admin.query(
    `insert into members.invitations (tenant_id, email, created_at) values ($1, $2, now() - interval '100 days')`,
    [alice.tenantId, ada.email],
  )
  await admin.query(`update identity.sign_ups set created_at = now() - interval '100 days'`)
  await deleteLongAgo(ada)
  await admin.query(
    `update identity.users set status_changed_by = $1, deleted_by = $1, deactivated_by = $1 where id = $2`,
    [ada.userId, alice.userId],
  )
  assert.ok((await mailsTo(world, ada.email)).length > 0, 'control: he was written to')
  const before = await tablesWith(ada.userId)
  for (const name of tables) assert.ok(before.includes(name), `control: ${name} names him`)
  const named = await tablesWith(ada.email)
  for (const name of ['contractors.contractor_list_shares', 'members.invitations']) {
    assert.ok(named.includes(name), `control: ${name} has his address`)
  }

  assert.deepEqual(await eraseDeletedUsers(app), { erased: 1, failed: [] })

  assert.deepEqual(await tablesWith(ada.email), ['audit.audit_logs'], 'control: the log still has it')
  assert.deepEqual(await eraseLogsOfErased(app), { erased: 1, failed: [] })
  const kept = [
    'audit.audit_logs',
    'audit.erased_subjects',
    'audit.security_audit_logs',
    'identity.erased_users',
    // By which id the log knows him that a workspace brought along.
    'operations.imported_people',
  ]
  assert.deepEqual(await tablesWith(ada.userId), kept)
  assert.deepEqual(await tablesWith(ada.email), [])
  assert.deepEqual(await tablesWith(String(list.id)), ['audit.audit_logs'], 'nobody else saw this list: it is gone')
  assert.ok(await exists(alice.userId), 'control: whom he has changed stays')
  const { rows } = await admin.query(
    `select user_id from audit.audit_logs where action = 'erase' and resource_id = $1`,
    [ada.userId],
  )
  assert.deepEqual(rows, [{ user_id: null }])
})

async function aliceList(): Promise<{ id: string }> {
  const response = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: `List ${Math.random()}` } })
  return (await response.json()) as { id: string }
}

test('GG-16 every foreign key to an account says what becomes of its rows, and none holds it up', async () => {
  const { rows } = await admin.query(`
    select conrelid::regclass || '.' || conname as name, confdeltype
    from pg_constraint
    where contype = 'f'
      and confrelid in ('identity.users'::regclass, 'tenancy.user_tenants'::regclass)
      and confdeltype not in ('c', 'n')`)
  assert.deepEqual(rows, [])
})

test('GG-16 who was deleted 89 days ago stays, and so does everybody who was not deleted', async () => {
  const [young, old, living] = [await newPerson(world), await newPerson(world), await newPerson(world)]
  await deleteLongAgo(young, 89)
  await deleteLongAgo(old, 90.01)
  await admin.query(`update identity.users set status = 'suspended', status_changed_at = '2020-01-01' where id = $1`, [
    living.userId,
  ])
  assert.deepEqual(await eraseDeletedUsers(app), { erased: 1, failed: [] })
  assert.deepEqual(
    [await exists(young.userId), await exists(old.userId), await exists(living.userId)],
    [true, false, true],
  )
})

test('MT-02 what the new owner of an address has is not erased with the old account', async () => {
  const ada = await newPerson(world)
  await deleteLongAgo(ada)
  const second = await newPerson(world, { email: ada.email })
  await app.db.transaction({ system: true }, tx =>
    changeUserStatus(app, tx, { userId: second.userId, status: 'suspended', reason: 'x' }),
  )
  await eraseDeletedUsers(app)
  assert.equal(await exists(ada.userId), false)
  assert.equal(await exists(second.userId), true)
  const subjects = (await mailsTo(world, second.email)).map(({ subject }) => subject)
  assert.ok(subjects.includes('Your account is suspended'))
  assert.ok(!subjects.includes('Your account is deleted'), 'the mail about the old account went with it')
})

test('GG-18 a list that colleagues work with finds a new owner in its workspace; a private one goes with its own', async () => {
  const ada = await newPerson(world, { tenantName: 'Elsewhere' })
  await joinAs(world, ada.userId, alice.tenantId, 'member')
  const here = await signIn(world.baseUrl, ada, alice.tenantId)
  const make = async (name: string, isPublic: boolean) => {
    const response = await here.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic } })
    return ((await response.json()) as { id: string }).id
  }
  const [open, hidden, shared] = [await make('Open', true), await make('Hidden', false), await make('Shared', false)]
  await admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_user_id, permission, shared_by)
     values ($1, $2, $3, 'edit', $4), ($1, $2, $5, 'view', $4)`,
    [alice.tenantId, shared, alice.userId, ada.userId, world.viewer.userId],
  )
  await deleteLongAgo(ada)
  await eraseDeletedUsers(app)
  const { rows } = await admin.query(
    'select id, user_id, tenant_id from contractors.contractor_lists where id = any ($1) order by name',
    [[open, hidden, shared]],
  )
  const mine = { user_id: alice.userId, tenant_id: alice.tenantId }
  assert.deepEqual(rows, [
    { id: open, ...mine },
    { id: shared, ...mine },
  ])
  const shares = await admin.query(
    'select shared_with_user_id, shared_by from contractors.contractor_list_shares where list_id = $1',
    [shared],
  )
  assert.deepEqual(shares.rows, [{ shared_with_user_id: world.viewer.userId, shared_by: alice.userId }])
  const renamed = await alice.fetch(`/contractor-lists/${open}`, { method: 'PATCH', body: { name: 'Taken over' } })
  assert.equal(renamed.status, 200)
  assert.equal((await world.bob.fetch(`/contractor-lists/${open}`)).status, 404, 'the other tenant sees nothing of it')
})

test('the id of an account is never used again, by whatever way it went', async () => {
  const insert = (id: string) =>
    admin.query(`insert into identity.users (id, email) values ($1, $2)`, [id, `${crypto.randomUUID()}@again.example`])
  const [first, second, third] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  await insert(first)
  await assert.rejects(insert(first), /users_pkey/, 'nor that of a living one')
  await admin.query('delete from identity.users where id = $1', [first])
  await assert.rejects(insert(first), /has been that of another account/)
  await insert(second)
  await assert.rejects(admin.query('update identity.users set id = $2 where id = $1', [second, third]), /keeps its id/)

  // A removal that is under way: the insert waits for it, and is refused once it is done.
  await world.owner.query('begin')
  await world.owner.query(`select set_config('app.system', 'on', true)`)
  await world.owner.query('delete from identity.users where id = $1', [second])
  const waiting = insert(second)
  waiting.catch(() => {})
  await new Promise(resolve => setTimeout(resolve, 100))
  await world.owner.query('commit')
  await assert.rejects(waiting, /has been that of another account/)

  const { rowCount } = await admin.query('select from identity.erased_users where id = any ($1)', [[first, second]])
  assert.equal(rowCount, 2)
  await assert.rejects(
    app.db.scoped({ system: true }).run({ sql: 'delete from identity.erased_users', parameters: [] } as never),
    /permission denied/,
  )
})

test('an account that cannot be erased holds up nobody else, and the job says so', async () => {
  const [stuck, free] = [await newPerson(world), await newPerson(world)]
  await deleteLongAgo(stuck, 99)
  await deleteLongAgo(free, 98)
  await admin.query(`
    create function public.refuse_one() returns trigger language plpgsql as
    $$ begin if old.id = '${stuck.userId}' then raise exception 'not this one'; end if; return old; end $$;
    create trigger refuse_one before delete on identity.users for each row execute function public.refuse_one()`)
  const job = identityModule.jobs.find(({ name }) => name === 'identity.erase-deleted-users')
  await assert.rejects(async () => await job?.run({} as never, app), /1 deleted accounts could not be erased/)
  assert.deepEqual([await exists(stuck.userId), await exists(free.userId)], [true, false])
  await admin.query('drop trigger refuse_one on identity.users')
  assert.deepEqual(await eraseDeletedUsers(app), { erased: 1, failed: [] })
})
