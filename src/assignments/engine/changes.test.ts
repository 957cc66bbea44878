import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addUpPrices } from './certificates.ts'
import { movesBetween } from './changes.ts'
import { openHighs } from './mixed-integer.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { Pair, Plan, Problem } from './problem.ts'
import { anySideProblem, mayBeShort } from './side-plans.test.problems.ts'
import { solveWithSides } from './side-plans.ts'

const highs = await openHighs()

/** Of each pair that is not in the plan: what a plan with it costs by the prices, at least, and in fact. */
function weighPairs(problem: Problem, { pairs, certificate }: Plan): { pair: Pair; atLeast: number; inFact: number }[] {
  assert.ok(certificate.kind === 'prices')
  const isChosen = ({ participant, target }: Pair) =>
    pairs.some(one => one.participant === participant && one.target === target)
  return problem.pairs
    .filter(pair => !isChosen(pair))
    .flatMap(pair => {
      const forced = { ...problem, pins: [...problem.pins, pair] }
      const inFact = cheapestOf(forced)
      return inFact === null ? [] : [{ pair, atLeast: addUpPrices(forced, certificate).lowerBound!, inFact }]
    })
}

test('VS-11 what somebody on a target costs by the prices is never more than what it costs', () => {
  let [exact, dearer] = [0, 0]
  fc.assert(
    fc.property(anyProblem(), problem => {
      const plan = solveFlow(problem)
      if (plan.status === 'infeasible') return
      for (const { pair, atLeast, inFact } of weighPairs(problem, plan)) {
        assert.ok(atLeast <= inFact, `${JSON.stringify(pair)}: ${atLeast} at least, ${inFact} in fact`)
        if (inFact > plan.cost!) dearer++
        if (inFact > plan.cost! && atLeast === inFact) exact++
      }
    }),
    { numRuns: 600 },
  )
  assert.ok(exact > 5 && dearer > exact, `${exact} of ${dearer} bounds were exact`)
})

test('VS-11 it is not made of what a solver claims, where hours, rest and mixes are kept', () => {
  let above = 0
  fc.assert(
    fc.property(anySideProblem().map(mayBeShort), problem => {
      const plan = solveWithSides(highs, problem)
      if (plan.status === 'infeasible') return
      for (const { pair, atLeast, inFact } of weighPairs(problem, plan)) {
        assert.ok(atLeast <= inFact, `${JSON.stringify(pair)}: ${atLeast} at least, ${inFact} in fact`)
        if (atLeast > plan.cost!) above++
      }
    }),
    { numRuns: 400 },
  )
  assert.ok(above > 20, `only ${above} say more than nothing`)
})

const kitchen: Problem = {
  seed: 1,
  participants: ['anna', 'berta', 'carl'].map(id => ({ id, minimum: 0, maximum: 1, loadCosts: [0] })),
  targets: ['bath', 'kitchen'].map(id => ({ id, minimum: 1, maximum: 1, extraValue: 0, mixes: [] })),
  pairs: [
    { participant: 'anna', target: 'bath', cost: 1 },
    { participant: 'anna', target: 'kitchen', cost: 2 },
    { participant: 'berta', target: 'kitchen', cost: 3 },
    { participant: 'carl', target: 'bath', cost: 9 },
  ],
  pins: [],
  relations: [],
}

test('VS-11 Anna on Kitchen costs seven more: Berta leaves it, and Carl takes her place on Bath', () => {
  const plan = solveFlow(kitchen)
  const pair = { participant: 'anna', target: 'kitchen' }
  const forced = solveFlow({ ...kitchen, pins: [pair] })
  assert.equal(forced.cost! - plan.cost!, 7)
  assert.deepEqual(movesBetween(plan.pairs, forced.pairs), [
    { participant: 'anna', leaves: ['bath'], joins: ['kitchen'] },
    { participant: 'berta', leaves: ['kitchen'], joins: [] },
    { participant: 'carl', leaves: [], joins: ['bath'] },
  ])
  assert.deepEqual(movesBetween(plan.pairs, plan.pairs), [])
})

test('VS-11 who cannot be on a target because of a pin is told which demands stand against it', () => {
  const both = [
    { participant: 'anna', target: 'bath' },
    { participant: 'anna', target: 'kitchen' },
  ]
  const { certificate } = solveFlow({ ...kitchen, pins: both })
  assert.deepEqual(certificate, {
    kind: 'conflict',
    demands: [
      { kind: 'participantMaximum', participant: 'anna' },
      ...both.map(pair => ({ kind: 'pin' as const, ...pair })),
    ],
  })
})
