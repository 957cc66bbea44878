import { instanceOf } from '../instances.ts'
import { costOf, shortagesOf, solveRelaxation } from '../plans.ts'
import type { PinnedPair, Plan, Problem } from '../problem.ts'
import { chosenOf } from '../side-plans.ts'
import { measureRound, solveRound } from '../solving.ts'
import type { PlanContext } from './strategy.ts'

/**
 * The plan that is best by another measure than the round's costs, and what it costs by those: all rules are kept, and the bound
 * is the flow's, below which no plan of the round is.
 */
export async function planByScore(
  problem: Problem,
  scored: Problem,
  strategy: string,
  { signal, seconds, start, onProgress, onEffort }: PlanContext,
): Promise<Plan> {
  // What plans cost by the measure says nothing to anybody; which one it is does.
  const plan = await solveRound(scored, {
    ...{ signal, seconds, start, onEffort },
    onProgress: ({ elapsedMs, pairs }) => onProgress?.({ elapsedMs, cost: null, lowerBound: null, gap: null, pairs }),
  })
  return plan.status === 'infeasible' ? { ...plan, strategy } : measureRound(problem, strategy, plan.pairs)
}

/** The pairs as a plan of the round. Blocks the thread. */
export function measuredPlan(problem: Problem, strategy: string, pairs: readonly PinnedPair[]): Plan {
  const instance = instanceOf(problem)
  const chosen = chosenOf(instance, { pairs })
  const cost = costOf(instance, chosen)
  const relaxed = solveRelaxation(problem)
  return {
    ...relaxed,
    ...{ strategy, cost, pairs, shortages: shortagesOf(instance, chosen) },
    status: relaxed.lowerBound === cost ? 'optimal' : 'feasible',
  }
}

/** The round when loads cost nothing and pairs what a measure says, in thousandths. */
export function scoredBy(problem: Problem, scoreOf: (pair: Problem['pairs'][number]) => number): Problem {
  return {
    ...problem,
    participants: problem.participants.map(participant => ({
      ...participant,
      loadCosts: participant.loadCosts.map((_, load) => load),
    })),
    pairs: problem.pairs.map(pair => ({ ...pair, cost: Math.round(1000 * scoreOf(pair)) })),
  }
}
