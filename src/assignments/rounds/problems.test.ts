import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { getTimezone } from '#platform/tenancy'
import { admin, db, domainOf, inTx, ours, person, target, theirs } from '../assignments.test.world.ts'
import { createDomain, type DomainFields, updateDomain } from '../domains/domains.ts'
import { ruleWithParameters } from '../engine/validation-rules/validation-rule.ts'
import { validationRules } from '../engine/validation-rules/validation-rules.ts'
import { addException } from '../participants/exceptions.ts'
import { setPreferences } from '../participants/preferences.ts'
import { relate } from '../participants/relations.ts'
import { createAssignment, type NewAssignment } from './assignments.ts'
import { Availability, daysOf, instantsOf, occurrencesOf } from './calendar.ts'
import { addDetail } from './details.ts'
import { explainPair } from './pair-reasons.ts'
import { buildProblem, preferenceCost, shortageCost } from './problems.ts'
import { validateRound } from './validations.ts'

const berlin = { timeZone: 'Europe/Berlin' }
let domains = 0

/** A domain of its own, so that tests do not see each other's people. */
const domain = async (configuration = {}) => {
  domains++
  return await domainOf(ours, { name: `d${domains}`, displayName: `Domain ${domains}`, configuration })
}
const roundOf = async (domainId: string, fields: NewAssignment = {}) =>
  (
    await inTx(ours, tx =>
      createAssignment(tx, domainId, { assignmentDate: '2027-03-08', endsOn: '2027-03-14', seed: 1, ...fields }),
    )
  ).id
const build = (id: string) => buildProblem(db.scoped(ours), id, berlin)
const minutes = (moment: string) => Date.parse(moment) / 60_000

test('VS-11 a round is all that the engine needs: people, places, who can be where, wishes, limits, mixes, pins, pairs of people', async () => {
  const id = await domain({
    constraints: { max_assignments_per_participant: 2, max_hours_per_week: 20, min_rest_hours: 11 },
  })
  const anna = await person(ours, id, { name: 'Anna', skills: ['cooking'], maxAssignments: 1, maxMinutesPerWeek: 600 })
  const ben = await person(ours, id, { name: 'Ben', minAssignments: 1, minRestMinutes: 0 })
  await person(ours, id, { name: 'Gone', isActive: false })
  const kitchen = await target(ours, id, {
    name: 'Kitchen',
    requiredSkills: ['cooking'],
    weekday: 'monday',
    startsAt: '22:00',
    endsAt: '06:00',
    priority: 5,
    mayBeShort: true,
  })
  const garden = await target(ours, id, {
    name: 'Garden',
    maximumCount: 2,
    skillMix: [{ skill: 'cooking', minimum: 1 }],
  })
  await target(ours, id, { name: 'Later', onDate: '2027-03-15' })
  await inTx(ours, tx =>
    setPreferences(tx, anna.id, [
      { targetId: garden.id, weight: 2 },
      { targetId: kitchen.id, weight: -1 },
    ]),
  )
  await inTx(ours, tx => relate(tx, { participantIds: [anna.id, ben.id], kind: 'apart' }))
  const round = await roundOf(id)
  await db.scoped(ours).run(sql`
    insert into assignments.assignment_pins (assignment_id, participant_id, target_id)
    values (${round}, ${ben.id}, ${garden.id})`)

  const { problem, eligible, times } = await build(round)
  const week = { from: minutes('2027-03-07T23:00Z'), to: minutes('2027-03-14T23:00Z') }
  const of = <T extends { id: string }>(list: readonly T[], wanted: string) => list.find(each => each.id === wanted)
  assert.equal(problem.participants.length, 2)
  assert.deepEqual(of(problem.participants, anna.id), {
    id: anna.id,
    minimum: 0,
    maximum: 1,
    loadCosts: [0],
    minuteLimits: [{ ...week, maximum: 600 }],
    restMinutes: 660,
  })
  assert.deepEqual(of(problem.participants, ben.id), {
    id: ben.id,
    minimum: 1,
    maximum: 1,
    loadCosts: [0],
    minuteLimits: [{ ...week, maximum: 1_200 }],
    restMinutes: 0,
  })
  assert.deepEqual(problem.targets.map(each => each.id).sort(), [kitchen.id, garden.id].sort())
  const time = { startsAt: minutes('2027-03-08T21:00Z'), endsAt: minutes('2027-03-09T05:00Z') }
  assert.deepEqual(of(problem.targets, kitchen.id), {
    id: kitchen.id,
    minimum: 1,
    maximum: 1,
    shortageCost: 5 * shortageCost,
    extraValue: 0,
    occurrences: [time],
    mixes: [],
  })
  assert.deepEqual(times.get(kitchen.id), time)
  assert.deepEqual(of(problem.targets, garden.id)?.mixes, [
    { name: '1 × cooking', minimum: 1, participants: [anna.id] },
  ])
  const pairs = problem.pairs.map(({ participant, target, cost }) => [participant, target, cost]).sort()
  assert.deepEqual(
    pairs,
    [
      [anna.id, garden.id, 0],
      [anna.id, kitchen.id, 3 * preferenceCost],
      [ben.id, garden.id, 2 * preferenceCost],
    ].sort(),
  )
  assert.deepEqual(problem.pins, [{ participant: ben.id, target: garden.id }])
  assert.deepEqual(
    problem.relations.map(each => [each.kind, [...each.participants].sort()]),
    [['apart', [anna.id, ben.id].sort()]],
  )
  assert.deepEqual([eligible.get(anna.id), eligible.get(ben.id)], [2, 1])
  assert.deepEqual(await build(round), await build(round), 'the same twice')
  await assert.rejects(buildProblem(db.scoped(theirs), round, berlin), { code: 'assignments.assignment_not_found' })
})

test('VS-06 VS-11 who is free is asked by the clocks of the workspace, over midnight, with leave and nights more', async () => {
  const id = await domain()
  const night = await target(ours, id, { name: 'Night', weekday: 'monday', startsAt: '22:00', endsAt: '06:00' })
  const any = await target(ours, id, { name: 'Some time' })
  const always = await person(ours, id, { name: 'Always' })
  const evenings = await person(ours, id, { name: 'Evenings', availability: { monday: { '18:00': 'available' } } })
  const both = await person(ours, id, {
    name: 'Both',
    availability: { monday: { '18:00': 'available' }, tuesday: { '0:00': 'available', '6:00': 'unavailable' } },
  })
  const more = await person(ours, id, { name: 'More', availability: { monday: { '18:00': 'available' } } })
  await inTx(ours, tx =>
    addException(tx, more.id, { startsOn: '2027-03-09', startsAt: '00:00', endsAt: '06:00', isAvailable: true }),
  )
  const away = await person(ours, id, { name: 'Away' })
  await inTx(ours, tx => addException(tx, away.id, { startsOn: '2027-03-01', endsOn: '2027-03-20' }))
  const partly = await person(ours, id, { name: 'Partly' })
  await inTx(ours, tx => addException(tx, partly.id, { startsOn: '2027-03-09', startsAt: '05:00', endsAt: '07:00' }))

  const round = await roundOf(id)
  const { problem } = await build(round)
  const on = (targetId: string) =>
    problem.pairs
      .filter(pair => pair.target === targetId)
      .map(pair => pair.participant)
      .sort()
  assert.deepEqual(on(night.id), [always.id, both.id, more.id].sort())
  assert.deepEqual(
    on(any.id),
    [always.id, both.id, evenings.id, more.id, partly.id].sort(),
    'only who is away all week is not',
  )
  const reasons = await explainPair(db.scoped(ours), round, { participantId: partly.id, targetId: night.id }, berlin)
  assert.deepEqual(reasons, [
    {
      rule: 'availability_check',
      message: 'Partly is not free on 2027-03-08 from 22:00 to 06:00.',
      missing: { days: ['2027-03-08'] },
    },
  ])
})

test('VS-11 in the nights when clocks change a shift has the hours that it has', () => {
  const shift = { startsAt: '22:00', endsAt: '06:00' }
  const hours = (day: string) => {
    const { startsAt, endsAt } = instantsOf(day, shift, 'Europe/Berlin')
    return (endsAt - startsAt) / 60
  }
  assert.deepEqual([hours('2027-03-20'), hours('2027-03-27'), hours('2027-10-30')], [8, 7, 9])
  const skipped = instantsOf('2027-03-28', { startsAt: '02:30', endsAt: '03:15' }, 'Europe/Berlin')
  assert.ok(skipped.startsAt < skipped.endsAt, 'also where it begins in an hour that there is not')
  assert.deepEqual(daysOf('2027-03-27', '2027-03-29'), ['2027-03-27', '2027-03-28', '2027-03-29'])
  const week = daysOf('2027-03-22', '2027-04-04')
  const window = { weekday: 7, onDate: null, startsAt: null, endsAt: null }
  assert.deepEqual(occurrencesOf(window, week), ['2027-03-28', '2027-04-04'])
  assert.equal(occurrencesOf({ ...window, weekday: 1 }, ['2027-03-28']), undefined)
})

test('VS-11 a target on several days of a round is one place for all of them, and hours are limited in each week', async () => {
  const id = await domain({ constraints: { max_hours_per_week: 20, min_rest_hours: 11 } })
  const bins = await target(ours, id, { name: 'Bins', weekday: 'saturday', startsAt: '20:00', endsAt: '04:00' })
  const desk = await target(ours, id, { name: 'Desk', startsAt: '08:00', endsAt: '09:00' })
  const guard = await target(ours, id, { name: 'Guard', startsAt: '00:00', endsAt: '00:00' })
  const anna = await person(ours, id, { name: 'Anna' })
  const ben = await person(ours, id, { name: 'Ben', minRestMinutes: 0 })
  await inTx(ours, tx => addException(tx, ben.id, { startsOn: '2027-03-20', endsOn: '2027-03-20' }))
  const round = await roundOf(id, { assignmentDate: '2027-03-18', endsOn: '2027-04-04' })

  const { problem, notes, times } = await build(round)
  const occurrences = (of: { id: string }) => problem.targets.find(each => each.id === of.id)?.occurrences ?? []
  assert.deepEqual(
    occurrences(bins).map(({ startsAt, endsAt }) => [new Date(startsAt * 60_000).toISOString(), endsAt - startsAt]),
    [
      ['2027-03-20T19:00:00.000Z', 480],
      ['2027-03-27T19:00:00.000Z', 420],
      ['2027-04-03T18:00:00.000Z', 480],
    ],
    'in the night to the 28th of March clocks leave an hour out',
  )
  assert.deepEqual([occurrences(desk).length, times.get(desk.id)], [18, occurrences(desk)[0]])
  assert.deepEqual(
    problem.participants
      .find(each => each.id === anna.id)
      ?.minuteLimits?.map(({ from, to, maximum }) => [
        new Date(from * 60_000).toISOString(),
        (to - from) / 60,
        maximum,
      ]),
    [
      ['2027-03-14T23:00:00.000Z', 168, 1_200],
      ['2027-03-21T23:00:00.000Z', 167, 1_200],
      ['2027-03-28T22:00:00.000Z', 168, 1_200],
    ],
  )
  assert.match(notes.join(), /On several days of the round: (Bins|Desk|Guard), .* is on it each time/)
  const can = problem.pairs.map(pair => [pair.participant, pair.target].join()).sort()
  assert.deepEqual(can, [bins.id, desk.id].map(each => [anna.id, each].join()).sort(), 'Ben is away on one of the days')
  const pair = { participantId: anna.id, targetId: guard.id }
  assert.deepEqual(
    (await explainPair(db.scoped(ours), round, pair, berlin)).map(each => each.message),
    ['Guard leaves Anna less than 11 h of rest between two of its days.'],
  )
})

test('VS-11 hours and rest go from one published round to the next: nobody works a week twice', async () => {
  const id = await domain({ constraints: { max_hours_per_week: 20, min_rest_hours: 11 } })
  const early = await target(ours, id, { name: 'Early', startsAt: '06:00', endsAt: '14:00' })
  const late = await target(ours, id, { name: 'Late', startsAt: '14:00', endsAt: '22:00' })
  const anna = await person(ours, id, { name: 'Anna' })
  const day = (assignmentDate: string) => roundOf(id, { assignmentDate, endsOn: undefined })
  const [tuesday, wednesday] = [await day('2027-03-09'), await day('2027-03-10')]
  await inTx(ours, tx => addDetail(tx, tuesday, { participantId: anna.id, targetId: late.id }))
  const see = async () => {
    const { problem } = await build(wednesday)
    return [problem.pairs.map(pair => pair.target).sort(), problem.participants[0]?.minuteLimits?.[0]?.maximum]
  }
  const [both, free] = [[early.id, late.id].sort(), 1_200]
  assert.deepEqual(await see(), [both, free], 'nobody works by a draft')
  const publish = (published: string | null, status = 'active') =>
    admin.query('update assignments.assignments set published_at = $2, status = $3 where id = $1', [
      tuesday,
      published,
      status,
    ])
  await publish('2027-03-01T12:00:00Z')
  assert.deepEqual(await see(), [[late.id], 1_200 - 480])
  const pair = { participantId: anna.id, targetId: early.id }
  assert.deepEqual(await explainPair(db.scoped(ours), wednesday, pair, berlin), [
    {
      rule: 'availability_check',
      message: 'Anna is on Late of 2027-03-09 in another round, which overlaps or leaves less than 11 h of rest.',
      missing: { days: ['2027-03-09'] },
    },
  ])
  const faults = await validateRound(db.scoped(ours), wednesday, berlin)
  assert.deepEqual(
    faults.filter(fault => fault.targetId === early.id).map(fault => fault.message),
    ['Early needs 1, and 0 are free then.'],
  )
  await inTx(ours, tx => setPin(tx, wednesday, anna.id, early.id))
  await assert.rejects(build(wednesday), { code: 'assignments.pin_impossible' })
  await db.scoped(ours).run(sql`delete from assignments.assignment_pins where assignment_id = ${wednesday}`)
  await publish('2027-03-01T12:00:00Z', 'cancelled')
  assert.deepEqual(await see(), [both, free], 'nor by a round that was called off')
  await assert.rejects(validateRound(db.scoped(theirs), wednesday, berlin), {
    code: 'assignments.assignment_not_found',
  })
})

const setPin = (tx: Queryable, round: string, participant: string, of: string) =>
  tx.run(sql`
    insert into assignments.assignment_pins (assignment_id, participant_id, target_id)
    values (${round}, ${participant}, ${of})`)

test('VS-06 of two exceptions the one that says away holds, whichever was written first', () => {
  const away = { startsOn: '2027-03-08', endsOn: '2027-03-08', startsAt: '10:00', endsAt: '12:00', isAvailable: false }
  const there = { ...away, startsAt: '08:00', endsAt: '18:00', isAvailable: true }
  for (const exceptions of [
    [away, there],
    [there, away],
  ]) {
    assert.deepEqual(new Availability({ sunday: {} }, exceptions).on('2027-03-08'), [
      { startsAt: 480, endsAt: 600 },
      { startsAt: 720, endsAt: 1_080 },
    ])
  }
})

test('VS-11 for each pair that cannot be it is said what is missing, by rule', async () => {
  const id = await domain()
  const bus = await target(ours, id, {
    name: 'Bus',
    requiredSkills: ['driving'],
    anySkills: ['first aid', 'nursing'],
    skillLevels: { driving: 3 },
    weekday: 'sunday',
  })
  const never = await target(ours, id, { name: 'Never', onDate: '2030-01-01' })
  const carl = await person(ours, id, {
    name: 'Carl',
    skillLevels: { driving: 2 },
    availability: { monday: { '0:00': true } },
    maxAssignments: 0,
  })
  await inTx(ours, tx => setPreferences(tx, carl.id, [{ targetId: bus.id, isExcluded: true }]))
  const round = await roundOf(id)
  const why = (targetId: string) => explainPair(db.scoped(ours), round, { participantId: carl.id, targetId }, berlin)
  assert.deepEqual(
    (await why(bus.id)).map(({ rule, message, missing }) => [rule, message, missing]),
    [
      ['capacity_check', 'Carl takes no assignment in this round.', { assignments: 1 }],
      ['capacity_check', 'Carl must never be on Bus.', { exclusion: bus.id }],
      ['skill_matching', 'Carl lacks driving at level 3.', { skills: ['driving'] }],
      ['skill_matching', 'Carl has none of first aid, nursing.', { anySkills: ['first aid', 'nursing'] }],
      ['availability_check', 'Carl is not free on 2027-03-14.', { days: ['2027-03-14'] }],
    ],
  )
  assert.match((await why(never.id))[0]?.message ?? '', /on none of the days of the round, 2027-03-08 to 2027-03-14/)
  await assert.rejects(explainPair(db.scoped(theirs), round, { participantId: carl.id, targetId: bus.id }, berlin), {
    code: 'assignments.assignment_not_found',
  })
})

test('VS-11 before anything is planned it is said how many people a round lacks, and for what', async () => {
  const id = await domain()
  await person(ours, id, {
    name: 'One',
    skills: ['nursing'],
    availability: { monday: { '0:00': 'available' } },
    maxAssignments: 1,
  })
  await person(ours, id, { name: 'Two', maxAssignments: 1 })
  const ward = await target(ours, id, {
    name: 'Ward',
    requiredCount: 2,
    requiredSkills: ['nursing'],
    weekday: 'sunday',
  })
  const door = await target(ours, id, { name: 'Door', skillMix: [{ skill: 'first aid', minimum: 1 }] })
  const round = await roundOf(id)
  assert.deepEqual(await validateRound(db.scoped(ours), round, berlin), [
    {
      rule: 'capacity_check',
      message: 'The round has 3 places to fill, and its people take 2 together.',
      missing: 1,
    },
    { rule: 'availability_check', targetId: ward.id, message: 'Ward needs 2, and 1 is free then.', missing: 1 },
    {
      rule: 'skill_matching',
      targetId: ward.id,
      message: 'Ward needs 2, and 1 has the skills for it.',
      missing: 1,
    },
    {
      rule: 'skill_matching',
      targetId: door.id,
      message: 'Door needs 1 × first aid, and 0 of those who can be there have it.',
      missing: 1,
    },
  ])
  await assert.rejects(validateRound(db.scoped(theirs), round, berlin), { code: 'assignments.assignment_not_found' })
})

test('VS-11 a round is told of the faults that its domain’s validation rules look for, and of no others', async () => {
  const id = await domain({ validation_rules: ['skill_matching'] })
  await person(ours, id, { name: 'Anna', availability: { monday: {} } })
  await target(ours, id, {
    name: 'Ward',
    requiredSkills: ['nursing'],
    startsAt: '08:00',
    endsAt: '12:00',
    requiredCount: 2,
  })
  const rulesOf = async (round: string) => (await validateRound(db.scoped(ours), round, berlin)).map(({ rule }) => rule)
  assert.deepEqual(await rulesOf(await roundOf(id)), ['skill_matching'])
  const all = await roundOf(id, {
    configuration: { validation_rules: ['capacity_check', 'availability_check', 'skill_matching'] },
  })
  assert.deepEqual((await rulesOf(all)).toSorted(), ['availability_check', 'capacity_check', 'skill_matching'])
})

test('VS-11 a pin that cannot be is refused with the reason, and never planned', async () => {
  const id = await domain()
  const dora = await person(ours, id, { name: 'Dora' })
  const kitchen = await target(ours, id, { name: 'Kitchen', requiredSkills: ['cooking'] })
  const round = await roundOf(id)
  await db.scoped(ours).run(sql`
    insert into assignments.assignment_pins (assignment_id, participant_id, target_id)
    values (${round}, ${dora.id}, ${kitchen.id})`)
  await assert.rejects(build(round), {
    code: 'assignments.pin_impossible',
    message: 'Dora is pinned on Kitchen, which cannot be: Dora lacks cooking.',
  })
})

test('VS-06 the time zone is the workspace’s, and UTC where it has none', async () => {
  const app = { db } as unknown as App
  assert.equal(await getTimezone(app, ours.tenantId), 'UTC')
  await admin.query(`update tenancy.tenants set settings = '{"timezone": "Europe/Berlin"}' where id = $1`, [
    ours.tenantId,
  ])
  assert.deepEqual(
    [await getTimezone(app, ours.tenantId), await getTimezone(app, theirs.tenantId)],
    ['Europe/Berlin', 'UTC'],
  )
})

test('VS-11 a rule that a module adds is one of those that a round is held against, unless others are named', async () => {
  const id = await domain()
  const desk = await target(ours, id, { name: 'Desk' })
  const anna = await person(ours, id, { name: 'Anna' })
  const [all, named] = [
    await roundOf(id),
    await roundOf(id, { configuration: { validation_rules: ['capacity_check'] } }),
  ]
  assert.deepEqual(await validateRound(db.scoped(ours), all, berlin), [])
  validationRules.add({
    name: 'two_by_two',
    describe: 'Nobody is anywhere alone.',
    check: ({ problem }) =>
      problem.targets
        .filter(({ minimum }) => minimum < 2)
        .map(each => ({
          rule: 'two_by_two',
          target: each.id,
          participant: problem.pairs[0]?.participant,
          missing: [],
        })),
    say: ({ target: of = '', participant = '' }, nameOf) => `${nameOf(participant)} would be alone on ${nameOf(of)}.`,
  })
  assert.deepEqual(await validateRound(db.scoped(ours), all, berlin), [
    {
      ...{ rule: 'two_by_two', targetId: desk.id, participantId: anna.id },
      ...{ message: 'Anna would be alone on Desk.', missing: 0 },
    },
  ])
  assert.deepEqual(await validateRound(db.scoped(ours), named, berlin), [])
  const lost = await roundOf(id, { configuration: { validation_rules: ['capacity_check', 'three_by_three'] } })
  const [unknown, ...others] = await validateRound(db.scoped(ours), lost, berlin)
  assert.match(unknown?.message ?? '', /^There is no rule three_by_three, so it is not looked at/)
  assert.deepEqual(others, [])
})

test('VS-04 VS-11 a rule that a module adds gets the parameters of the domain, which fit its schema when they are stored', async () => {
  validationRules.add(
    ruleWithParameters({
      name: 'most_places',
      describe: 'Nothing is too large.',
      parameters: Type.Object({
        most: Type.Integer({ minimum: 1, default: 5 }),
        word: Type.String({ default: 'people' }),
      }),
      check: ({ problem }, { most, word }) =>
        problem.targets
          .filter(({ minimum }) => minimum > most)
          .map(({ id, minimum }) => ({
            ...{ rule: 'most_places', target: id, needed: minimum, available: most, missing: [word] },
          })),
      say: ({ target: of = '', needed, available, missing }, nameOf) =>
        `${nameOf(of)} is for ${needed} ${missing[0]}; ${available} are the most.`,
    }),
  )
  const id = await domain({ validation_rules: ['skill_matching'] })
  await target(ours, id, { name: 'Kitchen', requiredCount: 3 })
  const round = await roundOf(id, { configuration: { validation_rules: ['skill_matching'] } })
  const told = async () =>
    (await validateRound(db.scoped(ours), round, berlin)).map(({ rule, message }) => [rule, message])
  const store = (...businessRules: NonNullable<DomainFields['businessRules']>) =>
    inTx(ours, tx => updateDomain(tx, id, { businessRules }))
  const most_places = (parameters: Record<string, number | string | boolean>, isActive = true) => ({
    ...{ name: 'most_places', parameters, isActive },
  })
  assert.deepEqual(await told(), [], 'the round does not name it, nor has the domain it')
  await store(most_places({ most: 2, word: 'cooks' }), most_places({ most: 1 }))
  assert.deepEqual(await told(), [
    ['most_places', 'Kitchen is for 3 cooks; 2 are the most.'],
    ['most_places', 'Kitchen is for 3 people; 1 are the most.'],
  ])
  await store(most_places({ most: 1 }, false), { name: 'no_double_weekend', parameters: { any: 'thing' } })
  assert.deepEqual(await told(), [], 'switched off; and what no rule is called is kept')
  await store(most_places({}))
  assert.deepEqual(await told(), [], 'the default')

  const refused = async (reason: RegExp, ...businessRules: Parameters<typeof store>) => {
    await assert.rejects(store(...businessRules), { code: 'assignments.rule_parameters', message: reason })
    const fields = { name: 'refused', displayName: 'Refused', businessRules }
    await assert.rejects(
      inTx(ours, tx => createDomain(tx, fields)),
      { code: 'assignments.rule_parameters' },
    )
  }
  await refused(/most_places do not fit: most must be >= 1/, most_places({ most: 0 }))
  await refused(/most_places do not fit: most must be integer/, most_places({ most: 'two' }))
  await refused(/it takes most, word, and there is least/, most_places({ least: 1 }))
  await refused(/skill_matching do not fit: it takes none, and there is strict/, {
    ...{ name: 'skill_matching', parameters: { strict: true } },
  })
  await admin.query(
    `update assignments.domains set business_rules = '[{"name": "most_places", "parameters": {"most": 0}}]' where id = $1`,
    [id],
  )
  const [[rule, message] = []] = await told()
  assert.equal(rule, 'most_places')
  assert.match(message ?? '', /so it is not looked at: most must be >= 1. Change them in the domain/)
})
