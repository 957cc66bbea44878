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
import { updateDomain } from '../domains/domains.ts'
import { deleteParticipant } from '../participants/participants.ts'
import { deleteTarget } from '../targets/targets.ts'
import {
  type AssignmentFilters,
  assignmentConditions,
  createAssignment,
  deleteAssignment,
  getAssignment,
  listAssignments,
  type NewAssignment,
  updateAssignment,
} from './assignments.ts'
import { addDetail, changeDetail, listDetails, removeDetail } from './details.ts'
import { listHistory } from './history.ts'

const make = (scope: typeof ours, domainId: string, fields: NewAssignment = {}) =>
  inTx(scope, tx => createAssignment(tx, domainId, fields))
const anna = await person(ours, chores, { name: 'Anna' })
const ben = await person(ours, chores, { name: 'Ben' })
const kitchen = await target(ours, chores, { name: 'Kitchen' })

test('VS-08 AG-01 a round keeps date, strategy, seed and the configuration of its time, and is of one tenant', async () => {
  const parameters = { rotation_weight: 0.8, balance_weight: 0.2 }
  await inTx(ours, tx =>
    updateDomain(tx, chores, { configuration: { strategy: 'balanced_rotation', strategy_parameters: parameters } }),
  )
  const round = await make(ours, chores, {
    name: 'Week 10',
    assignmentDate: '2027-03-08',
    endsOn: '2027-03-14',
    seed: 7,
  })
  await inTx(ours, tx => updateDomain(tx, chores, { configuration: {} }))
  const kept = await getAssignment(db.scoped(ours), round.id)
  assert.deepEqual(
    [kept.strategyUsed, kept.seed, kept.status, kept.assignmentDate, kept.endsOn, kept.createdBy],
    ['balanced_rotation', 7, 'active', '2027-03-08', '2027-03-14', ours.userId],
  )
  assert.deepEqual(kept.configuration.strategy_parameters, parameters)
  await assert.rejects(make(ours, chores, { assignmentDate: '2027-03-08', endsOn: '2027-03-07' }), {
    code: 'assignments.assignment_period',
  })
  const unknown = { code: 'assignments.assignment_not_found' }
  await assert.rejects(getAssignment(db.scoped(theirs), round.id), unknown)
  await assert.rejects(
    inTx(theirs, tx => updateAssignment(tx, round.id, { name: 'Taken' })),
    unknown,
  )
  await assert.rejects(deleteAssignment(db.scoped(theirs), round.id), unknown)
  await assert.rejects(listDetails(db.scoped(theirs), round.id, { limit: 1 }), unknown)
  await assert.rejects(listHistory(db.scoped(theirs), round.id, { limit: 1 }), unknown)
  await assert.rejects(make(theirs, chores), { code: 'assignments.domain_not_found' })
  assert.equal((await getAssignment(db.scoped(ours), round.id)).name, 'Week 10', 'control: it is as it was')
})

test('VS-08 what is active is completed or cancelled and taken back, and nothing goes from one to the other', async () => {
  const { id } = await make(ours, chores)
  const become = (status: 'active' | 'completed' | 'cancelled') =>
    inTx(ours, tx => updateAssignment(tx, id, { status }))
  const refused = { code: 'assignments.transition_refused', kind: 'conflict' }
  await become('completed')
  await assert.rejects(become('cancelled'), refused)
  await become('active')
  await become('cancelled')
  await assert.rejects(become('completed'), refused)
  assert.equal((await become('active')).status, 'active')
  await assert.rejects(admin.query(`update assignments.assignments set status = 'done' where id = $1`, [id]), {
    constraint: 'assignments_status_known',
  })
})

test('VS-09 AG-01 somebody is on a target once, where the round is open, of one domain; and goes with it', async () => {
  const { id } = await make(ours, chores)
  const add = (fields = {}) =>
    inTx(ours, tx => addDetail(tx, id, { participantId: anna.id, targetId: kitchen.id, ...fields }))
  const detail = await add({ position: 1 })
  await assert.rejects(add(), { code: 'assignments.detail_taken' })
  const second = await add({ participantId: ben.id, position: 0 })
  assert.deepEqual(
    (await listDetails(db.scoped(ours), id, { limit: 10 })).items.map(each => [each.participantName, each.position]),
    [
      ['Ben', 0],
      ['Anna', 1],
    ],
  )
  const elsewhere = await domainOf(ours, { name: 'elsewhere', displayName: 'Elsewhere' })
  const stranger = await person(ours, elsewhere, { name: 'Stranger' })
  await assert.rejects(add({ participantId: stranger.id }), { code: 'assignments.domains_mixed' })
  const foreign = await person(theirs, shifts, { name: 'Foreign' })
  await assert.rejects(add({ participantId: foreign.id }), { code: 'assignments.participant_not_found' })
  await assert.rejects(
    inTx(theirs, tx => removeDetail(tx, id, detail.id)),
    { code: 'assignments.assignment_not_found' },
  )

  await inTx(ours, tx => changeDetail(tx, id, second.id, { isPinned: true }))
  await inTx(ours, tx => updateAssignment(tx, id, { isLocked: true }))
  await assert.rejects(
    inTx(ours, tx => removeDetail(tx, id, detail.id)),
    { code: 'assignments.assignment_locked' },
  )
  await inTx(ours, tx => updateAssignment(tx, id, { isLocked: false, status: 'completed' }))
  await assert.rejects(
    inTx(ours, tx => removeDetail(tx, id, detail.id)),
    { code: 'assignments.assignment_closed' },
  )
  await assert.rejects(deleteParticipant(db.scoped(ours), anna.id), { code: 'assignments.participant_assigned' })
  await assert.rejects(deleteTarget(db.scoped(ours), kitchen.id), { code: 'assignments.target_assigned' })
  await deleteAssignment(db.scoped(ours), id)
  const { rows } = await admin.query('select from assignments.assignment_details where assignment_id = $1', [id])
  assert.equal(rows.length, 0)
})

test('VS-10 each change is in the history with old and new values and by whom, and stays when the assignment goes', async () => {
  const { id } = await make(ours, chores, { name: 'Before' })
  const detail = await inTx(ours, tx => addDetail(tx, id, { participantId: anna.id, targetId: kitchen.id }))
  await inTx(ours, tx => changeDetail(tx, id, detail.id, { position: 4 }))
  await inTx(ours, tx => updateAssignment(tx, id, { name: 'After', status: 'completed' }))
  await inTx(ours, tx => updateAssignment(tx, id, { name: 'After' }))
  await deleteAssignment(db.scoped(ours), id)

  const history = (await listHistory(db.scoped(ours), id, { limit: 100 })).items.toReversed()
  assert.deepEqual(
    history.map(each => each.action),
    ['insert', 'assign', 'update', 'move', 'update', 'delete', 'unassign'],
  )
  assert.ok(history.every(each => each.changedBy === ours.userId))
  const [inserted, assigned, revised, moved, updated, deleted] = history
  assert.deepEqual(revised?.changes, { revision: { old: 0, new: 1 } })
  assert.deepEqual(inserted?.changes.name, { new: 'Before' })
  assert.equal(inserted?.changes.description, undefined, 'what was and is nothing is no change')
  const people = (entry: typeof moved) => entry?.changes.details as Record<'old' | 'new', Record<string, unknown>[]>
  assert.equal(people(assigned).new[0]?.participant_id, anna.id)
  assert.deepEqual([people(moved).old[0]?.position, people(moved).new[0]?.position], [null, 4])
  assert.deepEqual(updated?.changes, {
    name: { old: 'Before', new: 'After' },
    status: { old: 'active', new: 'completed' },
  })
  assert.deepEqual(deleted?.changes.status, { old: 'completed' })
  await assert.rejects(listHistory(db.scoped(theirs), id, { limit: 1 }), { code: 'assignments.assignment_not_found' })
})

test('VS-10 the program neither writes, changes nor deletes history', async () => {
  const { id } = await make(ours, chores)
  const denied = { code: '42501' }
  await assert.rejects(
    db.scoped(ours).run(sql`delete from assignments.assignment_history where assignment_id = ${id}`),
    denied,
  )
  await assert.rejects(db.scoped(ours).run(sql`update assignments.assignment_history set action = 'update'`), denied)
  await assert.rejects(
    db
      .scoped(ours)
      .run(
        sql`insert into assignments.assignment_history (assignment_id, action, changes) values (${id}, 'update', '{}')`,
      ),
    denied,
  )
})

test('VS-12 assignments between two dates and the people of one come by an index of the tenant, among thousands', async () => {
  await admin.query(
    `insert into assignments.assignments (tenant_id, domain_id, assignment_date, strategy_used, status)
     select $1, $2, '2020-01-01'::date + n, 'optimal', case when n % 3 = 0 then 'completed' else 'active' end
     from generate_series(1, 4000) as n`,
    [theirs.tenantId, shifts],
  )
  await admin.query('analyze assignments.assignments')
  const filters: AssignmentFilters = { from: '2021-01-01', to: '2021-01-31', status: 'active' }
  const found = await listAssignments(db.scoped(theirs), { limit: 100, ...filters })
  assert.equal(found.items.length, found.total)
  assert.ok(found.total >= 20 && found.total <= 21)
  assert.ok(found.items.every((each, at) => at === 0 || each.assignmentDate <= found.items[at - 1]!.assignmentDate))
  const plan = await planOf(
    theirs,
    sql`
    select * from assignments.assignments as assignment
    where ${assignmentConditions(filters)} order by assignment_date desc limit 26`,
  )
  assert.match(
    plan,
    /Index Scan.*using assignments_\w+_idx[\s\S]*Index Cond: .*assignment_date >= .*assignment_date <= /,
  )

  const { items } = await listAssignments(db.scoped(theirs), { limit: 1, status: 'active' })
  await admin.query(
    `with people as (
       insert into assignments.participants (tenant_id, domain_id, name) select $1, $2, 'P' || n from generate_series(1, 2000) as n
       returning id
     ), targets as (
       insert into assignments.assignment_targets (tenant_id, domain_id, name) values ($1, $2, 'T') returning id
     )
     select`,
    [theirs.tenantId, shifts],
  )
  await admin.query(
    `insert into assignments.assignment_details (tenant_id, assignment_id, participant_id, target_id)
     select $1, round.id, person.id, target.id
     from (select id from assignments.assignments where tenant_id = $1 and status = 'active' order by id limit 3) as round,
       assignments.participants as person, assignments.assignment_targets as target
     where person.tenant_id = $1 and target.tenant_id = $1 and target.name = 'T'`,
    [theirs.tenantId],
  )
  await admin.query('analyze assignments.assignment_details, assignments.participants')
  const details = await planOf(
    theirs,
    sql`
    select detail.id, participant.name, target.name, detail.position
    from assignments.assignment_details as detail
    join assignments.participants as participant on participant.id = detail.participant_id
    join assignments.assignment_targets as target on target.id = detail.target_id
    where detail.assignment_id = ${items[0]!.id}
    order by detail.position`,
  )
  assert.match(details, /assignment_details_\w+[\s\S]*Index Cond: .*assignment_id = /)
})
