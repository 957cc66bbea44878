import type { Highs } from 'highs'
import { decompose } from './decomposition.ts'
import { findFirstPlan } from './first-plans.ts'
import { Flow } from './flow.ts'
import { type Instance, instanceOf } from './instances.ts'
import { modelOf, type PairModel, search } from './mixed-integer.ts'
import { boundOf, costOf, keepsRules, onGrid, type Prices } from './multipliers.ts'
import { engineVersion, pairsOf, shortagesOf, solveRelaxation } from './plans.ts'
import type { Demand, Plan, Problem } from './problem.ts'
import { findLinearConflict, findSideConflict } from './side-conflicts.ts'
import { isHopeless, type SideRows, sideRowsOf, violationsOf } from './side-constraints.ts'

/** Nothing was found in the work that was allowed, neither a plan nor that there is none. */
export class SearchEnded extends Error {
  override name = 'SearchEnded'
}

/** Up to so many pairs HiGHS takes the round as it is. */
const smallRound = 200

/** Up to so many pairs it is asked by a linear programme whether there is a plan at all. */
const linearProgramme = 100_000

/** Nodes of a search: enough for every small round that was tried, and an end for the one that is harder. */
const mostNodes = 20_000

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
  const start = {
    participants: flow.participantPrices,
    targets: flow.targetPrices,
    rows: new Float64Array(rows.rowBound.length),
  }
  const small = instance.pairTarget.length <= smallRound
  let proved = { bound: relaxed.lowerBound!, prices: start as Prices }
  const planOf = (chosen: Uint8Array, cost: number, bound: number): Plan => {
    const proven = Math.min(cost, Math.ceil(proved.bound - 1e-6))
    const lowerBound = Math.max(bound, proven)
    return {
      ...{
        engine: engineVersion,
        strategy: 'optimal',
        status: lowerBound >= cost ? 'optimal' : 'feasible',
        cost,
        lowerBound,
      },
      pairs: pairsOf(instance, chosen),
      shortages: shortagesOf(instance, chosen),
      certificate: {
        kind: 'prices',
        participants: pricesBy(instance.participants, proved.prices.participants),
        targets: pricesBy(instance.targets, proved.prices.targets),
        multipliers: rows.constraints.flatMap((constraint, row) =>
          proved.prices.rows[row] ? [{ constraint, price: proved.prices.rows[row]! }] : [],
        ),
        ...(lowerBound > proven && { claimed: { by: small ? 'HiGHS' : 'decomposition and HiGHS', lowerBound } }),
      },
    }
  }

  const infeasible = (demands: readonly Demand[]): Plan => ({
    ...{ engine: engineVersion, strategy: 'optimal', status: 'infeasible' },
    ...{ cost: null, lowerBound: null, pairs: [], shortages: [] },
    certificate: { kind: 'conflict', demands, claimedBy: 'HiGHS' },
  })
  const hopeless = isHopeless(rows)
  // Where no plan is quickly found it is asked first whether there can be one: prices that rise without end would not tell.
  if (!small && !hopeless && instance.pairTarget.length <= linearProgramme && !findFirstPlan(instance, rows)) {
    const conflict = findLinearConflict(highs, problem, instance, rows)
    if (conflict) return infeasible(conflict)
  }
  if (!small && !hopeless) {
    let [last, lastGap] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    const found = decompose(highs, instance, rows, flow.targetPrices, {
      report: (chosen, cost, bound) => {
        // A bound that hardly rose is not worth writing ten thousand pairs for.
        if (chosen && (cost < last || cost - bound < 0.9 * lastGap)) {
          ;[last, lastGap] = [cost, cost - bound]
          report(planOf(chosen, cost, bound))
        }
        return false
      },
    })
    if (found.chosen) {
      if (found.proved.bound > proved.bound) proved = found.proved
      return planOf(found.chosen, found.cost, found.bound)
    }
  }
  const pairs = [...instance.pairTarget.keys()]
  const model = modelOf(instance, rows, pairs, new Uint8Array(pairs.length))
  const relaxation = hopeless ? undefined : search(highs, model, { relaxed: true })
  if (relaxation && relaxation.status !== 'infeasible') {
    const prices = pricesOf(instance, rows, model, relaxation.rowDuals)
    const bound = boundOf(instance, rows, prices)
    if (bound > proved.bound) proved = { bound, prices }
    const asPlan = (columns: Float64Array) => Uint8Array.from(pairs, pair => (columns[pair]! > 0.5 ? 1 : 0))
    const found = search(highs, model, {
      ...{ nodes: mostNodes, seed: problem.seed },
      report: ({ columns, bound }) => {
        if (columns) {
          const chosen = asPlan(columns)
          if (keepsRules(instance, rows, chosen))
            report(planOf(chosen, costOf(instance, chosen), Math.ceil((bound ?? Number.NEGATIVE_INFINITY) - 1e-6)))
        }
        return false
      },
    })
    if (found.status === 'optimal' || found.status === 'feasible') {
      const chosen = asPlan(found.columns)
      if (!keepsRules(instance, rows, chosen)) throw new Error('HiGHS answered with a plan that breaks a rule')
      const cost = costOf(instance, chosen)
      // Costs are whole: less than one unit away from the bound is the bound.
      // Targets without pairs are not in the model: what they cost in any case is the difference.
      const bound = found.bound + cost - found.cost
      return planOf(chosen, cost, found.status === 'optimal' ? cost : Math.min(cost, Math.ceil(bound - 1e-6)))
    }
    if (found.status === 'nothing')
      throw new SearchEnded(
        `No plan was found in ${mostNodes} steps, nor that there is none. Give the round more people or fewer demands.`,
      )
  }
  return infeasible(findSideConflict(highs, problem))
}

/** Dual values of the relaxed model as prices. */
function pricesOf(instance: Instance, rows: SideRows, model: PairModel, duals: Float64Array): Prices {
  const prices = {
    participants: new Float64Array(instance.participants.length),
    targets: new Float64Array(instance.targets.length),
    rows: new Float64Array(rows.rowBound.length),
  }
  for (const [row, { kind, place }] of model.row.entries()) {
    const dual = onGrid(duals[row]!)
    if (kind === 'participant') prices.participants[place] = -dual
    else if (kind === 'target') prices.targets[place] = dual
    else prices.rows[place] = rows.rowEqual[place] ? -dual : Math.max(0, -dual)
  }
  return prices
}

export function chosenOf(instance: Instance, plan: Pick<Plan, 'pairs'>): Uint8Array {
  const planned = new Set(plan.pairs.map(({ participant, target }) => JSON.stringify([participant, target])))
  return Uint8Array.from(instance.pairTarget, (t, pair) =>
    planned.has(JSON.stringify([instance.participants[instance.pairParticipant[pair]!], instance.targets[t]])) ? 1 : 0,
  )
}

const pricesBy = (ids: readonly string[], prices: Float64Array) =>
  Object.fromEntries(ids.map((id, place) => [id, prices[place]!] as const).filter(([, price]) => price !== 0))
