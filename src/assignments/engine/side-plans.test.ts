import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { generateProblem } from '../../../bench/assignments/generation.ts'
import { withSides } from '../../../bench/assignments/side-rounds.ts'
import { brokenRules, checkPlan } from './checks.ts'
import { decompose } from './decomposition.ts'
import { findFirstPlan } from './first-plans.ts'
import { Flow } from './flow.ts'
import { instanceOf } from './instances.ts'
import { openHighs } from './mixed-integer.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { pairsOf, solveRelaxation } from './plans.ts'
import type { Plan, Problem } from './problem.ts'
import { sideRowsOf } from './side-constraints.ts'
import { anyOverlappingProblem, anySideProblem, shuffled } from './side-plans.test.problems.ts'
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
    { numRuns: 200 },
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
    { numRuns: 200 },
  )
})

test('VS-11 prices that rise without end, as no plan is possible, come to an end', () => {
  const target = (id: string, minimum: number, startsAt: number, endsAt: number, who: string, least: number) => ({
    ...{ id, minimum, maximum: 3, shortageCost: 27, extraValue: 5, occurrences: [{ startsAt, endsAt }] },
    mixes: [{ name: 'aid', minimum: least, participants: [who] }],
  })
  const problem: Problem = {
    seed: 13,
    participants: [
      { id: 'p0', minimum: 1, maximum: 2, loadCosts: [9, 11], minuteLimits: [{ from: 0, to: 9, maximum: 1 }] },
      {
        id: 'p1',
        minimum: 1,
        maximum: 1,
        loadCosts: [-1],
        minuteLimits: [{ from: 0, to: 9, maximum: 0 }],
        restMinutes: 1,
      },
    ],
    targets: [target('t0', 2, 6, 8, 'p1', 1), target('t1', 0, 4, 6, 'p1', 2), target('t2', 1, 0, 4, 'p0', 2)],
    pairs: [
      { participant: 'p0', target: 't2', cost: -2 },
      { participant: 'p1', target: 't0', cost: 4 },
      { participant: 'p1', target: 't1', cost: 6 },
      { participant: 'p1', target: 't2', cost: 12 },
    ],
    ...{ pins: [], relations: [] },
  }
  const instance = instanceOf(problem)
  const start = new Flow(instance).solve().targetPrices
  assert.equal(decompose(highs, instance, sideRowsOf(problem, instance), start, {}).chosen, undefined)
})

test('VS-11 nobody is on two shifts that overlap or follow without his rest, at the least cost that this leaves', () => {
  let [rounds, bound] = [0, 0]
  fc.assert(
    fc.property(anyOverlappingProblem(), problem => {
      const cheapest = cheapestOf(problem)!
      const plan = solveWithSides(highs, problem)
      assert.deepEqual(brokenRules(problem, plan.pairs), [])
      assert.equal(plan.cost, cheapest)
      const instance = instanceOf(problem)
      const rows = sideRowsOf(problem, instance)
      const found = decompose(highs, instance, rows, new Flow(instance).solve().targetPrices, {})
      assert.deepEqual(brokenRules(problem, pairsOf(instance, found.chosen!)), [])
      assert.ok(found.bound <= cheapest && cheapest <= found.cost)
      assert.deepEqual(brokenRules(problem, pairsOf(instance, findFirstPlan(instance, rows)!)), [])
      rounds++
      if (solveRelaxation(problem).cost! < cheapest) bound++
    }),
    { numRuns: 25 },
  )
  assert.ok(bound > rounds / 2, `only ${bound} of ${rounds} rounds are dearer for their times`)
})

test('VS-11 a shift that begins when the rest is over follows, one a minute sooner does not', () => {
  const shifts = (startsAt: number): Problem => ({
    seed: 1,
    participants: [{ id: 'anna', minimum: 0, maximum: 2, loadCosts: [0, 0], restMinutes: 660 }],
    targets: [
      { id: 'late', minimum: 0, maximum: 1, extraValue: 0, mixes: [], occurrences: [{ startsAt: 840, endsAt: 1320 }] },
      {
        id: 'next',
        minimum: 0,
        maximum: 1,
        extraValue: 0,
        mixes: [],
        occurrences: [{ startsAt, endsAt: startsAt + 480 }],
      },
    ],
    pairs: ['late', 'next'].map(target => ({ participant: 'anna', target, cost: -5 })),
    ...{ pins: [], relations: [] },
  })
  assert.equal(solveWithSides(highs, shifts(1320 + 660)).pairs.length, 2)
  assert.equal(solveWithSides(highs, shifts(1320 + 659)).pairs.length, 1)
})

test('VS-11 a plan is there before the prices are, and keeps every rule', () => {
  const round = withSides(
    generateProblem({ participants: 100, targets: 20, eligible: 10, needed: 6, maximum: 3 }, 1),
    1,
  )
  const instance = instanceOf(round)
  const rows = sideRowsOf(round, instance)
  const first = findFirstPlan(instance, rows)
  assert.ok(first)
  assert.deepEqual(brokenRules(round, pairsOf(instance, first)), [])
  const told: (Uint8Array | undefined)[] = []
  const stopped = decompose(highs, instance, rows, new Flow(instance).solve().targetPrices, {
    report: chosen => told.push(chosen) > 0,
  })
  assert.deepEqual(told, [first])
  assert.deepEqual(stopped.chosen, first)
})

test('VS-11 a round told in ten orders gets the same plan, byte for byte, with side constraints too', () => {
  const round = withSides(generateProblem({ participants: 60, targets: 12, eligible: 8, needed: 6, maximum: 3 }, 5), 5)
  const plans = Array.from({ length: 10 }, (_, turns) =>
    JSON.stringify(solveWithSides(highs, shuffled(round, 7 * turns))),
  )
  assert.equal(new Set(plans).size, 1)
  assert.equal((JSON.parse(plans[0]!) as Plan).status, 'optimal')
})
