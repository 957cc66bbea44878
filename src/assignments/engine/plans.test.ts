import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from './checks.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'

test('VS-11 a plan of a small round costs what trying everything finds, and its check holds', () => {
  let [feasible, infeasible] = [0, 0]
  fc.assert(
    fc.property(anyProblem(), problem => {
      const plan = solveFlow(problem)
      const cheapest = cheapestOf(problem)
      assert.equal(plan.cost, cheapest)
      assert.equal(plan.status, cheapest === null ? 'infeasible' : 'optimal')
      const check = checkPlan(problem, plan)
      assert.deepEqual(check.findings, [])
      assert.equal(check.claimed, undefined)
      assert.equal(check.provenBound, cheapest)
      if (cheapest === null) infeasible++
      else feasible++
    }),
    { numRuns: 1500 },
  )
  assert.ok(feasible > 200 && infeasible > 200, `${feasible} feasible and ${infeasible} infeasible problems were drawn`)
})
