import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { chores, db, inTx, ours, person, target, theirs } from '../assignments.test.world.ts'
import { createAssignment, updateAssignment } from '../rounds/assignments.ts'
import { addDetail } from '../rounds/details.ts'
import { getFairness } from './fairness.ts'
import { getHeat } from './heat.ts'
import { getParticipantLoads } from './participant-loads.ts'

const zone = 'Europe/Berlin'
const march = { from: '2027-03-01', to: '2027-03-31' }
const joinedOn = '2027-01-01'
const anna = await person(ours, chores, { name: 'Anna', joinedOn })
const ben = await person(ours, chores, { name: 'Ben', joinedOn })
const cleo = await person(ours, chores, { name: 'Cleo', joinedOn: '2027-03-10' })
await person(ours, chores, { name: 'Dora', joinedOn: '2027-04-01' })
const kitchen = await target(ours, chores, { name: 'Kitchen' })
const door = await target(ours, chores, { name: 'Door', weekday: 'saturday' })

async function round(startsOn: string, endsOn: string, pairs: [{ id: string }, { id: string }][]) {
  return await inTx(ours, async tx => {
    const { id } = await createAssignment(tx, chores, { assignmentDate: startsOn, endsOn })
    for (const [who, what] of pairs) await addDetail(tx, id, { participantId: who.id, targetId: what.id })
    return id
  })
}
const share = (assignmentId: string, participantId: string, eligible: number, fairShare: number) =>
  db.scoped(ours).run(sql`
    insert into assignments.assignment_shares (assignment_id, participant_id, eligible_count, fair_share)
    values (${assignmentId}, ${participantId}, ${eligible}, ${fairShare})
  `)

const first = await round('2027-03-01', '2027-03-07', [
  [anna, kitchen],
  [anna, door],
])
await share(first, anna.id, 2, 1.5)
await share(first, ben.id, 1, 0.5)
const second = await round('2027-03-08', '2027-03-21', [
  [ben, kitchen],
  [anna, door],
])
await share(second, anna.id, 2, 1.5)
await share(second, ben.id, 1, 0.5)
const third = await round('2027-03-22', '2027-03-28', [[cleo, kitchen]])
const cancelled = await round('2027-03-22', '2027-03-28', [[ben, kitchen]])
await inTx(ours, tx => updateAssignment(tx, cancelled, { status: 'cancelled' }))
await round('2027-04-05', '2027-04-11', [[ben, kitchen]])

test('VS-11 AG-01 fairness adds up what each did and what was his part, round by round, and tells no other tenant', async () => {
  const { participants, rounds, gini } = await getFairness(db.scoped(ours), chores, march)
  const near = (value: number) => Math.round(value * 1000) / 1000
  assert.deepEqual(
    participants.map(({ name, load, eligible, fairShare, balance, isNewcomer }) => [
      ...[name, load, eligible, near(fairShare), near(balance), isNewcomer],
    ]),
    [
      ['Anna', 3, 5, 3.333, -0.333, false],
      ['Ben', 1, 3, 1.333, -0.333, false],
      ['Cleo', 1, 1, 0.333, 0.667, true],
      ['Dora', 0, 0, 0, 0, true],
    ],
  )
  assert.deepEqual(
    rounds.map(({ id, date, isEstimated }) => [id, date, isEstimated]),
    [
      [first, '2027-03-01', false],
      [second, '2027-03-08', false],
      [third, '2027-03-22', true],
    ],
  )
  assert.deepEqual(rounds[1]?.loads, { [anna.id]: 1, [ben.id]: 1 })
  // Loads to shares: 2/1.5 and 0/0.5 after the first, 1 and 1 after the second.
  assert.deepEqual(
    rounds.slice(0, 2).map(each => near(each.gini)),
    [0.5, 0],
  )
  assert.equal(rounds[2]?.gini, gini)
  assert.ok(gini > 0)
  await assert.rejects(getFairness(db.scoped(theirs), chores, march), { code: 'assignments.domain_not_found' })
  assert.deepEqual(
    await getFairness(db.scoped(ours), chores, { from: '2026-01-01', to: '2026-01-31' }).then(each => [
      each.gini,
      each.rounds,
      each.participants.map(({ load }) => load),
    ]),
    [0, [], [0, 0, 0, 0]],
  )
})

test('VS-11 AG-01 a heat map has the days of each week and the targets of each round, and nothing for another tenant', async () => {
  const weeks = await getHeat(db.scoped(ours), chores, { ...march, by: 'week' }, zone)
  assert.deepEqual(
    weeks.periods.map(each => [each.from, each.to]),
    [
      ['2027-03-01', '2027-03-07'],
      ['2027-03-08', '2027-03-14'],
      ['2027-03-15', '2027-03-21'],
      ['2027-03-22', '2027-03-28'],
    ],
  )
  const loads = (heat: typeof weeks) => heat.participants.map(each => [each.name, ...each.loads])
  // The door of the second round is on two Saturdays; the kitchen on no certain day counts where its round begins.
  assert.deepEqual(loads(weeks), [
    ['Anna', 2, 1, 1, 0],
    ['Ben', 0, 1, 0, 0],
    ['Cleo', 0, 0, 0, 1],
    ['Dora', 0, 0, 0, 0],
  ])
  const rounds = await getHeat(db.scoped(ours), chores, { ...march, by: 'round' }, zone)
  assert.deepEqual(loads(rounds), [
    ['Anna', 2, 1, 0],
    ['Ben', 0, 1, 0],
    ['Cleo', 0, 0, 1],
    ['Dora', 0, 0, 0],
  ])
  await assert.rejects(getHeat(db.scoped(theirs), chores, { ...march, by: 'week' }, zone), {
    code: 'assignments.domain_not_found',
  })
})

test('VS-11 AG-01 what somebody has done and his part of it add up round after round, and are told to no other tenant', async () => {
  const loadsOf = async (id: string) =>
    (await getParticipantLoads(db.scoped(ours), id, march)).rounds.map(({ id, load, fairShare }) => [
      ...[id, load, Math.round(fairShare * 1000) / 1000],
    ])
  assert.deepEqual(await loadsOf(anna.id), [
    [first, 2, 1.5],
    [second, 3, 3],
    [third, 3, 3.333],
  ])
  assert.deepEqual(await loadsOf(cleo.id), [[third, 1, 0.333]], 'not before he could have been asked')
  await assert.rejects(getParticipantLoads(db.scoped(theirs), anna.id, march), {
    code: 'assignments.participant_not_found',
  })
})
