import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chores, db, inTx, ours, person, target, theirs } from '../assignments.test.world.ts'
import { setPreferences } from '../participants/preferences.ts'
import { createAssignment, listAssignments } from '../rounds/assignments.ts'
import { addDetail } from '../rounds/details.ts'
import { previewDomain } from './previews.ts'

const anna = await person(ours, chores, { name: 'Anna' })
const ben = await person(ours, chores, { name: 'Ben' })
const kitchen = await target(ours, chores, { name: 'Kitchen' })

// Anna likes the kitchen and has always had it.
await inTx(ours, tx => setPreferences(tx, anna.id, [{ targetId: kitchen.id, weight: 2 }]))
await inTx(ours, tx => setPreferences(tx, ben.id, [{ targetId: kitchen.id, weight: -2 }]))
for (const assignmentDate of ['2027-03-01', '2027-03-08', '2027-03-15', '2027-03-22'])
  await inTx(ours, async tx => {
    const { id } = await createAssignment(tx, chores, { assignmentDate })
    await addDetail(tx, id, { participantId: anna.id, targetId: kitchen.id })
  })

const preview = (weights: { preference: number; fairness: number; rotation: number }) =>
  previewDomain(db.scoped(ours), chores, weights, 'UTC')

test('VS-11 AG-01 weights are tried on the last rounds: fair ones share what one has always done, wishes leave it to him', async () => {
  const fair = await preview({ preference: 0, fairness: 1, rotation: 0 })
  assert.deepEqual([fair.rounds, fair.firstDate, fair.before.cost], [4, '2027-03-01', 0])
  assert.equal(fair.before.gini, 0.5)
  assert.equal(fair.after.gini, 0)
  assert.equal(fair.after.cost, 200, 'twice 100 points for Ben')
  assert.deepEqual(
    fair.participants.map(({ name, before, after, fairShare }) => [name, before, after, fairShare]),
    [
      ['Anna', 4, 2, 2],
      ['Ben', 0, 2, 2],
    ],
  )
  const wishes = await preview({ preference: 1, fairness: 0, rotation: 0 })
  assert.deepEqual([wishes.after.cost, wishes.after.gini], [0, 0.5])
  const { items } = await listAssignments(db.scoped(ours), { limit: 10, domainId: chores })
  assert.deepEqual(
    items.map(each => each.revision),
    [1, 1, 1, 1],
    'nothing is kept',
  )
  await assert.rejects(previewDomain(db.scoped(theirs), chores, { preference: 1, fairness: 1, rotation: 1 }, 'UTC'), {
    code: 'assignments.domain_not_found',
  })
})
