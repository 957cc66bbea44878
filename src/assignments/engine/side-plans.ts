import type { Highs } from 'highs'
import { decompose } from './decomposition.ts'
import { findFirstPlan } from './first-plans.ts'
import { Flow } from './flow.ts'
import { Incumbent } from './incumbents.ts'
import { type Instance, instanceOf } from './instances.ts'
import { costOf } from './multipliers.ts'
import { engineVersion, solveRelaxation } from './plans.ts'
import type { Demand, Plan, Problem } from './problem.ts'
import { findLinearConflict, findSideConflict } from './side-conflicts.ts'
import { isHopeless, sideRowsOf, violationsOf } from './side-constraints.ts'
import { searchWhole } from './whole-search.ts'

/** Nothing was found in the work that was allowed, neither a plan nor that there is none. */
export class SearchEnded extends Error {
  override name = 'SearchEnded'
}

/** Up to so many pairs a first plan, and whether there can be one, is left to HiGHS. */
const tinyRound = 200

/** Up to so many it takes the round as it is: it is the quicker one there, and finds the better plans. */
const smallRound = 5_000

/** Up to so many it goes on where the decomposition leaves a gap. */
const middlingRound = 50_000

/** Up to so many pairs it is asked by a linear programme whether there is a plan at all. */
const linearProgramme = 100_000

/**
 * The cheapest plan that is found under all constraints, with the best bound. Blocks the thread. `report` is told of each better plan
 * and bound; what it was told last is the answer when the thread is ended. The same problem and seed give the same plan,
 * as all work is counted in steps and nodes, not in seconds.
 */
export function solveWithSides(highs: Highs, problem: Problem, report: (plan: Plan) => void = () => {}): Plan {
  const instance = instanceOf(problem)
  const relaxed = solveRelaxation(problem)
  if (relaxed.status === 'infeasible') return relaxed
  const rows = sideRowsOf(problem, instance)
  if (rows.rowBound.length === 0) return relaxed
  const flow = new Flow(instance).solve()
  if (violationsOf(rows, chosenOf(instance, relaxed)).length === 0) return relaxed
  const infeasible = (demands: readonly Demand[]): Plan => ({
    ...{ engine: engineVersion, strategy: 'optimal', status: 'infeasible' },
    ...{ cost: null, lowerBound: null, pairs: [], shortages: [] },
    certificate: { kind: 'conflict', demands, claimedBy: 'HiGHS' },
  })
  if (isHopeless(rows)) return infeasible(findSideConflict(highs, problem))

  const size = instance.pairTarget.length
  const start = {
    participants: flow.participantPrices,
    targets: flow.targetPrices,
    rows: new Float64Array(rows.rowBound.length),
  }
  const best = new Incumbent(instance, rows, {
    ...{ bound: relaxed.lowerBound!, prices: start, report },
    claimedBy: size <= smallRound ? 'HiGHS' : 'decomposition and HiGHS',
  })
  const first = size <= tinyRound ? undefined : findFirstPlan(instance, rows)
  // Where no plan is quickly found it is asked first whether there can be one: prices that rise without end would not tell.
  if (!first && size > tinyRound && size <= linearProgramme) {
    const conflict = findLinearConflict(highs, problem, instance, rows)
    if (conflict) return infeasible(conflict)
  }
  if (size > smallRound) {
    const found = decompose(highs, instance, rows, flow.targetPrices, {
      report: (chosen, cost, bound) => {
        if (chosen) best.improve(chosen, cost, bound)
        return false
      },
    })
    if (found.chosen) {
      best.prove(found.proved.bound, found.proved.prices)
      best.improve(found.chosen, found.cost, found.bound)
      if (best.isProved || size > middlingRound) return best.plan()
    }
  } else if (first) best.improve(first, costOf(instance, first), Number.NEGATIVE_INFINITY)
  const answer = searchWhole(
    highs,
    instance,
    rows,
    best,
    size <= tinyRound ? 'tiny' : size <= smallRound ? 'small' : 'middling',
  )
  if (best.chosen) return best.plan()
  if (answer === 'nothing')
    throw new SearchEnded(
      'No plan was found in the work that a round is given, nor that there is none. Give the round more people or fewer demands.',
    )
  return infeasible(findSideConflict(highs, problem))
}

export function chosenOf(instance: Instance, plan: Pick<Plan, 'pairs'>): Uint8Array {
  const planned = new Set(plan.pairs.map(({ participant, target }) => JSON.stringify([participant, target])))
  return Uint8Array.from(instance.pairTarget, (t, pair) =>
    planned.has(JSON.stringify([instance.participants[instance.pairParticipant[pair]!], instance.targets[t]])) ? 1 : 0,
  )
}
