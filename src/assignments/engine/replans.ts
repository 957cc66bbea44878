import { Flow } from './flow.ts'
import { findId, findPair, instanceOf } from './instances.ts'
import { planOf, solveRelaxation } from './plans.ts'
import type { Cost, PinnedPair, Plan, Problem } from './problem.ts'

/** A plan that stays close to the one before, and what that costs. */
export interface Replan {
  readonly plan: Plan
  /** What people had, could have kept, and yet lost. */
  readonly moved: readonly PinnedPair[]
  /** Above what a plan costs that minds nobody; its bound is the plan's. Null when there is no plan. */
  readonly extraCost: Cost | null
}

/**
 * Plans a changed round (people dropped out, a target needs more) so that as few pairs as possible of the plan before are given
 * up: only where a place would stay free, or a rule be broken, otherwise. With `changeCost`, a pair is given up as well where that
 * saves more than it. Side constraints are left aside as in `solveRelaxation`.
 */
export function replan(problem: Problem, before: readonly PinnedPair[], changeCost?: Cost): Replan {
  const instance = instanceOf(problem)
  const fresh = new Flow(instance)
  const optimum = fresh.solve()
  if (!optimum.feasible) return { plan: solveRelaxation(problem), moved: [], extraCost: null }

  const kept = new Uint8Array(instance.pairTarget.length)
  for (const { participant, target } of before) {
    const [p, t] = [findId(instance.participants, participant), findId(instance.targets, target)]
    const pair = p < 0 || t < 0 ? -1 : findPair(instance, p, t)
    if (pair >= 0) kept[pair] = 1
  }
  const { lowerBound, certificate } = planOf(instance, optimum, 'optimal')
  const close = closest()
  const plan = planOf(instance, close, 'optimal')
  const { participants, targets, pairParticipant, pairTarget } = instance
  const moved: PinnedPair[] = []
  for (let pair = 0; pair < kept.length; pair++)
    if (kept[pair] && !close.chosen[pair])
      moved.push({ participant: participants[pairParticipant[pair]!]!, target: targets[pairTarget[pair]!]! })
  return {
    plan: { ...plan, status: plan.cost === lowerBound ? 'optimal' : 'feasible', lowerBound, certificate },
    moved,
    extraCost: plan.cost! - lowerBound!,
  }

  function closest() {
    if (changeCost === undefined) return fresh.settleKeeping(kept)
    fresh.solve(instance.pairCost.map((cost, pair) => cost - (kept[pair] ? changeCost : 0)))
    return fresh.settle()
  }
}
