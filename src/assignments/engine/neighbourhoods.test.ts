import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generalisedAssignment } from '../../../bench/assignments/families.ts'
import { findFirstPlan } from './first-plans.ts'
import { instanceOf } from './instances.ts'
import { openHighs } from './mixed-integer.ts'
import { costOf, keepsRules } from './multipliers.ts'
import { improveByGroups } from './neighbourhoods.ts'
import { sideRowsOf } from './side-constraints.ts'
import { solveWithSides } from './side-plans.ts'

test('VS-11 planned anew in groups a plan gets cheaper step by step, keeps every rule, and is the same each time', async () => {
  const problem = generalisedAssignment('C', 6, 30, 1)
  const instance = instanceOf(problem)
  const rows = sideRowsOf(problem, instance)
  const highs = await openHighs()
  const first = findFirstPlan(instance, rows)
  assert.ok(first)
  const before = costOf(instance, first)
  const costs: number[] = []
  const found = improveByGroups(highs, instance, rows, first, (plan, cost) => {
    assert.ok(keepsRules(instance, rows, plan))
    assert.equal(cost, costOf(instance, plan))
    costs.push(cost)
  })
  assert.ok(costs.length > 1)
  for (const [place, cost] of costs.entries()) assert.ok(cost < (costs[place - 1] ?? before))
  assert.equal(costOf(instance, found), costs.at(-1))
  assert.deepEqual(
    improveByGroups(highs, instance, rows, first, () => {}),
    found,
  )
  const { cost, lowerBound, status } = solveWithSides(highs, problem)
  assert.deepEqual([status, lowerBound], ['optimal', cost])
  // What is found so is near the cheapest, which the first plan is not.
  const dearer = (price: number) => price / cost! - 1
  assert.ok(dearer(costs.at(-1)!) < 0.005 && dearer(before) > 0.01, `${costs.at(-1)} and ${before} of ${cost}`)
})
