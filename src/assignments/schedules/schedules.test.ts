import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { admin, alice, app, ask, bob, call, houseOf, viewer, world } from '../planning/planning.test.world.ts'
import { planAhead } from './schedule-jobs.ts'
import { runSchedule } from './schedule-runs.ts'
import type { Schedule } from './schedules.ts'
import { nextTurn, type Rhythm } from './turns.ts'

const { db } = world
const at = (now: string): App => ({ ...app, clock: { now: () => new Date(now) } })
const path = '/assignment-schedules'
const weekly = { name: 'Weekly', startsOn: '2030-03-04', leadDays: 3 }

async function scheduleOf(
  fields: Record<string, unknown> = {},
  places: Record<string, Record<string, unknown>> = { Kitchen: {} },
) {
  const house = await houseOf({ Anna: {}, Ben: {} }, places)
  const schedule: Schedule = await ask(alice, 'POST', path, { domainId: house.domainId, ...weekly, ...fields })
  return { house, schedule }
}
const roundsOf = async (scheduleId: string) =>
  (await ask(alice, 'GET', `/assignments?scheduleId=${scheduleId}`)).items
    .map((each: Record<string, unknown>) => [
      each.assignmentDate,
      each.endsOn,
      each.detailCount,
      each.publishedAt !== null,
    ])
    .toReversed()
const told = async (scheduleId: string) =>
  (
    await admin.query(
      `select kind, title, message from notifications.notifications where data ->> 'scheduleId' = $1 order by created_at, id`,
      [scheduleId],
    )
  ).rows
/** Jobs look at schedules of all tests: those of this one alone are asked. */
const tick = (now: string, { id }: Schedule) => runSchedule(at(now), { tenantId: alice.tenantId }, id)

test('VS-08 a round is planned so many days before it begins, by the day of the workspace, and once', async () => {
  const { schedule } = await scheduleOf()
  await tick('2030-02-28T12:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [])
  assert.deepEqual(await tick('2030-03-01T00:30:00Z', schedule).then(each => each.isWaiting), false)
  await tick('2030-03-01T12:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-04', '2030-03-10', 1, false]])
  const { nextOn, lastFault, lastRunAt } = await ask(alice, 'GET', `${path}/${schedule.id}`)
  assert.deepEqual([nextOn, lastFault], ['2030-03-11', null])
  assert.ok(lastRunAt)
  assert.deepEqual(await told(schedule.id), [
    {
      kind: 'assignments.round_planned',
      title: '“Weekly” is planned for 4 to 10 March 2030: look at it and publish it',
      message: '',
    },
  ])
  const [round] = (await ask(alice, 'GET', `/assignments?scheduleId=${schedule.id}`)).items
  await ask(alice, 'DELETE', `/assignments/${round.id}`)
  await tick('2030-03-01T13:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [], 'what somebody has deleted is not made again')
})

test('VS-08 after a time without a server the rounds that are not over are made in order, and the others are told once', async () => {
  const { schedule } = await scheduleOf({ publishes: true })
  await tick('2030-03-26T08:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-25', '2030-03-31', 1, true]])
  await tick('2030-03-29T08:00:00Z', schedule)
  await tick('2030-03-30T08:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [
    ['2030-03-25', '2030-03-31', 1, true],
    ['2030-04-01', '2030-04-07', 1, true],
  ])
  assert.deepEqual(
    (await told(schedule.id)).map(each => each.message),
    ['3 rounds were not planned, from 4 March 2030 on: the days were over.'],
  )
})

test('VS-08 of two servers that look at one moment one makes a round and one plans it', async () => {
  const { schedule } = await scheduleOf({ publishes: true })
  await Promise.all([1, 2, 3].map(() => tick('2030-03-02T08:00:00Z', schedule)))
  await runJobs(world)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-04', '2030-03-10', 1, true]])
  const [round] = (await ask(alice, 'GET', `/assignments?scheduleId=${schedule.id}`)).items
  assert.equal((await ask(alice, 'GET', `/assignments/${round.id}/runs`)).items.length, 1)
  const { rows } = await admin.query(
    'select count(*)::integer as rounds from assignments.schedule_rounds where schedule_id = $1 and settled_at is not null',
    [schedule.id],
  )
  assert.equal(rows[0].rounds, 1)
})

test('VS-08 what a server had begun when it died is taken up by another, and never made twice', async () => {
  const { schedule } = await scheduleOf({ publishes: true })
  const dying = at('2030-03-02T08:00:00Z')
  const dead = { ...dying, keyring: undefined, db: Object.create(dying.db) } as unknown as App
  // It has made the round, and is gone before anything is planned.
  ;(dead.db as { scoped: unknown }).scoped = () => {
    throw new Error('gone')
  }
  await assert.rejects(runSchedule(dead, { tenantId: alice.tenantId }, schedule.id), /gone/)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-04', '2030-03-10', 0, false]])
  await tick('2030-03-02T08:10:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-04', '2030-03-10', 1, true]])
})

test('VS-08 a round that cannot be planned says why, in the schedule and once to who made it', async () => {
  const { schedule } = await scheduleOf({ publishes: true }, { Kitchen: { requiredSkills: ['cooking'] } })
  await tick('2030-03-02T08:00:00Z', schedule)
  await tick('2030-03-02T09:00:00Z', schedule)
  assert.deepEqual(await roundsOf(schedule.id), [['2030-03-04', '2030-03-10', 0, false]])
  const [{ kind, message }, ...others] = await told(schedule.id)
  assert.deepEqual([kind, others], ['assignments.schedule_failed', []])
  assert.match(message, /Kitchen/)
  assert.equal((await ask(alice, 'GET', `${path}/${schedule.id}`)).lastFault, message)
})

test('GG-16 VS-08 what is amiss with a person stands in the schedule, and goes from there with him; the notice names nobody', async () => {
  const { house, schedule } = await scheduleOf({ publishes: true })
  await ask(alice, 'PATCH', `/participants/${house.people.Anna}`, { name: 'Anna Averysingularname', minAssignments: 2 })
  await tick('2030-03-02T08:00:00Z', schedule)
  const { lastFault } = await ask(alice, 'GET', `${path}/${schedule.id}`)
  assert.match(lastFault, /Averysingularname/)
  const [{ kind, title, message }] = await told(schedule.id)
  assert.deepEqual([kind, message], ['assignments.schedule_failed', 'The page of the schedule says why.'])
  assert.doesNotMatch(title, /Averysingularname/)
  await ask(alice, 'POST', `/participants/${house.people.Anna}/erasure`)
  assert.equal((await ask(alice, 'GET', `${path}/${schedule.id}`)).lastFault, null)
})

test('VS-08 of a schedule whose maker has left, or has no account any more, the owners of the workspace are told', async () => {
  const { schedule } = await scheduleOf()
  const toldTo = async () =>
    (
      await admin.query(
        `select user_id from notifications.notifications where data ->> 'scheduleId' = $1 order by created_at, id`,
        [schedule.id],
      )
    ).rows.map(each => each.user_id)
  const makeBy = (userId: string | null) =>
    admin.query('update assignments.schedules set created_by = $2 where id = $1', [schedule.id, userId])
  await makeBy(viewer.userId)
  await tick('2030-03-02T08:00:00Z', schedule)
  assert.deepEqual(await toldTo(), [viewer.userId])
  await makeBy(bob.userId)
  await tick('2030-03-09T08:00:00Z', schedule)
  assert.deepEqual((await toldTo()).slice(1), [alice.userId], 'he works elsewhere')
  await makeBy(null)
  await tick('2030-03-16T08:00:00Z', schedule)
  assert.deepEqual((await toldTo()).slice(2), [alice.userId])
})

test('VS-08 the job finds what is due in all workspaces that are open, and leaves the others alone', async () => {
  const { schedule } = await scheduleOf({ startsOn: '2040-06-04' })
  const { rows } = await admin.query(`update assignments.schedules set is_active = false where id <> $1 returning id`, [
    schedule.id,
  ])
  await admin.query(`delete from jobs.job where name = 'assignments.run-schedule'`)
  const now = at('2040-06-02T08:00:00Z')
  const setOpen = (status: string) =>
    admin.query('update tenancy.tenants set status = $2 where id = $1', [alice.tenantId, status])
  await setOpen('suspended')
  await planAhead.run({}, now)
  await setOpen('active')
  const queued = async () =>
    (
      await admin.query(`select data from jobs.job where name = 'assignments.run-schedule' and state = 'created'`)
    ).rows.map(each => each.data.scheduleId)
  assert.deepEqual(await queued(), [])
  await planAhead.run({}, at('2040-05-31T08:00:00Z'))
  assert.deepEqual(await queued(), [], 'it is not due yet')
  await planAhead.run({}, now)
  assert.deepEqual(await queued(), [schedule.id])
  assert.equal(
    (await db.scoped({ tenantId: alice.tenantId }).run(sql`select * from assignments.list_due_schedules('2050-01-01')`))
      .length,
    0,
  )
  await admin.query('update assignments.schedules set is_active = true where id = any ($1)', [
    rows.map(each => each.id),
  ])
})

test('VS-08 AG-01 schedules are made, changed and run by who may, and are another tenant’s business in nothing', async () => {
  const { house, schedule } = await scheduleOf()
  assert.deepEqual(
    [schedule.every, schedule.unit, schedule.periodDays, schedule.nextOn, schedule.strategy, schedule.publishes],
    [1, 'week', 7, '2030-03-04', 'optimal', false],
  )
  const one = `${path}/${schedule.id}`
  const body = { domainId: house.domainId, ...weekly }
  const refused = async (fields: object) => (await call(alice, 'POST', path, { ...body, ...fields })).json.code
  assert.equal(await refused({}), 'assignments.schedule_name_taken')
  assert.equal(await refused({ name: 'B', endsOn: '2030-03-03' }), 'assignments.schedule_order')
  assert.equal(await refused({ name: 'B', strategy: 'magic' }), 'assignments.strategy_unknown')
  for (const [method, address, sent] of [
    ['POST', path, body],
    ['PATCH', one, { name: 'X' }],
    ['POST', `${one}/run`, undefined],
    ['DELETE', one, undefined],
  ] as const) {
    assert.equal((await call(viewer, method, address, sent)).status, 403, `${method} as who only looks on`)
    assert.equal((await call(bob, method, address, sent)).status, 404, `${method} as the other tenant`)
  }
  assert.equal((await call(bob, 'GET', one)).status, 404)
  assert.deepEqual((await ask(bob, 'GET', path)).items, [])
  assert.equal((await ask(viewer, 'GET', `${path}?domainId=${house.domainId}`)).items.length, 1)

  const { assignmentId } = await ask(alice, 'POST', `${one}/run`)
  assert.ok((await house.board(assignmentId)).length > 0)
  const changed = await ask(alice, 'PATCH', one, { every: 2, endsOn: '2030-03-18' })
  assert.equal(changed.nextOn, '2030-03-18', 'after the round that it has made')
  await ask(alice, 'POST', `${one}/run`)
  assert.equal((await ask(alice, 'GET', one)).nextOn, null)
  assert.equal((await ask(alice, 'POST', `${one}/run`)).assignmentId, null)
  assert.equal((await call(alice, 'DELETE', one)).status, 204)
  assert.equal((await ask(alice, 'GET', `/assignments/${assignmentId}`)).scheduleId, null, 'its rounds stay')
})

test('VS-08 turns keep the day of the month where there is one, and are not over before today', () => {
  const rhythm: Rhythm = { every: 1, unit: 'month', startsOn: '2028-01-31', endsOn: null, periodDays: 1 }
  const turnsOf = (each: Rhythm, count: number) => {
    const turns: string[] = []
    for (let after: string | null = null; turns.length < count; ) {
      after = nextTurn(each, { after, today: '2000-01-01' }).startsOn
      if (after === null) break
      turns.push(after)
    }
    return turns
  }
  assert.deepEqual(turnsOf(rhythm, 5), ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31'])
  assert.deepEqual(turnsOf({ ...rhythm, every: 3, endsOn: '2028-07-31' }, 9), [
    '2028-01-31',
    '2028-04-30',
    '2028-07-31',
  ])
  // The days on which clocks change are days like others.
  assert.deepEqual(turnsOf({ ...rhythm, unit: 'day', startsOn: '2028-03-25' }, 3), [
    '2028-03-25',
    '2028-03-26',
    '2028-03-27',
  ])
  const week = { ...rhythm, unit: 'week', startsOn: '2028-01-03', periodDays: 7 } as const
  assert.deepEqual(nextTurn(week, { after: null, today: '2028-01-16' }), {
    startsOn: '2028-01-10',
    passed: ['2028-01-03'],
  })
  assert.deepEqual(nextTurn(week, { after: '2028-01-12', today: '2028-01-01' }), { startsOn: '2028-01-17', passed: [] })
  assert.equal(nextTurn({ ...week, endsOn: '2028-01-09' }, { after: '2028-01-03', today: '2028-01-01' }).startsOn, null)
})
