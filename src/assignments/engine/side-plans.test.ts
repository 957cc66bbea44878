import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { generateProblem } from '../../../bench/assignments/generation.ts'
import { withSides } from '../../../bench/assignments/side-rounds.ts'
import { brokenRules, checkPlan } from './checks.ts'
import { decompose } from './decomposition.ts'
import { Flow } from './flow.ts'
import { instanceOf } from './instances.ts'
import { openHighs } from './mixed-integer.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { pairsOf } from './plans.ts'
import type { Plan } from './problem.ts'
import { sideRowsOf } from './side-constraints.ts'
import { anySideProblem, shuffled } from './side-plans.test.problems.ts'
import { solveWithSides } from './side-plans.ts'

const highs = await openHighs()

test('VS-11 with hours, rest, mixes and relations a plan costs what the cheapest of all costs, and its proof adds up', () => {
  fc.assert(
    fc.property(anySideProblem(), problem => {
      const plan = solveWithSides(highs, problem)
      assert.equal(plan.cost, cheapestOf(problem))
      const { holds, findings } = checkPlan(problem, plan)
      assert.ok(holds, findings.join(' '))
      assert.ok(plan.cost === null || plan.status === 'optimal')
    }),
    { numRuns: 400 },
  )
})

test('VS-11 prices and patterns find no plan that breaks a rule, and no bound above the cheapest', () => {
  fc.assert(
    fc.property(anySideProblem(), problem => {
      const instance = instanceOf(problem)
      const flow = new Flow(instance).solve()
      fc.pre(flow.feasible)
      const found = decompose(highs, instance, sideRowsOf(problem, instance), flow.targetPrices, {})
      const cheapest = cheapestOf(problem) ?? Number.POSITIVE_INFINITY
      assert.ok(found.bound <= cheapest, `${found.bound} is above ${cheapest}`)
      assert.ok(found.proved.bound <= cheapest + 1e-6, `${found.proved.bound} is above ${cheapest}`)
      if (found.chosen) {
        assert.deepEqual(brokenRules(problem, pairsOf(instance, found.chosen)), [])
        assert.ok(found.cost >= cheapest)
      }
    }),
    { numRuns: 400 },
  )
})

test('VS-11 a round told in ten orders gets the same plan, byte for byte, with side constraints too', () => {
  const round = withSides(generateProblem({ participants: 60, targets: 12, eligible: 8, needed: 6, maximum: 3 }, 5), 5)
  const plans = Array.from({ length: 10 }, (_, turns) =>
    JSON.stringify(solveWithSides(highs, shuffled(round, 7 * turns))),
  )
  assert.equal(new Set(plans).size, 1)
  assert.equal((JSON.parse(plans[0]!) as Plan).status, 'optimal')
})
