import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawing, generateProblem } from '../../../bench/assignments/generation.ts'
import { withSides } from '../../../bench/assignments/side-rounds.ts'
import { brokenRules, checkPlan } from './checks.ts'
import { openHighs } from './mixed-integer.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { PinnedPair, Problem } from './problem.ts'
import { replan, replanOf } from './replans.ts'
import { anySideProblem, mayBeShort } from './side-plans.test.problems.ts'
import { solveWithSides } from './side-plans.ts'
import { replanWithSides } from './side-replans.ts'
import { replanRound } from './solving.ts'

const highs = await openHighs()

const without = (problem: Problem, gone: ReadonlySet<string>): Problem => ({
  ...problem,
  participants: problem.participants.filter(({ id }) => !gone.has(id)),
  pairs: problem.pairs.filter(({ participant }) => !gone.has(participant)),
  pins: problem.pins.filter(({ participant }) => !gone.has(participant)),
})

test('VS-11 after a drop-out as few as possible lose what they had, and of such plans it is the cheapest', () => {
  let [kept, moved] = [0, 0]
  fc.assert(
    fc.property(anyProblem({ participants: 4, targets: 3 }), whole => {
      const before = solveFlow(whole)
      if (before.status === 'infeasible' || whole.participants.length === 0) return
      const problem = without(whole, new Set(['p0']))
      const after = replan(problem, before.pairs)
      if (after.plan.status === 'infeasible') return
      assert.deepEqual(checkPlan(problem, after.plan).findings, [])
      const best = closest(problem, before.pairs)
      assert.deepEqual([after.moved.length, after.plan.cost], best)
      assert.equal(after.extraCost, after.plan.cost! - solveFlow(problem).cost!)
      if (after.moved.length === 0) kept++
      else moved++
    }),
    { numRuns: 1500 },
  )
  assert.ok(kept > 50 && moved > 0, `${kept} times nobody had to move, ${moved} times somebody`)
})

test('VS-11 a changed round with hours, rest, mixes and relations: fewest places free, then fewest moved, then the cost', () => {
  let [rounds, held, moved] = [0, 0, 0]
  fc.assert(
    fc.property(anySideProblem(), fc.boolean(), (round, isMoved) => {
      const whole = mayBeShort(round)
      const before = solveWithSides(highs, whole)
      if (before.status === 'infeasible' || whole.participants.length === 0) return
      const problem = isMoved ? atOtherTimes(whole) : withoutSides(whole, new Set(['p0']))
      const best = closest(problem, before.pairs)
      const plan = replanWithSides(highs, problem, before.pairs)
      if (!best) return assert.equal(plan.status, 'infeasible')
      assert.deepEqual(checkPlan(problem, plan).findings, [])
      const after = replanOf(problem, before.pairs, plan)
      assert.deepEqual([after.moved.length, plan.cost], best)
      rounds++
      if (brokenRules(problem, replan(problem, before.pairs).plan.pairs).length > 0) held++
      if (after.moved.length > 0) moved++
    }),
    { numRuns: 500 },
  )
  assert.ok(
    held > 20 && moved > 10,
    `${held} of ${rounds} were held back by side constraints, in ${moved} somebody moved`,
  )
})

/** Each target when another was: who had two of them may not have both. */
const atOtherTimes = (round: Problem): Problem => ({
  ...round,
  targets: round.targets.map((target, place, all) => ({
    ...target,
    occurrences: all[(place + 1) % all.length]!.occurrences?.map(({ startsAt, endsAt }) => ({ startsAt, endsAt })),
  })),
})

const withoutSides = (whole: Problem, gone: ReadonlySet<string>): Problem => ({
  ...without(whole, gone),
  targets: whole.targets.map(target => ({
    ...target,
    mixes: target.mixes.map(mix => ({ ...mix, participants: mix.participants.filter(id => !gone.has(id)) })),
  })),
  relations: whole.relations.filter(({ participants }) => !participants.some(id => gone.has(id))),
})

/** By trying everything: least for free places, then fewest moved, then the cost. */
function closest(problem: Problem, before: readonly PinnedPair[]): [number, number] | undefined {
  const key = ({ participant, target }: PinnedPair) => `${participant} ${target}`
  const old = new Set(before.map(key))
  let best: [number, number, number] | undefined
  for (let bits = 0; bits < 2 ** problem.pairs.length; bits++) {
    const chosen = problem.pairs.filter((_, place) => (bits >> place) & 1)
    if (brokenRules(problem, chosen).length > 0) continue
    let [free, cost] = [0, chosen.reduce((sum, pair) => sum + pair.cost, 0)]
    for (const { id, loadCosts } of problem.participants)
      for (const step of loadCosts.slice(0, chosen.filter(pair => pair.participant === id).length)) cost += step
    for (const { id, minimum, shortageCost = 0, extraValue } of problem.targets) {
      const count = chosen.filter(pair => pair.target === id).length
      if (count < minimum) free += (minimum - count) * shortageCost
      else cost -= (count - minimum) * extraValue
    }
    const has = new Set(chosen.map(key))
    const lost = problem.pairs.filter(pair => old.has(key(pair)) && !has.has(key(pair))).length
    const now: [number, number, number] = [free, lost, cost + free]
    const differs = best && [0, 1, 2].find(place => now[place] !== best![place])
    if (!best || (differs !== undefined && now[differs]! < best[differs]!)) best = now
  }
  return best && [best[1], best[2]]
}

test('VS-11 five of 500 people drop out, and none of the others is moved', () => {
  const whole = generateProblem({ participants: 500, targets: 100, eligible: 60, needed: 12, maximum: 4 }, 4)
  const before = solveFlow(whole)
  const draw = drawing(7)
  const gone = new Set(Array.from({ length: 5 }, () => whole.participants[Math.floor(draw() * 500)]!.id))
  const problem = without(whole, gone)
  const { plan, moved, extraCost } = replan(problem, before.pairs)
  assert.deepEqual(moved, [])
  assert.ok(extraCost! <= 0.005 * plan.lowerBound!, `${extraCost} of ${plan.lowerBound}`)
  assert.deepEqual(checkPlan(problem, plan).findings, [])
  const still = new Set(plan.pairs.map(({ participant, target }) => `${participant} ${target}`))
  for (const { participant, target } of before.pairs)
    assert.ok(gone.has(participant) || still.has(`${participant} ${target}`))
})

test('VS-11 a price for each change lets people move where that saves more than it', () => {
  const whole = generateProblem({ participants: 60, targets: 20, eligible: 12, needed: 6, maximum: 4 }, 5)
  const before = solveFlow(whole)
  const problem = without(whole, new Set([whole.participants[3]!.id, whole.participants[9]!.id]))
  const [never, dear, free] = [
    replan(problem, before.pairs),
    replan(problem, before.pairs, 10_000),
    replan(problem, before.pairs, 0),
  ]
  assert.deepEqual(dear.plan.pairs, never.plan.pairs)
  assert.equal(free.extraCost, 0)
  assert.equal(free.plan.status, 'optimal')
  assert.ok(free.moved.length > never.moved.length)
})

test('VS-11 of 100 people with hours and rest five drop out, and nobody else is moved', async () => {
  const whole = withSides(
    generateProblem({ participants: 100, targets: 20, eligible: 10, needed: 6, maximum: 3 }, 2),
    2,
  )
  const before = solveWithSides(highs, whole)
  const problem = withoutSides(whole, new Set(before.pairs.slice(0, 5).map(({ participant }) => participant)))
  const { plan, moved } = await replanRound(problem, before.pairs)
  assert.deepEqual(brokenRules(problem, plan.pairs), [])
  assert.deepEqual(moved, [])
  assert.deepEqual(await replanRound(problem, before.pairs), await replanRound(problem, before.pairs.toReversed()))
})
