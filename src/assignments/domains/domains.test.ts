import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etagOf } from '#platform/http'
import { admin, chores, db, domainOf, inTx, ours, person, shifts, target, theirs } from '../assignments.test.world.ts'
import { deleteParticipant } from '../participants/participants.ts'
import { listDomainSkills } from './domain-skills.ts'
import { deleteDomain, getDomain, getDomainByName, listDomains, updateDomain } from './domains.ts'
import { listMethods } from './methods.ts'

test('VS-04 AG-01 a name is one domain of a tenant and free in another, who neither sees, changes nor deletes it', async () => {
  await assert.rejects(domainOf(ours), { code: 'assignments.domain_name_taken' })
  assert.equal((await getDomainByName(db.scoped(ours), 'main')).id, chores)
  assert.equal((await getDomainByName(db.scoped(theirs), 'main')).id, shifts)
  await assert.rejects(getDomain(db.scoped(theirs), chores), { code: 'assignments.domain_not_found' })
  await assert.rejects(
    inTx(theirs, tx => updateDomain(tx, chores, { displayName: 'Taken' })),
    { code: 'assignments.domain_not_found' },
  )
  await assert.rejects(deleteDomain(db.scoped(theirs), chores), { code: 'assignments.domain_not_found' })
  assert.deepEqual(
    (await listDomains(db.scoped(theirs), { limit: 10 })).items.map(each => each.id),
    [shifts],
  )
  assert.equal((await getDomain(db.scoped(ours), chores)).displayName, 'Main', 'control: it is as it was')
})

test('VS-04 a domain has its words, its configuration as it was written, its rules and its version', async () => {
  const configuration = {
    words: { target: { singular: 'chore', plural: 'chores' } },
    strategy: 'balanced_rotation',
    strategy_parameters: { rotation_weight: 0.8, balance_weight: 0.2 },
    constraints: { max_assignments_per_participant: 3 },
    validation_rules: ['capacity_check', 'skill_matching'],
    house: { floor: 2 },
  }
  const businessRules = [{ name: 'no_double_weekend', parameters: { strict: true } }]
  const before = await getDomain(db.scoped(ours), chores)
  assert.equal(before.words.target.plural, 'targets')
  const after = await inTx(ours, tx =>
    updateDomain(tx, chores, { configuration, businessRules, version: '1.1', isActive: false }, [etagOf(before)]),
  )
  assert.deepEqual(after.configuration, configuration)
  assert.deepEqual(after.businessRules, businessRules)
  assert.deepEqual([after.version, after.isActive, after.createdBy], ['1.1', false, ours.userId])
  assert.equal(after.words.target.plural, 'chores')
  assert.equal(after.words.participant.singular, 'participant')
  await assert.rejects(
    inTx(ours, tx => updateDomain(tx, chores, { version: '1.2' }, [etagOf(before)])),
    { code: 'http.changed_meanwhile' },
  )
  const { rows } = await admin.query(
    `select user_id, changes -> 'version' as version from audit.audit_logs where resource_id = $1 and action = 'update'`,
    [chores],
  )
  assert.deepEqual(rows[0], { user_id: ours.userId, version: { old: '1.0', new: '1.1' } })
})

test('VS-04 a domain that has somebody is not deleted, and says so', async () => {
  const id = await domainOf(ours, { name: 'held', displayName: 'Held' })
  const anna = await person(ours, id, { name: 'Anna' })
  assert.equal((await getDomain(db.scoped(ours), id)).participantCount, 1)
  await assert.rejects(deleteDomain(db.scoped(ours), id), { code: 'assignments.domain_in_use' })
  await deleteParticipant(db.scoped(ours), anna.id)
  await deleteDomain(db.scoped(ours), id)
  await assert.rejects(getDomain(db.scoped(ours), id), { code: 'assignments.domain_not_found' })
})

test('VS-08 VS-11 the strategies and rules that there are can be asked for, with what they can be told', () => {
  const { strategies, validationRules } = listMethods()
  assert.equal(strategies[0]?.name, 'optimal')
  const rotation = strategies.find(({ name }) => name === 'balanced_rotation')
  assert.deepEqual(
    rotation?.parameters.map(({ name, type, default: value, maximum }) => [name, type, value, maximum]),
    [
      ['rotation_weight', 'number', 0.8, 1],
      ['balance_weight', 'number', 0.2, 1],
    ],
  )
  assert.deepEqual(
    validationRules.map(({ name, parameters }) => [name, parameters]),
    [
      ['capacity_check', []],
      ['availability_check', []],
      ['skill_matching', []],
    ],
  )
})

test('VS-06 VS-07 AG-01 the skills of a domain are those that its people have and its targets ask for, and no others', async () => {
  const id = await domainOf(ours, { name: 'skilled', displayName: 'Skilled' })
  await person(ours, id, { name: 'Anna', skills: ['Cooking', 'sewing'] })
  await person(ours, id, { name: 'Boris', skills: ['cooking'] })
  await target(ours, id, {
    name: 'Door',
    requiredSkills: ['lifting'],
    anySkills: ['cooking'],
    skillLevels: { locks: 2 },
    skillMix: [{ skill: 'first aid', minimum: 1 }],
  })
  assert.deepEqual(
    (await listDomainSkills(db.scoped(ours), id)).map(({ skill, participantCount }) => [skill, participantCount]),
    [
      ['cooking', 2],
      ['first aid', 0],
      ['lifting', 0],
      ['locks', 0],
      ['sewing', 1],
    ],
  )
  await assert.rejects(listDomainSkills(db.scoped(theirs), id), { code: 'assignments.domain_not_found' })
})
