// What the database holds of rounds, whoever asks it and by which way; and what goes with a person.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Queryable, sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { tellRound } from '../notices/notices.ts'
import { nextTurn } from '../schedules/turns.ts'
import { admin, alice, ask, bob, call, houseOf, viewer, world } from './planning.test.world.ts'

const { db } = world
const house = await houseOf({ Vera: { userId: viewer.userId }, Ben: {} }, { Kitchen: { requiredCount: 2 } })
const other = await houseOf({ Otto: {} }, { Ward: {} })
const inTx = <T>(work: (tx: Queryable) => Promise<T>) => db.transaction(alice.scope, work)
const refusedWith = (name: string, work: (tx: Queryable) => Promise<unknown>) =>
  assert.rejects(inTx(work), error => {
    const { constraint } = (error as { cause?: { constraint?: string } }).cause ?? (error as { constraint?: string })
    assert.equal(constraint ?? (error as { code?: string }).code, name, String(error))
    return true
  })
const published = async (fields: object = {}) => {
  const id = await house.round(fields as Record<string, unknown>)
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  await ask(alice, 'POST', `/assignments/${id}/publication`)
  return id
}
const tellAll = async () => {
  await admin.query(`update jobs.job set start_after = now() where name = $1`, [tellRound.name])
  await runJobs(world)
}
const titlesOf = async (assignmentId: string) =>
  (
    await admin.query(
      `select title from notifications.notifications where user_id = $1 and data ->> 'assignmentId' = $2 order by created_at, id`,
      [viewer.userId, assignmentId],
    )
  ).rows.map(each => each.title)

test('VS-09 no statement brings somebody or something of another domain into a round, or into what it was', async () => {
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const [vera, otto, kitchen, ward] = [
    ...[house.people.Vera, other.people.Otto],
    ...[house.places.Kitchen, other.places.Ward],
  ]
  const mixed = 'assignments.domains_mixed'
  await refusedWith(mixed, tx =>
    tx.run(sql`
      update assignments.assignment_details set participant_id = ${otto}
      where assignment_id = ${id} and participant_id = ${vera}
    `),
  )
  await refusedWith(mixed, tx =>
    tx.run(sql`update assignments.assignment_details set target_id = ${ward} where assignment_id = ${id}`),
  )
  await refusedWith(mixed, tx =>
    tx.run(sql`
      insert into assignments.drop_outs (assignment_id, participant_id, target_id) values (${id}, ${vera}, ${ward})
    `),
  )
  await refusedWith(mixed, tx =>
    tx.run(sql`insert into assignments.drop_outs (assignment_id, participant_id) values (${id}, ${otto})`),
  )
  await refusedWith(mixed, tx =>
    tx.run(sql`
      insert into assignments.revision_details (assignment_id, number, participant_id, target_id)
      values (${id}, 1, ${otto}, ${kitchen})
    `),
  )
  assert.deepEqual(await house.board(id), ['Kitchen: Ben Vera'], 'control')
})

test('VS-08 of a round that is locked or completed nobody takes a pin or a drop-out away, nor reports one; what is deleted takes its own along', async () => {
  const id = await published()
  const attic = (await ask(alice, 'POST', '/assignment-targets', { domainId: house.domainId, name: 'Attic' })).id
  await ask(alice, 'PUT', `/assignments/${id}/pins/${house.people.Vera}/${attic}`)
  const own = await ask(viewer, 'POST', '/me/drop-outs', { assignmentId: id, targetId: house.places.Kitchen })
  for (const [change, back, code] of [
    [{ isLocked: true }, { isLocked: false }, 'assignments.assignment_locked'],
    [{ status: 'completed' }, { status: 'active' }, 'assignments.assignment_closed'],
  ] as const) {
    await ask(alice, 'PATCH', `/assignments/${id}`, change)
    assert.equal((await call(viewer, 'DELETE', `/me/drop-outs/${own.id}`)).json.code, code)
    for (const statement of [
      sql`delete from assignments.assignment_pins where assignment_id = ${id}`,
      sql`delete from assignments.drop_outs where assignment_id = ${id}`,
      sql`insert into assignments.drop_outs (assignment_id, participant_id) values (${id}, ${house.people.Ben})`,
    ])
      await refusedWith(code, tx => tx.run(statement))
    if (code === 'assignments.assignment_locked') await ask(alice, 'PATCH', `/assignments/${id}`, back)
  }
  assert.equal((await call(alice, 'DELETE', `/assignment-targets/${attic}`)).status, 204, 'its pin goes with it')
  await ask(alice, 'PATCH', `/assignments/${id}`, { status: 'active' })
  assert.equal((await call(viewer, 'DELETE', `/me/drop-outs/${own.id}`)).status, 204, 'control')
})

test('VS-08 people of a published round are told when it is deleted, unless it is over or they were told before', async () => {
  const ahead = await published({ assignmentDate: '2090-01-02', endsOn: '2090-01-08' })
  const past = await published({ assignmentDate: '2020-01-06', endsOn: '2020-01-12' })
  const cancelled = await published({ assignmentDate: '2090-02-06', endsOn: '2090-02-12' })
  await tellAll()
  await ask(alice, 'PATCH', `/assignments/${cancelled}`, { status: 'cancelled' })
  await tellAll()
  for (const id of [ahead, past, cancelled]) assert.equal((await call(bob, 'DELETE', `/assignments/${id}`)).status, 404)
  for (const id of [ahead, past, cancelled]) await call(alice, 'DELETE', `/assignments/${id}`)
  await tellAll()
  assert.deepEqual((await titlesOf(ahead)).slice(1), ['Cancelled: Kitchen, 2 to 8 January 2090'])
  assert.equal((await titlesOf(past)).length, 1)
  assert.equal((await titlesOf(cancelled)).length, 2)
})

test('VS-02 GG-16 why somebody cannot come, or is away, is seen by those who plan, and stands in no notice', async () => {
  const id = await published()
  const reason = 'An operation of the knee'
  const { id: dropOutId } = await ask(viewer, 'POST', '/me/drop-outs', { assignmentId: id, reason })
  const reasonsFor = async (person: typeof alice) =>
    (await ask(person, 'GET', `/assignments/${id}/drop-outs`)).items.map((each: { reason: string }) => each.reason)
  assert.deepEqual(await reasonsFor(alice), [reason])
  assert.deepEqual(await reasonsFor(viewer), [null])
  assert.equal((await ask(viewer, 'GET', '/me/drop-outs')).items[0].reason, reason, 'his own')
  const { rows } = await admin.query(
    `select n::text as row, title || message as said from notifications.notifications as n where kind = $1`,
    ['assignments.dropped_out'],
  )
  assert.ok(rows.length > 0, 'control')
  assert.ok(rows.every(({ row }) => !row.includes('knee')))
  assert.ok(
    rows.every(({ said }) => !said.includes('Vera')),
    'nor who: a notice outlives whoever is erased',
  )
  await ask(viewer, 'DELETE', `/me/drop-outs/${dropOutId}`)
  const exceptions = `/participants/${house.people.Ben}/exceptions`
  await ask(alice, 'POST', exceptions, { startsOn: '2031-05-05', note: reason })
  for (const [person, note] of [
    [alice, reason],
    [viewer, null],
  ] as const)
    assert.deepEqual((await ask(person, 'GET', exceptions)).items[0].note, note)
})

test('VS-02 AG-01 the address of a calendar ends for whoever leaves the workspace, and when the participant is another account', async () => {
  const path = `/me/participants/${house.people.Vera}/calendar-feed`
  const newFeed = async () => {
    const { address } = await ask(viewer, 'PUT', path)
    return new URL(address).pathname
  }
  const statusOf = async (pathname: string) => (await fetch(world.baseUrl + pathname)).status
  const feed = await newFeed()
  assert.equal(await statusOf(feed), 200)
  const { rows } = await admin.query(
    `delete from tenancy.user_tenants where user_id = $1 and tenant_id = $2 returning *`,
    [viewer.userId, alice.tenantId],
  )
  assert.equal(rows.length, 1)
  assert.equal(await statusOf(feed), 404, 'he is no member any more')
  const columns = Object.keys(rows[0])
  await admin.query(
    `insert into tenancy.user_tenants (${columns.join(', ')}) values (${columns.map((_, place) => `$${place + 1}`).join(', ')})`,
    Object.values(rows[0]),
  )
  assert.equal(await statusOf(feed), 200, 'control')
  await ask(alice, 'PATCH', `/participants/${house.people.Vera}`, { phone: '123' })
  assert.equal(await statusOf(feed), 200)
  await ask(alice, 'PATCH', `/participants/${house.people.Vera}`, { userId: null })
  assert.equal(await statusOf(feed), 404, 'whoever had it need not be the participant')
  await ask(alice, 'PATCH', `/participants/${house.people.Vera}`, { userId: viewer.userId })
  assert.equal(await statusOf(feed), 404, 'it stays taken back')
})

test('VS-02 GG-16 what was amiss with a round of a schedule is in no log by the names of people, and goes with them', async () => {
  const schedule = await ask(alice, 'POST', '/assignment-schedules', {
    ...{ domainId: house.domainId, name: 'Weekly', startsOn: '2031-03-03' },
  })
  const fault = 'Ben Averysingularname is on two chores at once.'
  await inTx(tx => tx.run(sql`update assignments.schedules set last_fault = ${fault} where id = ${schedule.id}`))
  assert.equal((await ask(alice, 'GET', `/assignment-schedules/${schedule.id}`)).lastFault, fault)
  const { rows } = await admin.query('select l::text as row from audit.audit_logs as l where resource_id = $1', [
    schedule.id,
  ])
  assert.ok(rows.length >= 2, 'control')
  assert.ok(rows.every(({ row }) => !row.includes('Averysingularname')))
  await ask(alice, 'POST', `/participants/${other.people.Otto}/erasure`)
  assert.equal((await ask(alice, 'GET', `/assignment-schedules/${schedule.id}`)).lastFault, fault, 'another domain')
  await ask(alice, 'POST', `/participants/${house.people.Ben}/erasure`)
  assert.equal((await ask(alice, 'GET', `/assignment-schedules/${schedule.id}`)).lastFault, null)
})

test('VS-08 a schedule begins in a year of which the turns can be counted', async () => {
  for (const startsOn of ['0001-01-01', '1969-12-31', '3000-01-01', '9999-12-31']) {
    const fields = { domainId: house.domainId, name: startsOn, startsOn, unit: 'day' }
    assert.equal((await call(alice, 'POST', '/assignment-schedules', fields)).json.code, 'http.request_invalid')
    await assert.rejects(
      admin.query(
        'insert into assignments.schedules (tenant_id, domain_id, name, starts_on) values ($1, $2, $3::text, $3::date)',
        [alice.tenantId, house.domainId, startsOn],
      ),
      /schedules_starts_range/,
    )
  }
  const daily = { every: 1, unit: 'day', endsOn: null, periodDays: 1 } as const
  for (const startsOn of ['1970-01-01', '2999-12-31']) {
    const { startsOn: next } = nextTurn({ ...daily, startsOn }, { after: null, today: '2026-11-22' })
    assert.equal(next, startsOn < '2026' ? '2026-11-22' : startsOn)
  }
})
