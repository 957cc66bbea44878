import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import {
  admin,
  chores,
  db,
  domainOf,
  inTx,
  ours,
  person,
  planOf,
  shifts,
  target,
  theirs,
} from '../assignments.test.world.ts'
import { setPreferences } from '../participants/preferences.ts'
import { type TargetFilters, targetConditions } from './filters.ts'
import { deleteTarget, getTarget, listTargets, updateTarget } from './targets.ts'

const namesOf = async (scope: typeof ours, filters: TargetFilters) =>
  (await listTargets(db.scoped(scope), { limit: 100, ...filters })).items.map(each => each.name)

test('VS-07 AG-01 a target is entered, changed and deleted in one tenant, and nobody else sees it', async () => {
  const kitchen = await target(ours, chores, {
    name: 'Kitchen',
    requiredCount: 2,
    maximumCount: 3,
    requiredSkills: ['Cooking'],
    skillMix: [{ skill: 'First Aid', minimum: 1 }],
    weekday: 'monday',
    startsAt: '22:00',
    endsAt: '06:00',
    constraints: { quiet: true },
  })
  assert.deepEqual(
    [kitchen.weekday, kitchen.startsAt, kitchen.endsAt, kitchen.requiredSkills, kitchen.skillMix, kitchen.priority],
    ['monday', '22:00', '06:00', ['cooking'], [{ skill: 'first aid', minimum: 1 }], 3],
  )
  await assert.rejects(getTarget(db.scoped(theirs), kitchen.id), { code: 'assignments.target_not_found' })
  await assert.rejects(
    inTx(theirs, tx => updateTarget(tx, kitchen.id, { name: 'Taken' })),
    { code: 'assignments.target_not_found' },
  )
  await assert.rejects(deleteTarget(db.scoped(theirs), kitchen.id), { code: 'assignments.target_not_found' })
  assert.deepEqual(await namesOf(theirs, {}), [])
  assert.deepEqual(await namesOf(ours, {}), ['Kitchen'], 'control: it is there')
  const changed = await inTx(ours, tx => updateTarget(tx, kitchen.id, { weekday: null, onDate: '2027-05-01' }))
  assert.deepEqual([changed.weekday, changed.onDate, changed.startsAt], [null, '2027-05-01', '22:00'])
  await deleteTarget(db.scoped(ours), kitchen.id)
  assert.deepEqual(await namesOf(ours, {}), [])
})

test('VS-07 what no target can be is refused: no place, more needed than there is room, half a time', async () => {
  const refused = (fields: object, code: string) =>
    assert.rejects(target(ours, chores, { name: 'Odd', ...fields }), { code })
  await refused({ requiredCount: 3, maximumCount: 2 }, 'assignments.target_counts')
  await refused({ startsAt: '08:00' }, 'assignments.target_window')
  await refused({ weekday: 'monday', onDate: '2027-05-01' }, 'assignments.target_window')
  await assert.rejects(
    admin.query(
      `insert into assignments.assignment_targets (tenant_id, domain_id, name, required_count) values ($1, $2, 'None', 0)`,
      [ours.tenantId, chores],
    ),
    { constraint: 'assignment_targets_required_count_positive' },
  )
})

test('VS-12 AG-01 the targets that somebody fits are those whose skills he has, at their levels', async () => {
  const anna = await person(ours, chores, { name: 'Anna', skills: ['cooking'], skillLevels: { driving: 2 } })
  await target(ours, chores, { name: 'Any', anySkills: ['cooking', 'sewing'] })
  await target(ours, chores, { name: 'Bus', skillLevels: { driving: 2 } })
  await target(ours, chores, { name: 'Coach', requiredSkills: ['driving'], skillLevels: { driving: 3 } })
  const desk = await target(ours, chores, { name: 'Desk' })
  await target(ours, chores, { name: 'Embroidery', requiredSkills: ['cooking', 'sewing'] })
  await target(ours, chores, { name: 'Feast', onDate: '2027-06-01', requiredSkills: ['cooking'] })
  await target(ours, await domainOf(ours, { name: 'theatre' }), { name: 'Curtain' })
  assert.deepEqual(await namesOf(ours, { participantId: anna.id }), ['Any', 'Bus', 'Desk', 'Feast'])
  await inTx(ours, tx => setPreferences(tx, anna.id, [{ targetId: desk.id, isExcluded: true }]))
  assert.deepEqual(await namesOf(ours, { participantId: anna.id, to: '2027-05-31' }), ['Any', 'Bus'])
  assert.deepEqual(await namesOf(ours, { skill: ['cooking'] }), ['Embroidery', 'Feast'])
  assert.equal((await listTargets(db.scoped(ours), { limit: 1, q: 'e' })).total, 3)
  await assert.rejects(namesOf(theirs, { participantId: anna.id }), { code: 'assignments.participant_not_found' })
})

test('VS-12 what somebody fits among thousands of targets goes through indexes of the tenant', async () => {
  await admin.query(
    `insert into assignments.assignment_targets (tenant_id, domain_id, name, required_skills)
     select $1, $2, 'Target ' || n, jsonb_build_array('skill ' || n % 100)
     from generate_series(1, 3000) as n`,
    [theirs.tenantId, shifts],
  )
  await admin.query(
    `insert into assignments.participants (tenant_id, domain_id, name, skills)
     select $1, $2, 'Person ' || n, jsonb_build_array('skill ' || n % 100)
     from generate_series(1, 3000) as n`,
    [theirs.tenantId, shifts],
  )
  const { id } = await person(theirs, shifts, { name: 'Able', skills: ['skill 1', 'skill 2'] })
  await admin.query('analyze assignments.assignment_targets, assignments.participant_skills')
  assert.equal((await namesOf(theirs, { participantId: id })).length, 60, 'all of two skills')
  const conditions = await targetConditions(db.scoped(theirs), { participantId: id })
  const plan = await planOf(
    theirs,
    sql`
    select id from assignments.assignment_targets as target
    where ${conditions} and is_active
    order by name, id limit 26`,
  )
  assert.match(plan, /Index Scan using assignment_targets_\w+_idx/)
  assert.match(plan, /participant_skills_\w+/)
  assert.doesNotMatch(plan, /Seq Scan/)
})
