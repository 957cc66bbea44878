import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { chores, db, inTx, ours, person, target, theirs } from '../assignments.test.world.ts'
import { updateParticipant } from '../participants/participants.ts'
import { createAssignment, type NewAssignment, updateAssignment } from '../rounds/assignments.ts'
import { addDetail } from '../rounds/details.ts'
import { updateTarget } from '../targets/targets.ts'
import { type Agenda, getOwnAgenda, getParticipantAgenda, getTargetAgenda } from './agendas.ts'
import { getBoard } from './boards.ts'
import { occurrencesIn } from './occurrences.ts'

const zone = 'Europe/Berlin'
const anna = await person(ours, chores, { name: 'Anna' })
const ben = await person(ours, chores, { name: 'Ben' })
const kitchen = await target(ours, chores, { name: 'Kitchen', requiredCount: 2 })
const door = await target(ours, chores, { name: 'Door', weekday: 'saturday', startsAt: '20:00', endsAt: '02:00' })
const make = (fields: NewAssignment) => inTx(ours, tx => createAssignment(tx, chores, fields))
const put = (id: string, participantId: string, targetId: string, position: number) =>
  inTx(ours, tx => addDetail(tx, id, { participantId, targetId, position }))
const boardOf = (from: string, to: string) => getBoard(db.scoped(ours), chores, { from, to }, zone)

test('VS-08 AG-01 a board shows day by day who is on what and who is missing, and another tenant gets none', async () => {
  const round = await make({ name: 'Weeks 10 and 11', assignmentDate: '2027-03-08', endsOn: '2027-03-21' })
  await put(round.id, ben.id, kitchen.id, 1)
  await put(round.id, ben.id, door.id, 0)
  await put(round.id, anna.id, kitchen.id, 0)
  const board = await boardOf('2027-03-08', '2027-03-21')
  assert.deepEqual([board.days.length, board.days[0], board.days.at(-1)], [14, '2027-03-08', '2027-03-21'])
  assert.deepEqual(
    board.rounds.map(each => [each.id, each.startsOn, each.endsOn, each.shortages]),
    [[round.id, '2027-03-08', '2027-03-21', []]],
  )
  const seen = board.targets.flatMap(({ name, occurrences }) =>
    occurrences.map(({ date, startsAt, endsAt, people }) => [
      name,
      date,
      startsAt,
      endsAt,
      people.map(each => each.name).join(),
    ]),
  )
  assert.deepEqual(seen, [
    ['Door', '2027-03-13', '20:00', '02:00', 'Ben'],
    ['Door', '2027-03-20', '20:00', '02:00', 'Ben'],
    ['Kitchen', null, null, null, 'Anna,Ben'],
  ])
  const second = await boardOf('2027-03-15', '2027-03-31')
  assert.deepEqual(
    second.targets.map(({ occurrences }) => occurrences.length),
    [1, 1],
    'of a round that began before, the days of the period',
  )
  assert.deepEqual((await boardOf('2027-03-22', '2027-03-31')).rounds, [])
  await assert.rejects(getBoard(db.scoped(theirs), chores, { from: '2027-03-08', to: '2027-03-21' }, zone), {
    code: 'assignments.domain_not_found',
  })
  for (const [from, to] of [
    ['2027-03-08', '2027-03-07'],
    ['2027-01-01', '2028-01-03'],
  ] as const)
    await assert.rejects(boardOf(from, to), { code: 'assignments.period_refused' })
})

test('VS-08 a board says what is short, leaves out what came later or is cancelled, and keeps whoever is on an inactive target', async () => {
  const round = await make({ assignmentDate: '2027-04-05', endsOn: '2027-04-11' })
  await put(round.id, anna.id, kitchen.id, 0)
  const late = await target(ours, chores, { name: 'Yard' })
  await db.scoped(ours).run(
    // Published before there was a yard.
    sql`
      update assignments.assignments
      set published_at = (select created_at from assignments.assignment_targets where id = ${late.id}) - interval '1 s'
      where id = ${round.id}
    `,
  )
  const shortagesOf = async () =>
    (await boardOf('2027-04-05', '2027-04-11')).rounds[0]?.shortages.map(each => [each.name, each.missing])
  assert.deepEqual(
    await shortagesOf(),
    [['Kitchen', 1]],
    'nothing is missing on what was not there when it was published',
  )
  await db.scoped(ours).run(sql`
    update assignments.assignments set published_at = null where id = ${round.id}
  `)
  assert.deepEqual(await shortagesOf(), [
    ['Door', 1],
    ['Kitchen', 1],
    ['Yard', 1],
  ])
  await inTx(ours, tx => updateTarget(tx, kitchen.id, { isActive: false }))
  const kept = (await boardOf('2027-04-05', '2027-04-11')).targets.find(each => each.id === kitchen.id)
  assert.deepEqual(
    kept?.occurrences.map(({ people }) => people.map(each => each.name)),
    [['Anna']],
  )
  await inTx(ours, tx => updateAssignment(tx, round.id, { status: 'cancelled' }))
  const cancelled = await boardOf('2027-04-05', '2027-04-11')
  assert.deepEqual(
    [cancelled.rounds[0]?.status, cancelled.rounds[0]?.shortages, cancelled.targets.flatMap(each => each.occurrences)],
    ['cancelled', [], []],
  )
  assert.deepEqual(
    cancelled.targets.map(each => each.name),
    ['Door', 'Yard'],
  )
  await inTx(ours, tx => updateTarget(tx, kitchen.id, { isActive: true }))
})

test('VS-08 a board of more than anybody could read is refused before it takes the time of all others', async () => {
  const year = sql`
    insert into assignments.assignments (domain_id, assignment_date, ends_on, strategy_used)
    select ${chores}, '2041-01-01'::date + place, '2041-12-31'::date + place, 'optimal'
    from generate_series(1, 366) as place
  `
  await inTx(ours, async tx => {
    await tx.run(year)
    const board = (to: string) => getBoard(tx, chores, { from: '2041-01-01', to }, zone)
    assert.equal((await board('2041-01-08')).rounds.length, 7)
    await assert.rejects(board('2041-12-31'), { code: 'assignments.board_too_large' })
    // What was made for this is nobody else's.
    await tx.run(sql`delete from assignments.assignments where assignment_date >= '2041-01-01'`)
  })
})

test('VS-08 what was planned stays where it was planned when its target changes, and comes again each week of its round', () => {
  const days = ['2027-03-22', '2027-03-23', '2027-03-29', '2027-03-30']
  const window = { weekday: 2, onDate: null, startsAt: '06:00', endsAt: '07:00' }
  const planned = { startsAt: new Date('2027-03-22T08:00:00Z'), endsAt: new Date('2027-03-22T16:00:00Z') }
  // Summer time began on 28 March: nine o'clock stays nine o'clock.
  assert.deepEqual(occurrencesIn(window, days, zone, planned), [
    { date: '2027-03-22', startsAt: '09:00', endsAt: '17:00' },
    { date: '2027-03-29', startsAt: '09:00', endsAt: '17:00' },
  ])
  assert.deepEqual(
    occurrencesIn(window, days, zone).map(each => [each.date, each.startsAt]),
    [
      ['2027-03-23', '06:00'],
      ['2027-03-30', '06:00'],
    ],
  )
  assert.deepEqual(occurrencesIn({ ...window, weekday: 3 }, days, zone), [])
})

test('VS-08 AG-01 a person sees what he is on and with whom, a target who is on it, and strangers nothing', async () => {
  const may = { from: '2027-05-03', to: '2027-05-16' }
  const round = await make({ assignmentDate: '2027-05-03', endsOn: '2027-05-16' })
  const cancelled = await make({ assignmentDate: '2027-05-03', endsOn: '2027-05-03' })
  await put(cancelled.id, anna.id, kitchen.id, 0)
  await inTx(ours, tx => updateAssignment(tx, cancelled.id, { status: 'cancelled' }))
  await put(round.id, anna.id, kitchen.id, 0)
  await put(round.id, ben.id, kitchen.id, 1)
  await put(round.id, anna.id, door.id, 0)
  const seen = ({ items }: Agenda) =>
    items.map(({ date, startsAt, target, people, assignment }) => [
      date ?? assignment.startsOn,
      startsAt,
      target.name,
      people.map(each => each.name).join(),
    ])
  assert.deepEqual(seen(await getParticipantAgenda(db.scoped(ours), anna.id, may, zone)), [
    ['2027-05-03', null, 'Kitchen', 'Anna,Ben'],
    ['2027-05-08', '20:00', 'Door', 'Anna'],
    ['2027-05-15', '20:00', 'Door', 'Anna'],
  ])
  assert.deepEqual(seen(await getTargetAgenda(db.scoped(ours), door.id, { ...may, from: '2027-05-10' }, zone)), [
    ['2027-05-15', '20:00', 'Door', 'Anna'],
  ])
  await assert.rejects(getParticipantAgenda(db.scoped(theirs), anna.id, may, zone), {
    code: 'assignments.participant_not_found',
  })
  await assert.rejects(getTargetAgenda(db.scoped(theirs), door.id, may, zone), { code: 'assignments.target_not_found' })

  const own = async (scope: typeof ours) => seen(await getOwnAgenda(db.scoped(scope), may, zone))
  await inTx(ours, tx => updateParticipant(tx, ben.id, { userId: ours.userId }))
  assert.deepEqual(await own(ours), [], 'a draft is nobody’s yet')
  await db.scoped(ours).run(sql`update assignments.assignments set published_at = now() where id = ${round.id}`)
  assert.deepEqual(await own(ours), [['2027-05-03', null, 'Kitchen', 'Anna,Ben']])
  assert.deepEqual(await own({ ...ours, tenantId: theirs.tenantId }), [], 'the same person in another workspace')
  assert.deepEqual(await own(theirs), [])
})
