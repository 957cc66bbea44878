import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashToken } from '#platform/crypto'
import { believedNoLonger, newPerson, randomAddress, setPolicy, testWorld } from '#test/world.ts'
import { refresh } from './sessions.ts'

const world = await testWorld()
const { admin, alice, app, baseUrl, viewer } = world
const api = `${baseUrl}/api/v1`
const client = { ipAddress: '192.0.2.1', requestId: 'test' }

type Session = { accessToken: string; refreshToken: string; tenantId: string | null; tenants: { id: string }[] }

async function open(person: { email: string; password: string }): Promise<Session> {
  const response = await fetch(`${api}/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  assert.equal(response.status, 200)
  return (await response.json()) as Session
}

const hashOf = (refreshToken: string) => hashToken(refreshToken.split('.')[1] as string)

/** Whether the database holds this token as the good one of its session. */
const isGood = async (refreshToken: string): Promise<boolean> => {
  const { rows } = await admin.query('select from identity.refresh_tokens where token_hash = $1', [
    hashOf(refreshToken),
  ])
  return rows.length === 1
}

test('PE-05 of concurrent uses one wins, each time, and only the winner gets a token', async () => {
  for (let round = 0; round < 10; round++) {
    const { refreshToken } = await open(alice)
    const uses = await Promise.allSettled(Array.from({ length: 12 }, () => refresh(app, client, refreshToken)))
    assert.equal(uses.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal(await isGood(refreshToken), false)
    const won = uses.find(use => use.status === 'fulfilled')
    assert.ok(won?.status === 'fulfilled' && (await isGood(won.value.refreshToken)))
    for (const use of uses) if (use.status === 'rejected') assert.equal(use.reason.code, 'identity.refresh_refused')
  }
})

test('PE-05 a refresh extends the session, never past its absolute end', async () => {
  await setPolicy(app, alice.tenantId, { session: { sessionTimeout: 30 * 24 * 3600 } })
  const { refreshToken } = await open(alice)
  const ends = async (assignment?: string) => {
    const session = `id = (select session_id from identity.refresh_tokens where family_hash = $1)`
    if (assignment) await admin.query(`update identity.user_sessions set ${assignment} where ${session}`, [hash])
    const { rows } = await admin.query(
      `select
        expires_at > now() + interval '6 days 23 hours' as is_long,
        expires_at = ends_at as is_bounded,
        last_seen_at > now() - interval '1 minute' as is_seen
      from identity.user_sessions where ${session}`,
      [hash],
    )
    return rows[0]
  }
  const hash = hashToken(refreshToken.split('.')[0] as string)
  await ends(`expires_at = now() + interval '1 hour', last_seen_at = now() - interval '6 days'`)
  const second = await refresh(app, client, refreshToken)
  assert.deepEqual(await ends(), { is_long: true, is_bounded: false, is_seen: true })
  await ends(`ends_at = now() + interval '1 day', last_seen_at = now() - interval '6 minutes'`)
  const third = await refresh(app, client, second.refreshToken)
  assert.deepEqual(await ends(), { is_long: false, is_bounded: true, is_seen: true })
  await ends(`ends_at = now() + interval '30 days', last_seen_at = now() - interval '4 minutes'`)
  await refresh(app, client, third.refreshToken)
  assert.deepEqual(await ends(), { is_long: false, is_bounded: false, is_seen: false }, 'seen lately: no new date')
})

test('PE-05 PE-02 a refresh that is refused for the user or the session uses nothing up', async () => {
  const person = await newPerson(world, { tenantName: 'Refreshers' })
  const { refreshToken } = await open(person)
  const refused = () => assert.rejects(refresh(app, client, refreshToken), { code: 'identity.refresh_refused' })
  await admin.query(`update identity.users set status = 'suspended', status_reason = 'test' where id = $1`, [
    person.userId,
  ])
  await refused()
  await admin.query(`update identity.users set status = 'active', status_reason = null where id = $1`, [person.userId])
  await admin.query(`update tenancy.tenants set status = 'suspended', status_reason = 'test' where id = $1`, [
    person.tenantId,
  ])
  const inSuspended = await refresh(app, client, refreshToken)
  assert.equal(inSuspended.tenantId, null, 'MT-12 nobody works in a suspended tenant')
  assert.deepEqual(
    inSuspended.tenants.map(({ id, isActive }) => ({ id, isActive })),
    [{ id: person.tenantId, isActive: false }],
  )
  await admin.query(`update tenancy.tenants set status = 'active', status_reason = null where id = $1`, [
    person.tenantId,
  ])
  const open2 = await refresh(app, client, inSuspended.refreshToken)
  assert.equal(open2.tenantId, person.tenantId, 'control: it is open again')
  assert.equal(await isGood(open2.refreshToken), true)
  await admin.query(
    `update identity.user_sessions set revoked_at = now(), revoked_reason = 'test' where user_id = $1`,
    [person.userId],
  )
  await assert.rejects(refresh(app, client, open2.refreshToken), { code: 'identity.refresh_refused' })
  assert.equal(await isGood(open2.refreshToken), true)
})

test('GG-04 VS-03 a tenant’s own role permits what it holds, in this tenant alone, and a change of it is felt', async () => {
  const permissionsOf = async () => {
    const { permissions, roles } = (await (await viewer.fetch('/me')).json()) as {
      permissions: string[]
      roles: string[]
    }
    return { permissions: permissions.toSorted(), roles }
  }
  const declared = await admin.query<{ name: string }>(
    `select permission.name
    from access.built_in_role_permissions as granted
    join access.permissions as permission on permission.id = granted.permission_id
    where granted.role_name = 'viewer'`,
  )
  const asViewer = declared.rows.map(({ name }) => name).toSorted()
  assert.deepEqual(await permissionsOf(), { permissions: asViewer, roles: ['viewer'] })

  const { rows } = await admin.query(`insert into access.roles (tenant_id, name) values ($1, 'scribe') returning id`, [
    alice.tenantId,
  ])
  const role = rows[0].id
  await admin.query(
    `insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
    select tenant_id, id, $3 from tenancy.user_tenants where tenant_id = $1 and user_id = $2`,
    [alice.tenantId, viewer.userId, role],
  )
  await believedNoLonger()
  assert.deepEqual(
    await permissionsOf(),
    { permissions: asViewer, roles: ['viewer', 'scribe'] },
    'it holds nothing yet',
  )
  await admin.query(
    `insert into access.role_permissions (tenant_id, role_id, permission_id)
    select $1, $2, id from access.permissions where name = 'contractors.lists.write'`,
    [alice.tenantId, role],
  )
  await believedNoLonger()
  assert.ok(!asViewer.includes('contractors.lists.write'), 'control: a viewer may not')
  assert.deepEqual((await permissionsOf()).permissions, [...asViewer, 'contractors.lists.write'].toSorted())
  await admin.query('delete from access.roles where tenant_id = $1 and id = $2', [alice.tenantId, role])
  await believedNoLonger()
  assert.deepEqual(await permissionsOf(), { permissions: asViewer, roles: ['viewer'] })
})

test('PE-05 a token of any earlier use ends the session, also one that is put together of two; a ruin of one ends nothing', async () => {
  const { refreshToken: first } = await open(alice)
  const second = await refresh(app, client, first)
  const third = await refresh(app, client, second.refreshToken)
  const [family, , tag] = third.refreshToken.split('.')
  const refused = { code: 'identity.refresh_refused' }
  for (const ruin of [
    `${family}..${tag}`,
    `${family}.${tag}.${tag}`,
    `${third.refreshToken}.x`,
    `${family}`,
    '..',
    '',
  ]) {
    await assert.rejects(refresh(app, client, ruin), refused, ruin)
  }
  assert.equal(await isGood(third.refreshToken), true, 'control: the session lives')
  await assert.rejects(refresh(app, client, first), refused)
  await assert.rejects(refresh(app, client, third.refreshToken), refused)
})
