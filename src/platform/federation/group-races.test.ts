import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { setRolesOf } from '#platform/access'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import {
  admin,
  alice,
  answer,
  app,
  db,
  known,
  map,
  newMember,
  newProvider,
  newRole,
  ofPlatform,
  roleId,
  rolesOf,
  say,
  world,
} from './groups.test.world.ts'
import { applyGroups } from './role-assignments.ts'
import { syncNow } from './sync-jobs.ts'

test('AG-06 two sign-ins at once leave the roles of one of them, and what is noted is the same', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  const { membershipId } = await newMember(alice, own)
  for (let round = 0; round < 10; round++) {
    await Promise.all(['A', 'B', 'A', 'B'].map(group => say(alice, own, membershipId, answer(group))))
    const { rows } = await admin.query('select group_ids from federation.known_groups where user_tenant_id = $1', [
      membershipId,
    ])
    const expected = rows[0].group_ids[0] === 'A' ? first.name : second.name
    assert.deepEqual(await rolesOf(membershipId), [expected, 'viewer'])
  }
})

/** Resolves once the work is done, or waits for somebody's turn. */
async function doneOrWaiting(work: Promise<unknown>): Promise<'done' | 'waiting'> {
  let isDone = false
  void work.finally(() => {
    isDone = true
  })
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`,
    )
    if (isDone) return 'done'
    if (rows.length > 0) return 'waiting'
  }
}

test('AG-06 of two sign-ins at once the second waits from the first look to what is noted', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  await map(alice, own, { externalGroupId: 'B', roleId: second.id })
  const { membershipId } = await newMember(alice, own)
  await say(alice, own, membershipId, answer('A'))
  let later: Promise<unknown> = Promise.resolve()
  await db.transaction(ofPlatform(alice), async tx => {
    // The first finds that nothing changes, and has not noted it yet.
    await tx.run(sql`select * from federation.apply_groups(${own}, ${membershipId}, '{A}')`)
    later = say(alice, own, membershipId, answer('B'))
    await doneOrWaiting(later)
    await tx.run(
      sql`update federation.known_groups set group_ids = '{A}', group_names = '{A}' where user_tenant_id = ${membershipId}`,
    )
  })
  await later
  const { rows } = await admin.query('select group_ids from federation.known_groups where user_tenant_id = $1', [
    membershipId,
  ])
  assert.deepEqual(rows[0].group_ids, ['B'])
  assert.deepEqual(await rolesOf(membershipId), [second.name, 'viewer'])
})

test('AG-06 sign-ins, changes by hand, mappings and syncs at once: nobody waits for each other for ever', async () => {
  const own = await newProvider(alice)
  const [first, second] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: first.id })
  const { membershipId } = await newMember(alice, own)
  // As whoever makes or changes a membership in the same transaction.
  const sayLocked = (...groups: string[]) =>
    db.transaction(ofPlatform(alice), async tx => {
      await tx.run(sql`select federation.lock_member(${membershipId})`)
      const cause = { by: 'sign_in' } as const
      return await applyGroups(tx, { membershipId, providerId: own, groups: answer(...groups), cause })
    })
  const before = await countDeadlocks()
  for (let round = 0; round < 8; round++) {
    const mapping = await map(alice, own, { externalGroupId: 'B', roleId: second.id })
    await say(alice, own, membershipId, answer('B'))
    const outcomes = await Promise.allSettled([
      sayLocked('A'),
      say(alice, own, membershipId, answer('A', 'B')),
      say(alice, own, membershipId, answer()),
      sayLocked('B'),
      db.transaction(alice.scope, tx => setRolesOf(tx, membershipId, [first.id])),
      syncNow(app, ofPlatform(alice), own, 'person'),
      alice
        .fetch(`/federation/group-mappings/${mapping.id}`, { method: 'DELETE' })
        .then(({ status }) => assert.equal(status, 204)),
      say(alice, own, membershipId, answer('A')),
    ])
    assert.deepEqual(
      outcomes.filter(
        // Where B gives its role still, a change by hand does not take it.
        outcome => outcome.status === 'rejected' && Object(outcome.reason).code !== 'federation.role_of_group',
      ),
      [],
    )
    await db.transaction(ofPlatform(alice), async tx => setRolesOf(tx, membershipId, [await roleId(alice, 'viewer')]))
  }
  // A transaction that met one is tried again, so that nobody would hear of it.
  assert.equal(await countDeadlocks(), before)
})

test('AG-06 who finds a difference only when it is his turn takes no lock against its order', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  await map(alice, own, { externalGroupId: 'A', roleId: role.id })
  const { membershipId } = await newMember(alice, own)
  await say(alice, own, membershipId, answer('A'))
  const before = await countDeadlocks()
  const others: Promise<unknown>[] = []
  await db.transaction(ofPlatform(alice), async tx => {
    await tx.run(sql`select * from federation.apply_groups(${own}, ${membershipId}, '{}')`)
    // For him all is in line still.
    others.push(say(alice, own, membershipId, answer('A')))
    await waitingFor('advisory')
    others.push(
      db.transaction(ofPlatform(alice), async his => {
        await his.run(sql`select federation.lock_member(${membershipId})`)
        const cause = { by: 'sign_in' } as const
        await applyGroups(his, { membershipId, providerId: own, groups: answer('A'), cause })
      }),
    )
    await waitingFor('transactionid')
  })
  await Promise.all(others)
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
  assert.equal(await countDeadlocks(), before)
})

async function waitingFor(locktype: string): Promise<void> {
  for (;;) {
    const { rows } = await admin.query(
      `select from pg_locks as wait join pg_stat_activity as activity using (pid)
       where wait.locktype = $1 and not wait.granted and activity.datname = current_database()`,
      [locktype],
    )
    if (rows.length > 0) return
  }
}

async function countDeadlocks(): Promise<number> {
  const { rows } = await admin.query(
    'select deadlocks::integer from pg_stat_database where datname = current_database()',
  )
  return rows[0].deadlocks
}

test('AG-06 the sync after a new mapping reaches who was just signing in', async () => {
  const own = await newProvider(alice)
  const role = await newRole(alice)
  const { membershipId } = await newMember(alice, own)
  const sync = async () => {
    await admin.query(`update jobs.job set start_after = now() where name = 'federation.sync-mappings'`)
    await runJobs(world)
  }
  let mapped: Promise<unknown> = Promise.resolve()
  await db.transaction(ofPlatform(alice), async tx => {
    const cause = { by: 'sign_in' } as const
    await applyGroups(tx, { membershipId, providerId: own, groups: answer('Late'), cause })
    mapped = map(alice, own, { externalGroupId: 'Late', roleId: role.id })
    if ((await doneOrWaiting(mapped)) === 'done') await sync()
  })
  await mapped
  await sync()
  assert.deepEqual(await rolesOf(membershipId), [role.name, 'viewer'])
})

test('AG-06 a sync and a change by hand at once leave both: what is given by hand stays', async () => {
  const own = await newProvider(alice)
  const [synced, hand] = [await newRole(alice), await newRole(alice)]
  await map(alice, own, { externalGroupId: 'A', roleId: synced.id })
  const viewers = await roleId(alice, 'viewer')
  const { membershipId } = await newMember(alice, own)
  for (let round = 0; round < 10; round++) {
    await say(alice, own, membershipId, round % 2 ? answer('A') : answer())
    await Promise.all([
      say(alice, own, membershipId, round % 2 ? answer() : answer('A')),
      // In the system scope it is not asked what groups give.
      db.transaction(ofPlatform(alice), tx => setRolesOf(tx, membershipId, [viewers, hand.id])),
    ])
    assert.ok((await rolesOf(membershipId)).includes(hand.name))
    await say(alice, own, membershipId, answer())
    assert.deepEqual(await rolesOf(membershipId), [hand.name, 'viewer'].toSorted())
  }
})

test('AG-06 whatever hands and syncs do: by hand stays, and after known groups exactly the mapped roles are there', async () => {
  const own = await newProvider(alice)
  const roles = await Promise.all(Array.from({ length: 4 }, () => newRole(alice)))
  const groups = ['A', 'B', 'C', 'D', 'E']
  // C and D give the same role.
  const given: Record<string, number> = { A: 0, B: 1, C: 2, D: 2 }
  for (const [externalGroupId, index] of Object.entries(given))
    await map(alice, own, { externalGroupId, roleId: roles[index]?.id as string })
  const step = fc.oneof(
    fc.record({ does: fc.constant('know' as const), groups: fc.subarray(groups) }),
    fc.record({ does: fc.constant('give' as const), role: fc.nat(3) }),
    fc.record({ does: fc.constant('take' as const), role: fc.nat(3) }),
    fc.record({ does: fc.constant('run' as const) }),
    fc.record({ does: fc.constant('unknown' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      const { membershipId } = await lightMember(own)
      const [hand, sync] = [new Set<number>(), new Set<number>()]
      let last: string[] | undefined
      const know = (now: readonly string[]) => {
        sync.clear()
        for (const group of now) if (group in given) sync.add(given[group] as number)
      }
      for (const each of steps) {
        if (each.does === 'know') {
          await say(alice, own, membershipId, answer(...each.groups))
          last = each.groups
          know(last)
        } else if (each.does === 'unknown')
          await say(alice, own, membershipId, { outcome: 'unknown', reason: 'missing' })
        else if (each.does === 'run') {
          await syncNow(app, ofPlatform(alice), own, 'person')
          if (last) know(last)
        } else {
          const held = hand.union(sync)
          // Whoever has it by a group already is not given it again by the same click.
          if (each.does === 'give' && !held.has(each.role)) hand.add(each.role)
          const chosen = new Set(held)
          if (each.does === 'give') chosen.add(each.role)
          else chosen.delete(each.role)
          const wanted = [...chosen].map(index => roles[index]?.id as string)
          const work = db.transaction(alice.scope, tx => setRolesOf(tx, membershipId, wanted))
          const isOfGroupAlone = each.does === 'take' && sync.has(each.role) && !hand.has(each.role)
          if (isOfGroupAlone) await assert.rejects(work, { code: 'federation.role_of_group' })
          else await work
          if (each.does === 'take') hand.delete(each.role)
        }
        const expected = [...hand.union(sync)].map(index => roles[index]?.name).toSorted()
        assert.deepEqual(await rolesOf(membershipId), expected, JSON.stringify(each))
      }
    }),
    { numRuns: 25 },
  )
})

/** A member without roles, made past the program: hashing passwords would take the time of the test. */
async function lightMember(providerId: string): Promise<{ membershipId: string }> {
  const { rows } = await admin.query(
    `with account as (
       insert into identity.users (email) values (gen_random_uuid() || '@light.example') returning id
     )
     insert into tenancy.user_tenants (tenant_id, user_id) select $1, id from account returning id, user_id`,
    [alice.tenantId],
  )
  await known(alice, providerId, String(rows[0].user_id))
  return { membershipId: String(rows[0].id) }
}
