import type { Highs } from 'highs'
import { Pairs } from './certificates.ts'
import { brokenRules } from './checks.ts'
import { largestCost, type PinnedPair, type Plan, type Problem } from './problem.ts'
import { replan } from './replans.ts'
import { SearchEnded, solveWithSides } from './side-plans.ts'
import { measuredPlan } from './strategies/scored.ts'

/**
 * The plan under all constraints that leaves the fewest places free (by what they cost), of those the one that gives up the fewest
 * pairs of the plan before, of those the cheapest. Its bound is the flow's, of a plan that minds nobody. Blocks the thread; `report`
 * is told of each plan that is better by that measure.
 *
 * Everybody who can keep what he has is pinned first: where that leaves no more places free than a flow must, it is the answer, and
 * the search has only the gaps to fill. Else it is counted how few must move, and a plan is looked for at a price per move; where
 * the price did not hold them back to that number, whoever stayed in the count is pinned.
 */
export function replanWithSides(
  highs: Highs,
  problem: Problem,
  before: readonly PinnedPair[],
  report: (plan: Plan) => void = () => {},
): Plan {
  const flow = replan(problem, before).plan
  if (flow.status === 'infeasible' || brokenRules(problem, flow.pairs).length === 0) return flow
  const had = new Pairs(before)
  const kept = problem.pairs.filter(({ participant, target }) => had.has(participant, target))
  const planned = (changed: Problem): Plan | undefined => {
    const { status, pairs } = solved(highs, filledFirst(changed))
    return status === 'infeasible' ? undefined : measuredPlan(problem, 'optimal', pairs)
  }

  const staying = planned(withPins(problem, kept))
  if (staying) {
    report(staying)
    if (shortageOf(problem, staying) <= shortageOf(problem, flow)) return staying
  }
  const counting = solveWithSides(highs, countingMoves(problem, had, kept.length))
  if (counting.status === 'infeasible') return counting
  const counted = measuredPlan(problem, 'optimal', counting.pairs)
  report(counted)
  const stayed = new Pairs(counted.pairs)
  const still = kept.filter(({ participant, target }) => stayed.has(participant, target))
  const asGood = (plan: Plan | undefined) =>
    plan && shortageOf(problem, plan) <= shortageOf(problem, counted) && kept.length - still.length >= lost(kept, plan)
      ? plan
      : undefined
  return asGood(planned(pricedMoves(problem, had))) ?? asGood(planned(withPins(problem, still))) ?? counted
}

/** Whether one plan leaves more places free than another, gives up more pairs or, where that is equal, costs more. */
export function closenessTo(problem: Problem, before: readonly PinnedPair[]) {
  const measuresOf = (plan: Plan) => [shortageOf(problem, plan), lost(before, plan), plan.cost ?? 0] as const
  return (one: Plan, other: Plan): boolean => {
    const [ones, others] = [measuresOf(one), measuresOf(other)]
    const place = ones.findIndex((measure, place) => measure !== others[place])
    return place >= 0 && ones[place]! > others[place]!
  }
}

/** A search that ended without a plan is one that found none. */
function solved(highs: Highs, problem: Problem): Pick<Plan, 'status' | 'pairs'> {
  try {
    return solveWithSides(highs, problem)
  } catch (error) {
    if (error instanceof SearchEnded) return { status: 'infeasible', pairs: [] }
    throw error
  }
}

function withPins(problem: Problem, kept: readonly PinnedPair[]): Problem {
  const pinned = new Pairs(problem.pins)
  const more = kept.filter(({ participant, target }) => !pinned.has(participant, target))
  return { ...problem, pins: [...problem.pins, ...more.map(({ participant, target }) => ({ participant, target }))] }
}

/** Nothing costs anything but places that stay free and, far less, pairs that are given up. */
function countingMoves(problem: Problem, had: Pairs, kept: number): Problem {
  const unit = problem.targets.reduce((unit, { shortageCost = 0 }) => divisorOf(unit, shortageCost), 0)
  const weightOf = (shortage: number) => Math.min(largestCost, (shortage / Math.max(1, unit)) * (kept + 1))
  return {
    ...problem,
    participants: problem.participants.map(one => ({ ...one, loadCosts: one.loadCosts.map(() => 0) })),
    targets: problem.targets.map(({ shortageCost, ...one }) => ({
      ...one,
      extraValue: 0,
      ...(shortageCost !== undefined && { shortageCost: weightOf(shortageCost) }),
    })),
    pairs: problem.pairs.map(pair => ({ ...pair, cost: had.has(pair.participant, pair.target) ? -1 : 0 })),
  }
}

/** Places that stay free weigh more than whatever filling them costs; as far as numbers go. */
function filledFirst(problem: Problem): Problem {
  const largest = problem.targets.reduce((most, { shortageCost = 0 }) => Math.max(most, shortageCost), 1)
  const factor = Math.max(1, Math.min(Math.floor(largestCost / largest), movePrice(problem)))
  return {
    ...problem,
    targets: problem.targets.map(({ shortageCost, ...one }) => ({
      ...one,
      ...(shortageCost !== undefined && { shortageCost: shortageCost * factor }),
    })),
  }
}

/** Several times what a move can save by itself; a chain of others may save more, which the count shows. */
function movePrice({ pairs, participants }: Problem): number {
  let [least, most] = [0, 0]
  for (const { cost } of pairs) [least, most] = [Math.min(least, cost), Math.max(most, cost)]
  for (const { loadCosts } of participants) most = Math.max(most, loadCosts.at(-1) ?? 0)
  return Math.min(largestCost + least, 10 * (most - least) + 1)
}

function pricedMoves(problem: Problem, had: Pairs): Problem {
  const price = movePrice(problem)
  return {
    ...problem,
    pairs: problem.pairs.map(pair =>
      had.has(pair.participant, pair.target) ? { ...pair, cost: pair.cost - price } : pair,
    ),
  }
}

function shortageOf(problem: Problem, { shortages }: Plan): number {
  const costs = new Map(problem.targets.map(({ id, shortageCost = 0 }) => [id, shortageCost]))
  return shortages.reduce((sum, { target, missing }) => sum + missing * costs.get(target)!, 0)
}

function lost(kept: readonly PinnedPair[], plan: Plan): number {
  const has = new Pairs(plan.pairs)
  return kept.filter(({ participant, target }) => !has.has(participant, target)).length
}

const divisorOf = (one: number, other: number): number => (other === 0 ? one : divisorOf(other, one % other))
