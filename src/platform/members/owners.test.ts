import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { announceRevocation } from '#platform/identity'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'

const world = await testWorld()
const { app, db, admin, alice, bob, viewer, login } = world

// One for each owner who acts at once, kept: a new one reads the catalogue first, which would take most of the time.
const connections = new pg.Pool({ ...login, max: 20 })
connections.on('error', () => {}) // `end` answers before the server has closed them, and the database is dropped then.
db.beforeClose(() => connections.end())

/** A tenant with so many owners, made past the program: hashing twenty passwords a round would take the time of the test. */
async function tenantWithOwners(count: number): Promise<{ tenantId: string; owners: string[] }> {
  const { rows: made } = await admin.query(
    `insert into tenancy.tenants (name, slug) values ('Many owners', 'owners-' || gen_random_uuid()) returning id`,
  )
  const tenantId = String(made[0].id)
  const { rows } = await admin.query(
    `with
      role as (
        insert into access.roles (tenant_id, name, is_built_in)
        select $1::uuid, name, true from unnest(array['owner', 'member']) as name
        returning id, name
      ),
      account as (
        insert into identity.users (email)
        select gen_random_uuid() || '@owners.example' from generate_series(1, $2)
        returning id
      ),
      membership as (
        insert into tenancy.user_tenants (tenant_id, user_id)
        select $1::uuid, id from account
        returning id, user_id
      ),
      held as (
        insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
        select $1::uuid, membership.id, role.id from membership cross join role
      )
    select user_id from membership`,
    [tenantId, count],
  )
  return { tenantId, owners: rows.map(row => String(row.user_id)) }
}

const lastingOwners = async (tenantId: string) => {
  const { rows } = await admin.query(
    `select membership.user_id
     from tenancy.user_tenants as membership
     join identity.users as account on account.id = membership.user_id and account.is_active
     join access.user_tenant_roles as held on held.tenant_id = membership.tenant_id and held.user_tenant_id = membership.id
     join access.roles as role on role.tenant_id = held.tenant_id and role.id = held.role_id and role.name = 'owner'
     where membership.tenant_id = $1
       and membership.expires_at is null`,
    [tenantId],
  )
  return rows.map(row => String(row.user_id))
}

const ofMembership = (tenantId: string, userId: string) =>
  ({
    removed: [`delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2`, [tenantId, userId]],
    ended: [
      `update tenancy.user_tenants set expires_at = now() + interval '1 day' where tenant_id = $1 and user_id = $2`,
      [tenantId, userId],
    ],
    demoted: [
      `delete from access.user_tenant_roles as held
       using tenancy.user_tenants as membership, access.roles as role
       where membership.tenant_id = held.tenant_id and membership.id = held.user_tenant_id
         and role.tenant_id = held.tenant_id and role.id = held.role_id and role.name = 'owner'
         and held.tenant_id = $1 and membership.user_id = $2`,
      [tenantId, userId],
    ],
  }) as const
type Way = keyof ReturnType<typeof ofMembership>
const ways: readonly Way[] = ['removed', 'ended', 'demoted']

/** As the program does it, as commonhold_app: in the tenant's scope by himself, or by the platform. */
async function lose(way: Way, tenantId: string, userId: string, by = userId): Promise<'done' | 'kept'> {
  const [statement, values] = ofMembership(tenantId, userId)[way]
  const client = await connections.connect()
  try {
    await client.query('begin')
    await client.query(
      `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.system', $3, true)`,
      [tenantId, by, by === '' ? 'on' : ''],
    )
    await client.query(statement, [...values])
    await client.query('commit')
    return 'done'
  } catch (error) {
    await client.query('rollback')
    assert.match(String(error), /keeps an owner/)
    return 'kept'
  } finally {
    client.release()
  }
}

test('GG-04 of 20 owners who leave, are removed, demoted and get an end at once exactly one remains, 50 times', async () => {
  for (let round = 0; round < 50; round++) {
    const { tenantId, owners } = await tenantWithOwners(20)
    const chosen = owners.map(() => ways[Math.floor(Math.random() * ways.length)] as Way)
    const outcomes = await Promise.all(
      owners.map((userId, index) => lose(chosen[index] as Way, tenantId, userId, Math.random() < 0.5 ? userId : '')),
    )
    assert.equal(outcomes.filter(outcome => outcome === 'kept').length, 1, String(chosen))
    assert.deepEqual(await lastingOwners(tenantId), [owners[outcomes.indexOf('kept')]])
  }
})

test('GG-04 a single statement cannot take all owners either, in whichever way', async () => {
  for (const statement of [
    'delete from tenancy.user_tenants where tenant_id = $1',
    'update tenancy.user_tenants set expires_at = now() where tenant_id = $1',
    'delete from access.user_tenant_roles where tenant_id = $1',
    'delete from access.roles where tenant_id = $1',
    `delete from access.roles where tenant_id = $1 and name = 'owner'`,
  ]) {
    const { tenantId } = await tenantWithOwners(3)
    await assert.rejects(admin.query(statement, [tenantId]), /keeps an owner/, statement)
    assert.equal((await lastingOwners(tenantId)).length, 3)
  }
  const { tenantId, owners } = await tenantWithOwners(2)
  await admin.query(`delete from access.roles where tenant_id = $1 and name = 'member'`, [tenantId])
  await admin.query('delete from tenancy.user_tenants where tenant_id = $1 and user_id = $2', [tenantId, owners[0]])
  assert.deepEqual(await lastingOwners(tenantId), [owners[1]], 'control: what leaves an owner is done')
})

test('GG-04 an owner whose membership ends, or whose account is shut, does not stand in for another', async () => {
  const { tenantId, owners } = await tenantWithOwners(3)
  const [first = '', second = '', third = ''] = owners
  assert.equal(await lose('ended', tenantId, second), 'done')
  await admin.query(`update identity.users set status = 'suspended' where id = $1`, [third])
  for (const way of ways) assert.equal(await lose(way, tenantId, first), 'kept', way)
  await admin.query(`update identity.users set status = 'active' where id = $1`, [third])
  assert.equal(await lose('removed', tenantId, first), 'done', 'control: an active one does')
})

test('GG-04 who owns one tenant and leaves it does not wait for another tenant', async () => {
  const [here, there] = [await tenantWithOwners(2), await tenantWithOwners(2)]
  const holder = await db.connect()
  try {
    await holder.query('begin')
    await holder.query(`select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true)`, [
      here.tenantId,
      here.owners[0],
    ])
    await holder.query('delete from tenancy.user_tenants where user_id = $1', [here.owners[0]])
    assert.equal(await lose('removed', there.tenantId, there.owners[0] as string), 'done')
    let isDone = false
    const waiting = lose('removed', here.tenantId, here.owners[1] as string).finally(() => {
      isDone = true
    })
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.equal(isDone, false, 'control: in the same tenant he waits')
    await holder.query('commit')
    assert.equal(await waiting, 'kept')
  } finally {
    await holder.end()
  }
})

test('GG-04 MT-11 a tenant goes with its last owner, at once and once the time of its deletion is up', async () => {
  const gone = await tenantWithOwners(2)
  await admin.query('delete from tenancy.tenants where id = $1', [gone.tenantId])
  const due = await tenantWithOwners(1)
  const schedule = (at: string) =>
    admin.query(
      `update tenancy.tenants set status = 'pending_deletion', deletion_scheduled_at = now() + $2::interval where id = $1`,
      [due.tenantId, at],
    )
  await schedule('1 minute')
  assert.equal(await lose('removed', due.tenantId, due.owners[0] as string), 'kept', 'it may still be cancelled')
  await schedule('-1 second')
  assert.equal(await lose('removed', due.tenantId, due.owners[0] as string), 'done')
})

const shut = (person: Person) => person.fetch('/me/deletion', { method: 'POST', body: { email: person.email } })

test('GG-04 GG-16 an account is shut and erased with what it owned alone, but not by its owner while others work there', async () => {
  const ada = await newPerson(world, { tenantName: 'Alone' })
  assert.equal((await shut(ada)).status, 204)
  await admin.query(`update identity.users set deleted_at = now() - interval '91 days' where id = $1`, [ada.userId])
  await db.transaction({ system: true }, async tx => {
    await tx.run({ sql: 'select identity.erase_user($1)', parameters: [ada.userId] } as never)
  })
  const { rows } = await admin.query('select from tenancy.user_tenants where user_id = $1', [ada.userId])
  assert.equal(rows.length, 0)

  const ben = await newPerson(world, { tenantName: 'With others' })
  await joinAs(world, viewer.userId, ben.tenantId, 'member')
  const close = (by: string | null) =>
    db.transaction({ system: true }, async tx => {
      await tx.run({
        sql: `update identity.users set status = 'suspended', status_changed_by = $2 where id = $1`,
        parameters: [ben.userId, by],
      } as never)
    })
  await assert.rejects(close(ben.userId), { code: 'members.last_owner' })
  await close(alice.userId)
  const [status] = (await admin.query('select status from identity.users where id = $1', [ben.userId])).rows
  assert.equal(status.status, 'suspended', 'an operator may, at once')
  announceRevocation(app)
})

test('GG-04 an owner who goes while the other is suspended waits for that, and then stays', async () => {
  const { tenantId, owners } = await tenantWithOwners(2)
  const operator = await db.connect()
  try {
    await operator.query('begin')
    await operator.query(`select set_config('app.system', 'on', true)`)
    await operator.query(`update identity.users set status = 'suspended' where id = $1`, [owners[0]])
    const waiting = lose('removed', tenantId, owners[1] as string)
    await new Promise(resolve => setTimeout(resolve, 100))
    await operator.query('commit')
    assert.equal(await waiting, 'kept')
  } finally {
    await operator.end()
  }
})

test('AG-01 GG-04 another tenant cannot end this one’s memberships', async () => {
  const [statement, values] = ofMembership(alice.tenantId, viewer.userId).removed
  const removeAs = async ({ tenantId, userId }: Person) => {
    const client = await db.connect()
    try {
      await client.query(`select set_config('app.tenant_id', $1, false), set_config('app.user_id', $2, false)`, [
        tenantId,
        userId,
      ])
      return (await client.query(statement, [...values])).rowCount
    } finally {
      await client.end()
    }
  }
  assert.equal(await removeAs(bob), 0)
  assert.equal(await removeAs(alice), 1, 'control')
})
