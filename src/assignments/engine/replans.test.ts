import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawing, generateProblem } from '../../../bench/assignments/generation.ts'
import { brokenRules, checkPlan } from './checks.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { PinnedPair, Problem } from './problem.ts'
import { replan } from './replans.ts'

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

/** By trying everything: least for free places, then fewest moved, then the cost. */
function closest(problem: Problem, before: readonly PinnedPair[]): [number, number] {
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
  return [best![1], best![2]]
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
