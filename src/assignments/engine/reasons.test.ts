import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from './checks.ts'
import { openHighs } from './mixed-integer.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { Problem } from './problem.ts'
import { forcePair, movesBetween, reasonFor, weighPair } from './reasons.ts'
import { anySideProblem, mayBeShort } from './side-plans.test.problems.ts'
import { solveWithSides } from './side-plans.ts'
import { solveRound } from './solving.ts'

const highs = await openHighs()

test('VS-11 why somebody is not on a target: what it costs at least is never more than what it costs', () => {
  let [exact, dearer] = [0, 0]
  fc.assert(
    fc.property(anyProblem(), problem => {
      const plan = solveFlow(problem)
      if (plan.status === 'infeasible') return
      for (const { participant, target } of problem.pairs) {
        const reason = reasonFor(problem, plan, { participant, target })
        if (reason.kind === 'chosen') continue
        assert.ok(reason.kind === 'dearer')
        const forced = forcePair(problem, plan, { participant, target })
        const cheapest = cheapestOf({ ...problem, pins: [...problem.pins, { participant, target }] })
        assert.equal(forced.kind === 'possible' ? plan.cost! + forced.extraCost : null, cheapest)
        if (forced.kind === 'impossible') continue
        assert.ok(reason.atLeast <= forced.extraCost, `${reason.atLeast} at least, ${forced.extraCost} in fact`)
        dearer++
        if (reason.atLeast === forced.extraCost) exact++
      }
    }),
    { numRuns: 600 },
  )
  assert.ok(exact > 5 && dearer > exact, `${exact} of ${dearer} bounds were exact`)
})

test('VS-11 what somebody costs at least is not made of what a solver claims, where hours, rest and mixes are kept', () => {
  let above = 0
  fc.assert(
    fc.property(anySideProblem().map(mayBeShort), problem => {
      const plan = solveWithSides(highs, problem)
      if (plan.status === 'infeasible') return
      for (const { participant, target } of problem.pairs) {
        const reason = reasonFor(problem, plan, { participant, target })
        if (reason.kind !== 'dearer') continue
        const cheapest = cheapestOf({ ...problem, pins: [...problem.pins, { participant, target }] })
        if (cheapest === null) continue
        assert.ok(
          plan.cost! + reason.atLeast <= cheapest,
          `${reason.atLeast} at least, ${cheapest - plan.cost!} in fact`,
        )
        if (reason.atLeast > 0) above++
      }
    }),
    { numRuns: 150 },
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
  assert.deepEqual(reasonFor(kitchen, plan, { participant: 'anna', target: 'bath' }), { kind: 'chosen' })
  assert.deepEqual(reasonFor(kitchen, plan, { participant: 'berta', target: 'bath' }), { kind: 'notPossible' })
  const reason = reasonFor(kitchen, plan, pair)
  assert.ok(reason.kind === 'dearer' && reason.atLeast <= 7)
  const forced = forcePair(kitchen, plan, pair)
  assert.ok(forced.kind === 'possible')
  assert.equal(forced.extraCost, 7)
  assert.deepEqual(forced.moves, [
    { participant: 'anna', leaves: ['bath'], joins: ['kitchen'] },
    { participant: 'berta', leaves: ['kitchen'], joins: [] },
    { participant: 'carl', leaves: [], joins: ['bath'] },
  ])
  assert.deepEqual(movesBetween(plan.pairs, plan.pairs), [])
})

test('VS-11 who cannot be on a target because of a pin is told which demands stand against it', () => {
  const pinned = { ...kitchen, pins: [{ participant: 'anna', target: 'bath' }] }
  const plan = solveFlow(pinned)
  const forced = forcePair(pinned, plan, { participant: 'anna', target: 'kitchen' })
  assert.ok(forced.kind === 'impossible')
  assert.deepEqual(forced.demands, [
    { kind: 'participantMaximum', participant: 'anna' },
    { kind: 'pin', participant: 'anna', target: 'bath' },
    { kind: 'pin', participant: 'anna', target: 'kitchen' },
  ])
  assert.equal(checkPlan(pinned, plan).holds, true)
})

test('VS-11 Anna on Kitchen is weighed exactly where she has to rest as well', async () => {
  const days = (id: string, startsAt: number) => ({ id, occurrences: [{ startsAt, endsAt: startsAt + 480 }] })
  const problem: Problem = {
    ...kitchen,
    participants: kitchen.participants.map(one => ({ ...one, maximum: 2, loadCosts: [0, 0], restMinutes: 660 })),
    targets: [days('bath', 0), days('door', 900), days('kitchen', 2000)].map(one => ({
      ...{ minimum: 1, maximum: 1, extraValue: 0, mixes: [] },
      ...one,
    })),
    pairs: [
      ...kitchen.pairs,
      { participant: 'anna', target: 'door', cost: 0 },
      { participant: 'berta', target: 'door', cost: 4 },
    ],
  }
  const plan = await solveRound(problem)
  assert.equal(plan.cost, 1 + 2 + 4, 'Anna cannot be on bath and door, which leave her seven hours')
  const weighed = await weighPair(problem, plan, { participant: 'anna', target: 'door' })
  assert.ok(weighed.kind === 'dearer')
  // Carl has bath, Anna door; after door she may not be on kitchen, ten and a half hours later: Berta is.
  assert.deepEqual([weighed.atLeast, weighed.atMost], [5, 5])
  assert.deepEqual(
    weighed.moves.map(({ participant }) => participant),
    ['anna', 'berta', 'carl'],
  )
  assert.deepEqual(await weighPair(problem, plan, { participant: 'anna', target: 'bath' }), { kind: 'chosen' })
  assert.deepEqual(await weighPair(problem, plan, { participant: 'carl', target: 'door' }), { kind: 'notPossible' })
  const pinned = { ...problem, pins: [{ participant: 'anna', target: 'bath' }] }
  const impossible = await weighPair(pinned, await solveRound(pinned), { participant: 'anna', target: 'door' })
  assert.equal(impossible.kind, 'impossible')
})
