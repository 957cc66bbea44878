import { Pairs } from './certificates.ts'
import { Flow } from './flow.ts'
import { findId, findPair, instanceOf } from './instances.ts'
import { planOf, solveRelaxation } from './plans.ts'
import type { Cost, PinnedPair, Plan, Problem } from './problem.ts'

/** A plan that stays close to the one before, and what that costs. */
export interface Replan {
  readonly plan: Plan
  /** What people had, could have kept, and yet lost. */
  readonly moved: readonly PinnedPair[]
  /** Above what a plan costs at least that minds nobody, which is the plan's bound. Null when there is no plan. */
  readonly extraCost: Cost | null
}

/**
 * Plans a changed round (people dropped out, a target needs more) so that as few pairs as possible of the plan before are given
 * up: only where a place would stay free, or a rule be broken, otherwise. With `changeCost`, a pair is given up as well where that
 * saves more than it. Side constraints are left aside as in `solveRelaxation`; `replanRound` keeps them.
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
  const status = plan.cost === lowerBound ? 'optimal' : 'feasible'
  return replanOf(problem, before, { ...plan, status, lowerBound, certificate })

  function closest() {
    if (changeCost === undefined) return fresh.settleKeeping(kept)
    fresh.solve(instance.pairCost.map((cost, pair) => cost - (kept[pair] ? changeCost : 0)))
    return fresh.settle()
  }
}

/** A plan of the changed round beside the plan before. */
export function replanOf(problem: Problem, before: readonly PinnedPair[], plan: Plan): Replan {
  if (plan.cost === null || plan.lowerBound === null) return { plan, moved: [], extraCost: null }
  const [had, has] = [new Pairs(before), new Pairs(plan.pairs)]
  const moved = problem.pairs
    .filter(({ participant, target }) => had.has(participant, target) && !has.has(participant, target))
    .map(({ participant, target }) => ({ participant, target }))
    .toSorted((one, other) =>
      one.participant === other.participant
        ? one.target < other.target
          ? -1
          : 1
        : one.participant < other.participant
          ? -1
          : 1,
    )
  return { plan, moved, extraCost: plan.cost - plan.lowerBound }
}
