import type { Highs } from 'highs'
import type { Incumbent } from './incumbents.ts'
import type { Instance } from './instances.ts'
import { columnsOf, type Found, modelOf, type PairModel, search } from './mixed-integer.ts'
import { boundOf, costOf, keepsRules, onGrid, type Prices } from './multipliers.ts'
import { improveByGroups } from './neighbourhoods.ts'
import type { SideRows } from './side-constraints.ts'

/** Nodes of the last search: enough for every tiny round that was tried, and an end for what is harder. */
const mostNodes = { tiny: 20_000, small: 5_000, middling: 500 }

/**
 * The whole round as HiGHS takes it, from the best plan so far if there is one: its root, which most rounds are proved by; else
 * better plans by groups of people; else a search tree. Says whether there was an answer.
 */
export function searchWhole(
  highs: Highs,
  instance: Instance,
  rows: SideRows,
  best: Incumbent,
  size: keyof typeof mostNodes,
): Found['status'] {
  const pairs = [...instance.pairTarget.keys()]
  const model = modelOf(instance, rows, pairs, new Uint8Array(pairs.length))
  const relaxation = search(highs, model, { relaxed: true })
  if (relaxation.status === 'infeasible') return 'infeasible'
  const prices = pricesOf(instance, rows, model, relaxation.rowDuals)
  best.prove(boundOf(instance, rows, prices), prices)

  const beside = costBeside(instance)
  // Costs are whole: less than one unit away from the bound is the bound.
  const wholeBound = (bound: number | null) => Math.ceil((bound ?? Number.NEGATIVE_INFINITY) + beside - 1e-6)
  const planOf = (columns: Float64Array) => Uint8Array.from(pairs, pair => (columns[pair]! > 0.5 ? 1 : 0))
  const searchOn = (nodes: number): Found['status'] => {
    const { status, columns, bound } = search(highs, model, {
      ...{ nodes, seed: instance.seed },
      ...(best.chosen && { start: columnsOf(instance, model, best.chosen) }),
      report: found => {
        const chosen = found.columns && planOf(found.columns)
        if (chosen && keepsRules(instance, rows, chosen))
          best.improve(chosen, costOf(instance, chosen), wholeBound(found.bound))
        else best.raise(wholeBound(found.bound))
        return false
      },
    })
    if (status !== 'optimal' && status !== 'feasible') return status
    const chosen = planOf(columns)
    if (!keepsRules(instance, rows, chosen)) throw new Error('HiGHS answered with a plan that breaks a rule')
    const cost = costOf(instance, chosen)
    best.improve(chosen, cost, status === 'optimal' ? cost : wholeBound(bound))
    return status
  }
  const root = searchOn(size === 'tiny' ? mostNodes.tiny : 1)
  if (root === 'infeasible' || best.isProved) return root
  if (best.chosen)
    improveByGroups(highs, instance, rows, best.chosen, (chosen, cost) => best.improve(chosen, cost, best.bound))
  return best.isProved ? 'optimal' : searchOn(mostNodes[size])
}

/** What targets without pairs cost in any case: they are not in the model. */
function costBeside({ targets, pairTarget, targetMinimum, shortageCost }: Instance): number {
  const known = new Set(pairTarget)
  return targets.reduce(
    (sum, _, t) => (known.has(t) || targetMinimum[t] === 0 ? sum : sum + targetMinimum[t]! * shortageCost[t]!),
    0,
  )
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
