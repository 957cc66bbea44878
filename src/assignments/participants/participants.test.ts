import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import {
  admin,
  chores,
  db,
  domainOf,
  inTx,
  makeMember,
  ours,
  person,
  planOf,
  shifts,
  target,
  theirs,
} from '../assignments.test.world.ts'
import { minuteOf, normaliseAvailability, stretchesOf, timeOf, weekdays } from './availability.ts'
import { addException, listExceptions, removeException } from './exceptions.ts'
import { type ParticipantFilters, participantConditions } from './filters.ts'
import {
  deleteParticipant,
  eraseParticipant,
  getParticipant,
  listParticipants,
  updateParticipant,
} from './participants.ts'
import { listPreferences, setPreference, setPreferences } from './preferences.ts'
import { listRelations, relate, unrelate } from './relations.ts'

const namesOf = async (scope: typeof ours, filters: ParticipantFilters) =>
  (await listParticipants(db.scoped(scope), { limit: 100, ...filters })).items.map(each => each.name)

test('VS-06 AG-01 a participant is entered, changed and deleted in one tenant, and nobody else sees him', async () => {
  const anna = await person(ours, chores, {
    name: ' Anna ',
    email: 'anna@house.example',
    skills: ['Cooking', 'first  AID', 'cooking'],
    skillLevels: { 'First Aid': 3 },
    availability: { Monday: { '09:00': 'available', '17': false }, preferences: { morning_shift: true } },
    metadata: { room: 12 },
  })
  assert.equal(anna.name, 'Anna')
  assert.deepEqual(anna.skills, ['cooking', 'first aid'])
  assert.deepEqual(anna.skillLevels, { 'first aid': 3 })
  assert.deepEqual(anna.availability, {
    monday: { '9:00': 'available', '17:00': 'unavailable' },
    preferences: { morning_shift: true },
  })

  await assert.rejects(getParticipant(db.scoped(theirs), anna.id), { code: 'assignments.participant_not_found' })
  await assert.rejects(
    inTx(theirs, tx => updateParticipant(tx, anna.id, { name: 'Taken' })),
    { code: 'assignments.participant_not_found' },
  )
  await assert.rejects(deleteParticipant(db.scoped(theirs), anna.id), { code: 'assignments.participant_not_found' })
  await assert.rejects(person(theirs, chores, { name: 'In a domain of others' }), {
    code: 'assignments.domain_not_found',
  })
  assert.deepEqual(await namesOf(theirs, {}), [])
  assert.deepEqual(await namesOf(ours, {}), ['Anna'], 'control: she is there')

  const changed = await inTx(ours, tx => updateParticipant(tx, anna.id, { skills: ['Cooking'], maxAssignments: 2 }))
  assert.deepEqual([changed.skills, changed.skillLevels, changed.maxAssignments], [['cooking'], {}, 2])
  await assert.rejects(
    inTx(ours, tx => updateParticipant(tx, anna.id, { minAssignments: 3 })),
    { code: 'assignments.participant_limits' },
  )
  const renamed = await inTx(ours, tx =>
    updateParticipant(tx, anna.id, { name: 'Anne', phone: '112', isActive: false }),
  )
  assert.deepEqual([renamed.name, renamed.phone, renamed.isActive], ['Anne', '112', false])
  assert.deepEqual([renamed.email, renamed.metadata], [anna.email, anna.metadata], 'what nobody spoke of stays')
  await deleteParticipant(db.scoped(ours), anna.id)
  assert.deepEqual(await namesOf(ours, {}), [])
})

test('VS-06 one reference and one account are one participant of a domain, and free in another tenant', async () => {
  const fields = { name: 'Ben', reference: 'B-1', userId: ours.userId }
  const ben = await person(ours, chores, fields)
  await assert.rejects(person(ours, chores, { name: 'B', reference: 'B-1' }), {
    code: 'assignments.participant_reference_taken',
  })
  await assert.rejects(person(ours, chores, { name: 'B', userId: ours.userId }), {
    code: 'assignments.participant_user_taken',
  })
  await person(theirs, shifts, { name: 'B', reference: 'B-1' })
  await deleteParticipant(db.scoped(ours), ben.id)
})

test('VS-06 the document’s availability is read, and what is none is refused with its place', () => {
  assert.deepEqual(normaliseAvailability({}), {})
  assert.deepEqual(
    stretchesOf(
      normaliseAvailability({ monday: { '9:00': 'available', '17:00': 'unavailable', '20:30': 'available' } }),
    ),
    [
      { weekday: 1, startsAt: 540, endsAt: 1020 },
      { weekday: 1, startsAt: 1230, endsAt: 1440 },
    ],
  )
  assert.equal(stretchesOf({}).length, 7, 'who says nothing is always free')
  assert.deepEqual(stretchesOf({ sunday: {} }), [], 'who names a day without a time is not free')
  for (const [given, place] of [
    [{ someday: {} }, 'someday'],
    [{ monday: { '25:00': 'available' } }, 'monday 25:00'],
    [{ monday: { '9:00': 'perhaps' } }, 'monday 9:00'],
    [{ monday: { '9:00': 'available', '09:00': 'unavailable' } }, 'monday 9:00'],
    [{ monday: {}, Monday: {} }, 'Monday'],
  ] as const) {
    assert.throws(
      () => normaliseAvailability(given as never),
      (error: DomainError) => error.code === 'assignments.availability_unread' && error.details.place === place,
    )
  }
})

test('VS-06 the hours that the database keeps are those that the program reads, whatever the availability', async () => {
  const { id } = await person(ours, chores, { name: 'Hours' })
  const day = fc.dictionary(
    fc.integer({ min: 0, max: 1_439 }).map(timeOf),
    fc.constantFrom('available', 'unavailable'),
    {
      maxKeys: 6,
    },
  )
  const availability = fc.dictionary(fc.constantFrom(...weekdays), day, { maxKeys: 7 })
  await fc.assert(
    fc.asyncProperty(availability, async given => {
      await inTx(ours, tx => updateParticipant(tx, id, { availability: given }))
      const { rows } = await admin.query(
        `select weekday, starts_at as "startsAt", ends_at as "endsAt" from assignments.participant_hours
         where participant_id = $1 order by weekday, starts_at`,
        [id],
      )
      assert.deepEqual(rows, stretchesOf(normaliseAvailability(given)))
    }),
    { numRuns: 60 },
  )
  assert.equal(minuteOf('24:00'), undefined)
  await deleteParticipant(db.scoped(ours), id)
})

test('VS-12 AG-01 who has a skill, all of several, is free at a time, fits a target: each is found in his tenant alone', async () => {
  await person(ours, chores, {
    name: 'Cem',
    skills: ['cleaning', 'organizing'],
    availability: { monday: { '9:00': 'available', '12:00': 'unavailable' } },
  })
  const dora = await person(ours, chores, { name: 'Dora', skills: ['cleaning'], skillLevels: { driving: 2 } })
  await person(theirs, shifts, { name: 'Elif', skills: ['cleaning', 'organizing', 'driving'] })

  assert.deepEqual(await namesOf(ours, { skill: ['Cleaning'] }), ['Cem', 'Dora'])
  assert.deepEqual(await namesOf(ours, { skill: ['cleaning', 'organizing'] }), ['Cem'])
  assert.deepEqual(await namesOf(ours, { anySkill: ['organizing', 'driving'] }), ['Cem', 'Dora'])
  assert.deepEqual(await namesOf(ours, { weekday: 'monday', time: '11:59' }), ['Cem', 'Dora'])
  assert.deepEqual(await namesOf(ours, { weekday: 'monday', time: '12:00' }), ['Dora'])
  assert.deepEqual(await namesOf(ours, { weekday: 'tuesday' }), ['Dora'])
  assert.deepEqual(await namesOf(ours, { q: 'OR' }), ['Dora'])
  assert.deepEqual(await namesOf(theirs, { skill: ['cleaning'] }), ['Elif'], 'control: the other tenant has its own')

  const bus = await target(ours, chores, { name: 'Bus', requiredSkills: ['cleaning'], skillLevels: { driving: 2 } })
  assert.deepEqual(await namesOf(ours, { targetId: bus.id }), ['Dora'])
  await inTx(ours, tx => setPreferences(tx, dora.id, [{ targetId: bus.id, isExcluded: true }]))
  assert.deepEqual(await namesOf(ours, { targetId: bus.id }), [])
  await assert.rejects(namesOf(theirs, { targetId: bus.id }), { code: 'assignments.target_not_found' })

  const page = await listParticipants(db.scoped(ours), { limit: 1, skill: ['cleaning'] })
  assert.equal(page.total, 2)
  const next = await listParticipants(db.scoped(ours), { limit: 1, skill: ['cleaning'], cursor: page.nextCursor! })
  assert.deepEqual(
    [...page.items, ...next.items].map(each => each.name),
    ['Cem', 'Dora'],
  )
  await assert.rejects(listParticipants(db.scoped(ours), { limit: 1, cursor: page.nextCursor! }), {
    code: 'http.cursor_invalid',
  })
})

test('VS-12 each of these questions goes through an index of the tenant where there are thousands of rows', async () => {
  await admin.query(
    `insert into assignments.participants (tenant_id, domain_id, name, skills, availability)
     select $1, $2, 'Person ' || n, jsonb_build_array('skill ' || n % 500, 'skill ' || n % 499),
       jsonb_build_object('monday', jsonb_build_object((n % 24) || ':00', 'available', '23:59', 'unavailable'))
     from generate_series(1, 5000) as n`,
    [theirs.tenantId, shifts],
  )
  await admin.query('analyze assignments.participants, assignments.participant_skills, assignments.participant_hours')
  const planFor = async (filters: ParticipantFilters) =>
    await planOf(
      theirs,
      sql`
      select id from assignments.participants as participant
      where ${await participantConditions(db.scoped(theirs), filters)} and is_active`,
    )
  const skill = /Index (Only )?Scan.*participant_skills_(skill_idx|pkey)[\s\S]*Index Cond: .*skill = /
  assert.match(await planFor({ skill: ['skill 7'] }), skill)
  assert.match(await planFor({ skill: ['skill 7', 'skill 8'] }), skill)
  assert.match(
    await planFor({ weekday: 'monday', time: '0:30' }),
    /participant_hours_time_idx[\s\S]*Index Cond: .*weekday = .*starts_at <= .*ends_at > /,
  )
  const demanding = await target(theirs, shifts, { name: 'Demanding', requiredSkills: ['skill 1', 'skill 2'] })
  assert.match(await planFor({ targetId: demanding.id }), skill)
  assert.doesNotMatch(await planFor({ skill: ['skill 7'] }), /Seq Scan on participant_skills/)
})

test('VS-06 AG-01 days away and days more are kept by participant, and found by dates', async () => {
  const fred = await person(ours, chores, { name: 'Fred' })
  const leave = await inTx(ours, tx =>
    addException(tx, fred.id, { startsOn: '2027-03-01', endsOn: '2027-03-05', note: 'Leave' }),
  )
  await inTx(ours, tx =>
    addException(tx, fred.id, { startsOn: '2027-04-01', startsAt: '18:00', endsAt: '22:00', isAvailable: true }),
  )
  const found = async (from: string, to: string) =>
    (await listExceptions(db.scoped(ours), fred.id, { limit: 10, from, to })).items.map(each => [
      each.startsOn,
      each.startsAt,
    ])
  assert.deepEqual(await found('2027-03-05', '2027-03-31'), [['2027-03-01', null]])
  assert.deepEqual(await found('2027-03-06', '2027-04-01'), [['2027-04-01', '18:00']])
  await assert.rejects(
    inTx(ours, tx => addException(tx, fred.id, { startsOn: '2027-03-02', endsOn: '2027-03-01' })),
    { code: 'assignments.exception_order' },
  )
  await assert.rejects(
    inTx(ours, tx => addException(tx, fred.id, { startsOn: '2027-03-02', startsAt: '10:00' })),
    { code: 'assignments.exception_times' },
  )
  await assert.rejects(listExceptions(db.scoped(theirs), fred.id, { limit: 1 }), {
    code: 'assignments.participant_not_found',
  })
  await assert.rejects(removeException(db.scoped(theirs), fred.id, leave.id), {
    code: 'assignments.participant_not_found',
  })
  await removeException(db.scoped(ours), fred.id, leave.id)
  assert.deepEqual(await found('2027-03-01', '2027-03-05'), [])
})

test('VS-06 AG-01 preferences are of targets of the own domain, and take the place of those before', async () => {
  const gina = await person(ours, chores, { name: 'Gina' })
  const kitchen = await target(ours, chores, { name: 'Kitchen' })
  const garden = await target(ours, chores, { name: 'Garden' })
  const ward = await target(theirs, shifts, { name: 'Ward' })
  await inTx(ours, tx => setPreferences(tx, gina.id, [{ targetId: kitchen.id, weight: 2 }]))
  const set = await inTx(ours, tx => setPreferences(tx, gina.id, [{ targetId: garden.id, weight: -1 }]))
  assert.deepEqual(set, [{ targetId: garden.id, weight: -1, isExcluded: false, targetName: 'Garden' }])
  const stage = await target(ours, await domainOf(ours, { name: 'theatre', displayName: 'Theatre' }), { name: 'Stage' })
  for (const { id } of [ward, stage]) {
    await assert.rejects(
      inTx(ours, tx => setPreferences(tx, gina.id, [{ targetId: id }])),
      { code: 'assignments.preference_targets_unknown' },
    )
  }
  await assert.rejects(
    inTx(ours, tx => setPreferences(tx, gina.id, [{ targetId: garden.id }, { targetId: garden.id }])),
    { code: 'assignments.preference_twice' },
  )
  await assert.rejects(listPreferences(db.scoped(theirs), gina.id), { code: 'assignments.participant_not_found' })
  await assert.rejects(
    inTx(theirs, tx => setPreferences(tx, gina.id, [])),
    { code: 'assignments.participant_not_found' },
  )
  assert.equal((await listPreferences(db.scoped(ours), gina.id)).length, 1, 'control: hers is still there')
})

test('VS-06 AG-01 one wish is said and taken back by itself, and the others stay', async () => {
  const anna = await person(ours, chores, { name: 'Anna of one wish' })
  const [bath, attic] = [
    await target(ours, chores, { name: 'Bath of wishes' }),
    await target(ours, chores, { name: 'Attic of wishes' }),
  ]
  const elsewhere = await target(theirs, shifts, { name: 'Ward of wishes' })
  await inTx(ours, tx => setPreferences(tx, anna.id, [{ targetId: bath.id, weight: 2 }]))
  await inTx(ours, tx => setPreference(tx, anna.id, attic.id, { isExcluded: true }))
  await inTx(ours, tx => setPreference(tx, anna.id, attic.id, { weight: -1 }))
  const wishes = async () =>
    (await listPreferences(db.scoped(ours), anna.id)).map(({ targetName, weight, isExcluded }) => [
      targetName,
      weight,
      isExcluded,
    ])
  assert.deepEqual(await wishes(), [
    ['Attic of wishes', -1, false],
    ['Bath of wishes', 2, false],
  ])
  await assert.rejects(
    inTx(ours, tx => setPreference(tx, anna.id, elsewhere.id, { weight: 1 })),
    { code: 'assignments.preference_targets_unknown' },
  )
  await assert.rejects(
    inTx(theirs, tx => setPreference(tx, anna.id, bath.id, { weight: 0 })),
    { code: 'assignments.participant_not_found' },
  )
  await inTx(ours, tx => setPreference(tx, anna.id, attic.id, { weight: 0 }))
  assert.deepEqual(await wishes(), [['Bath of wishes', 2, false]], 'control: what the others wanted to take is there')
})

test('AG-01 two people are together or apart once, in one domain, and nobody else sees or ends it', async () => {
  const [one, other] = [await person(ours, chores, { name: 'Ida' }), await person(ours, chores, { name: 'Jan' })]
  const far = await person(theirs, shifts, { name: 'Far' })
  const relation = await inTx(ours, tx => relate(tx, { participantIds: [other.id, one.id], kind: 'apart' }))
  assert.deepEqual(relation.participants.map(each => each.name).sort(), ['Ida', 'Jan'])
  const again = (ids: string[]) => inTx(ours, tx => relate(tx, { participantIds: ids, kind: 'together' }))
  await assert.rejects(again([one.id, other.id]), { code: 'assignments.relation_taken' })
  await assert.rejects(again([one.id, one.id]), { code: 'assignments.relation_of_one' })
  await assert.rejects(
    db.scoped(ours).run(sql`
      insert into assignments.participant_relations (participant_id, other_participant_id, kind)
      values (${one.id}, ${one.id}, 'apart')`),
    { constraint: 'participant_relations_two' },
  )
  // A workspace that was brought along has new ids, and pairs in either order.
  for (const [first, second] of [
    [one.id, other.id],
    [other.id, one.id],
  ]) {
    await assert.rejects(
      db.scoped(ours).run(sql`
        insert into assignments.participant_relations (participant_id, other_participant_id, kind)
        values (${first}, ${second}, 'together')`),
      { code: '23505' },
    )
  }
  await assert.rejects(again([one.id, far.id]), { code: 'assignments.participant_not_found' })
  assert.deepEqual((await listRelations(db.scoped(theirs), { limit: 10 })).items, [])
  await assert.rejects(unrelate(db.scoped(theirs), relation.id), { code: 'assignments.relation_not_found' })
  assert.equal((await listRelations(db.scoped(ours), { limit: 10, participantId: one.id })).items.length, 1)
  await unrelate(db.scoped(ours), relation.id)
})

test('GG-16 VS-06 what names a person goes with his account or when he asks, and the log has none of it', async () => {
  const kai = await makeMember('kai', ours.tenantId)
  const contact = {
    name: 'Kai Secret',
    email: 'kai@secret.example',
    phone: '+49 171 5550',
    metadata: { room: 'Secret' },
  }
  const linked = await person(ours, chores, { ...contact, userId: kai.userId, skills: ['cooking'] })
  const unlinked = await person(ours, chores, contact)
  await inTx(ours, tx => addException(tx, linked.id, { startsOn: '2027-01-01', note: 'Secret illness' }))
  await inTx(ours, tx => eraseParticipant(tx, unlinked.id))
  await admin.query('delete from identity.users where id = $1', [kai.userId])
  for (const { id } of [linked, unlinked]) {
    const left = await getParticipant(db.scoped(ours), id)
    assert.deepEqual(
      [left.name, left.email, left.phone, left.metadata, left.userId, left.isActive],
      ['Erased person', null, null, {}, null, false],
    )
    const { rows } = await admin.query(
      'select changes::text || details::text as text from audit.audit_logs where resource_id = $1',
      [id],
    )
    assert.ok(rows.length >= 2, 'control: the changes are in the log')
    for (const { text } of rows) assert.doesNotMatch(text, /Secret|secret|\+49/)
  }
  assert.deepEqual((await listExceptions(db.scoped(ours), linked.id, { limit: 10 })).items, [])
})
