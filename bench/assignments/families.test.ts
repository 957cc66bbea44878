import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPlan } from '../../src/assignments/engine/checks.ts'
import { openHighs } from '../../src/assignments/engine/mixed-integer.ts'
import { cheapestOf } from '../../src/assignments/engine/plans.test.brute-force.ts'
import { solveWithSides } from '../../src/assignments/engine/side-plans.ts'
import { generalisedAssignment, nurseScheduling, paperMatching } from './families.ts'

const highs = await openHighs()

test('VS-11 rounds as others draw them for their solvers are planned at the least cost, and certified', () => {
  let costs = 0
  for (const seed of [1, 2]) {
    const small = (['A', 'B', 'C', 'D', 'E'] as const).map(type => generalisedAssignment(type, 3, 4, seed))
    for (const round of small) {
      const plan = solveWithSides(highs, round)
      assert.equal(plan.cost, cheapestOf(round))
      assert.deepEqual(checkPlan(round, plan).findings, [])
      costs += plan.cost ?? 0
    }
  }
  assert.ok(costs > 0, 'some have a plan')
  for (const round of [nurseScheduling(6, 1), paperMatching(8, 10, 1)]) {
    const plan = solveWithSides(highs, round)
    assert.equal(plan.status, 'optimal')
    assert.deepEqual(checkPlan(round, plan).findings, [])
  }
})
