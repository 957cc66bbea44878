import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setRolesOf } from '#platform/access'
import { runJobs } from '#test/jobs.ts'
import { newPerson } from '#test/world.ts'
import type { GroupMapping } from './group-mappings.ts'
import {
  admin,
  alice,
  answer,
  app,
  bob,
  codeOf,
  db,
  known,
  loggedOf,
  map,
  membershipOf,
  newMember,
  newProvider,
  newRole,
  ofPlatform,
  roleId,
  rolesOf,
  say,
  signedInAt,
  world,
} from './groups.test.world.ts'
import { syncProvider } from './sync-command.ts'
import { syncNow } from './sync-jobs.ts'
import type { SyncRun, SyncRunError } from './sync-runs.ts'

test('AG-06 GG-04 the last owner is never removed by a sync; with another one he is', async () => {
  const owner = await newPerson(world, { tenantName: 'Groups of owners' })
  const own = await newProvider(owner)
  const owners = await roleId(owner, 'owner')
  const mapping = await map(owner, own, { externalGroupId: 'Owners', roleId: owners })
  const second = await newMember(owner, own)
  await say(owner, own, second.membershipId, answer('Owners'))
  assert.deepEqual(await rolesOf(second.membershipId), ['owner', 'viewer'])
  await db.transaction({ ...owner.scope, system: true }, async tx =>
    setRolesOf(tx, await membershipOf(owner, owner.userId), [await roleId(owner, 'viewer')]),
  )
  assert.deepEqual(await say(owner, own, second.membershipId, answer()), { given: 0, taken: 0, proposed: 0, kept: 1 })
  assert.deepEqual(await rolesOf(second.membershipId), ['owner', 'viewer'])
  const lone = await signedInAt(second)
  const unmapped = await lone.fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
  assert.equal(await codeOf(unmapped), 'members.last_owner')
  await db.transaction({ ...owner.scope, system: true }, async tx =>
    setRolesOf(tx, await membershipOf(owner, owner.userId), [owners]),
  )
  assert.equal((await syncNow(app, ofPlatform(owner), own, 'person')).taken, 1)
  assert.deepEqual(await rolesOf(second.membershipId), ['viewer'])
})

test('AG-06 a mapping is followed by one sync, which gives it to those whose groups are known', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  const ann = await newMember(alice, own)
  await newMember(alice, own)
  await say(alice, own, ann.membershipId, answer('A', 'B'))
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  await admin.query(`update jobs.job set start_after = now() where name = 'federation.sync-mappings'`)
  await runJobs(world)
  assert.deepEqual(await rolesOf(ann.membershipId), [first.name, second.name, 'viewer'])
  const runs = await runsOf(own)
  assert.deepEqual(
    runs.map(({ cause, status, people, given, unknown }) => ({ cause, status, people, given, unknown })),
    [{ cause: 'mapping', status: 'succeeded', people: 2, given: 2, unknown: 1 }],
  )
  const mapped = await alice.fetch(`/federation/providers/${own}/group-mappings`)
  assert.deepEqual(
    ((await mapped.json()) as { items: GroupMapping[] }).items.map(each => [
      each.externalGroupId,
      each.syncStatus,
      each.people,
    ]),
    [
      ['A', 'synced', 1],
      ['B', 'synced', 1],
    ],
  )
})

test('AG-05 a run tells with whom it failed, is told to the owners, and tries them again', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  const [well, ill] = [await newMember(alice, own), await newMember(alice, own)]
  for (const { membershipId } of [well, ill]) await say(alice, own, membershipId, answer('A'))
  await map(alice, own, { externalGroupId: 'A', roleId: role.id })
  // Something that refuses one of them, as a rule of another module might.
  await admin.query(`
    create function access.refuse_one() returns trigger language plpgsql as $f$
    begin
      if new.user_tenant_id = '${ill.membershipId}' then raise exception 'not this one'; end if;
      return new;
    end $f$`)
  await admin.query(
    'create trigger refuse_one before insert on access.user_tenant_roles for each row execute function access.refuse_one()',
  )
  const started = await alice.fetch(`/federation/providers/${own}/sync-runs`, { method: 'POST' })
  assert.equal(started.status, 202)
  const { id } = (await started.json()) as SyncRun
  const again = await alice.fetch(`/federation/providers/${own}/sync-runs`, { method: 'POST' })
  assert.equal(await codeOf(again), 'federation.sync_running')
  await runJobs(world)
  const run = (await (await alice.fetch(`/federation/sync-runs/${id}`)).json()) as SyncRun
  assert.deepEqual([run.status, run.people, run.given, run.failed], ['partly', 2, 1, 1])
  const errors = (await (await alice.fetch(`/federation/sync-runs/${id}/errors`)).json()) as { items: SyncRunError[] }
  assert.deepEqual(
    errors.items.map(({ userId, code }) => [userId, code]),
    [[ill.userId, 'internal']],
  )
  assert.equal((await bob.fetch(`/federation/sync-runs/${id}/errors`)).status, 404)
  assert.equal(await statusOf(own, ill.userId), 'failed')
  const told = await admin.query(
    `select title from notifications.notifications where kind = 'federation.sync_failed' and user_id = $1`,
    [alice.userId],
  )
  assert.equal(told.rows.length, 1)
  await admin.query('drop trigger refuse_one on access.user_tenant_roles')
  await admin.query('drop function access.refuse_one()')
  const retried = await alice.fetch(`/federation/sync-runs/${id}/retry`, { method: 'POST' })
  assert.equal(retried.status, 202)
  await runJobs(world)
  const [retry] = await runsOf(own)
  assert.deepEqual(
    [retry?.cause, retry?.retryOf, retry?.status, retry?.people, retry?.given],
    ['retry', id, 'succeeded', 1, 1],
  )
  assert.deepEqual(await rolesOf(ill.membershipId), [role.name, 'viewer'])
  assert.equal(await statusOf(own, ill.userId), 'synced')
  const twice = await alice.fetch(`/federation/sync-runs/${retry?.id}/retry`, { method: 'POST' })
  assert.equal(await codeOf(twice), 'federation.nothing_to_retry')
})

test('AG-05 a provider that is off is not synced, and a run whose program died makes room for another', async () => {
  const own = await newProvider(alice)
  await admin.query(
    `insert into federation.sync_runs (tenant_id, provider_id, cause, seen_at) values ($1, $2, 'schedule', now() - interval '6 minutes')`,
    [alice.tenantId, own],
  )
  assert.equal((await syncProvider(app, own)).status, 'succeeded')
  const [, lost] = await runsOf(own)
  assert.equal(lost?.status, 'failed')
  await admin.query(`update federation.iam_providers set status = 'inactive' where id = $1`, [own])
  await assert.rejects(syncProvider(app, own), { code: 'federation.sync_of_inactive' })
  await assert.rejects(syncProvider(app, 'no such provider'), { code: 'federation.provider_not_found' })
})

test('AG-06 the groups seen are told with how many people are in them, the unmapped ones apart', async () => {
  const own = await newProvider(alice)
  for (const groups of [['A', 'B'], ['B'], ['B', 'C']])
    await say(alice, own, (await newMember(alice, own)).membershipId, answer(...groups))
  await say(alice, own, (await newMember(alice, own)).membershipId, { outcome: 'unknown', reason: 'overage' })
  await map(alice, own, { externalGroupId: 'C', roleId: await roleId(alice, 'member') })
  const list = async (query = '') => {
    const answered = await alice.fetch(`/federation/providers/${own}/groups${query}`)
    return (await answered.json()) as { items: { externalGroupId: string; people: number }[]; nextCursor: string }
  }
  const told = ({ items }: { items: { externalGroupId: string; people: number }[] }) =>
    items.map(({ externalGroupId, people }) => [externalGroupId, people])
  assert.deepEqual(told(await list()), [
    ['B', 3],
    ['A', 1],
    ['C', 1],
  ])
  assert.deepEqual(told(await list('?isMapped=false')), [
    ['B', 3],
    ['A', 1],
  ])
  const first = await list('?limit=1')
  assert.deepEqual(told(await list(`?limit=1&cursor=${first.nextCursor}`)), [['A', 1]])
  const settings = (await (await alice.fetch(`/federation/providers/${own}/group-settings`)).json()) as {
    knowledge: unknown
  }
  assert.deepEqual(settings.knowledge, {
    known: 3,
    inactive: 0,
    unknown: [
      {
        reason: 'overage',
        meaning: 'There were too many groups for the token: the provider sent a reference to them.',
        people: 1,
      },
    ],
  })
})

async function runsOf(providerId: string): Promise<SyncRun[]> {
  const answered = await alice.fetch(`/federation/providers/${providerId}/sync-runs`)
  return ((await answered.json()) as { items: SyncRun[] }).items
}

async function statusOf(providerId: string, userId: string): Promise<string> {
  const { rows } = await admin.query(
    'select sync_status from federation.iam_user_mappings where provider_id = $1 and user_id = $2',
    [providerId, userId],
  )
  return String(rows[0].sync_status)
}

test('AG-05 AG-06 a sync of many at once does to each what it would do to him alone, and tells each in the log', async () => {
  const own = await newProvider(alice)
  const [plain, twice, proposed] = [await newRole(alice), await newRole(alice), await newRole(alice)]
  const byHand = await newMember(alice, own)
  const viewerId = await roleId(alice, 'viewer')
  await db.transaction(alice.scope, tx => setRolesOf(tx, byHand.membershipId, [viewerId, plain.id]))
  const [inBoth, leaving, suggested] = [
    await newMember(alice, own),
    await newMember(alice, own),
    await newMember(alice, own),
  ]
  const everybody = [byHand, inBoth, leaving, suggested]
  for (const { membershipId } of everybody) await say(alice, own, membershipId, answer())
  const know = (membershipId: string, ...groups: string[]) =>
    admin.query('update federation.known_groups set group_ids = $2, group_names = $2 where user_tenant_id = $1', [
      membershipId,
      groups,
    ])
  await map(alice, own, { externalGroupId: 'A', roleId: plain.id })
  await map(alice, own, { externalGroupId: 'B', roleId: twice.id })
  await map(alice, own, { externalGroupId: 'C', roleId: twice.id })
  await map(alice, own, { externalGroupId: 'D', roleId: proposed.id, autoAssign: false })
  await runJobs(world)
  await know(byHand.membershipId, 'A')
  await know(inBoth.membershipId, 'A', 'B', 'C')
  await know(leaving.membershipId, 'A')
  await know(suggested.membershipId, 'D')
  const first = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual(
    [first.status, first.given, first.taken, first.proposed],
    ['succeeded', 3, 0, 1],
    'the role that two groups give is one',
  )
  assert.deepEqual(await rolesOf(inBoth.membershipId), [plain.name, twice.name, 'viewer'])
  assert.deepEqual(await rolesOf(suggested.membershipId), ['viewer'])
  const again = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual([again.given, again.taken, again.proposed], [0, 0, 0])
  for (const { membershipId } of everybody) await know(membershipId)
  await know(inBoth.membershipId, 'C')
  const second = await syncNow(app, ofPlatform(alice), own, 'command')
  assert.deepEqual([second.status, second.taken], ['succeeded', 2])
  assert.deepEqual(await rolesOf(inBoth.membershipId), [twice.name, 'viewer'], 'one of the two groups gives it still')
  assert.deepEqual(await rolesOf(byHand.membershipId), [plain.name, 'viewer'])
  const { rows } = await admin.query('select from federation.role_proposals where user_tenant_id = $1', [
    suggested.membershipId,
  ])
  assert.equal(rows.length, 0, 'withdrawn')
  for (const { membershipId, told } of [
    { ...byHand, told: 2 },
    { ...inBoth, told: 2 },
    { ...leaving, told: 2 },
    { ...suggested, told: 1 },
  ])
    assert.equal((await loggedOf(membershipId)).length, told)
})

test('GG-04 AG-05 the last owner among many keeps his role, and keeps nobody else from losing his', async () => {
  const own = await newProvider(bob)
  const owner = await roleId(bob, 'owner')
  const role = await newRole(bob)
  const other = await newMember(bob, own)
  await known(bob, own, bob.userId)
  const last = await membershipOf(bob, bob.userId)
  await map(bob, own, { externalGroupId: 'owners', roleId: owner })
  await map(bob, own, { externalGroupId: 'A', roleId: role.id })
  await say(bob, own, other.membershipId, answer('A'))
  await say(bob, own, last, answer('owners'))
  // What had been given by hand is forgotten: the group alone gives it.
  await admin.query('delete from federation.role_sources where user_tenant_id = $1 and mapping_id is null', [last])
  await admin.query("update federation.known_groups set group_ids = '{}', group_names = '{}' where provider_id = $1", [
    own,
  ])
  const run = await syncNow(app, ofPlatform(bob), own, 'command')
  assert.deepEqual([run.status, run.taken, run.failed], ['succeeded', 1, 0])
  assert.deepEqual(await rolesOf(last), ['owner'])
  assert.deepEqual(await rolesOf(other.membershipId), ['viewer'])
})
