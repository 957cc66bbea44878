import type { Instance } from './instances.ts'
import { activityOf, type SideRows } from './side-constraints.ts'

/** Prices of everything that couples pairs: what they prove is `boundOf`. Not negative for rows that are "at most". */
export interface Prices {
  readonly participants: Float64Array
  readonly targets: Float64Array
  readonly rows: Float64Array
}

/** The sum that `Certificate` writes down, of prices that are multiples of 2 ** −20: no plan costs less. */
export function boundOf(instance: Instance, rows: SideRows, prices: Prices): number {
  const reduced = reducedCosts(instance, rows, prices)
  let bound = 0
  for (let pair = 0; pair < reduced.length; pair++)
    if (instance.pinned[pair] || reduced[pair]! < 0) bound += reduced[pair]!
  for (let p = 0; p < instance.participants.length; p++) bound += bestLoad(instance, p, prices.participants[p]!).value
  for (let t = 0; t < instance.targets.length; t++) bound += bestFilling(instance, t, prices.targets[t]!).value
  for (let row = 0; row < prices.rows.length; row++) bound -= prices.rows[row]! * rows.rowBound[row]!
  return bound
}

/** What a pair costs beside what its participant, its target and its rows are worth. */
function reducedCosts(instance: Instance, rows: SideRows, prices: Prices): Float64Array {
  const { pairParticipant, pairTarget, pairCost } = instance
  const reduced = new Float64Array(pairCost.length)
  for (let pair = 0; pair < reduced.length; pair++) {
    let cost = pairCost[pair]! + prices.participants[pairParticipant[pair]!]! - prices.targets[pairTarget[pair]!]!
    for (let at = rows.pairRowStart[pair]!; at < rows.pairRowStart[pair + 1]!; at++)
      cost += prices.rows[rows.pairRow[at]!]! * rows.rowCoefficient[rows.pairRowPlace[at]!]!
    reduced[pair] = cost
  }
  return reduced
}

/** The load that costs least at a price, and what it costs: the largest of them. */
export function bestLoad(instance: Instance, p: number, price: number): { load: number; value: number } {
  const [start, least, most] = [
    instance.loadStart[p]!,
    instance.participantMinimum[p]!,
    instance.participantMaximum[p]!,
  ]
  let [load, value] = [0, 0]
  while (load < most && (load < least || instance.loadCosts[start + load]! <= price))
    value += instance.loadCosts[start + load++]! - price
  return { load, value: load < least ? Number.POSITIVE_INFINITY : value }
}

/** The filling of a target that costs least at a price, and what it costs. */
export function bestFilling(instance: Instance, t: number, price: number): { filling: number; value: number } {
  const [minimum, maximum] = [instance.targetMinimum[t]!, instance.targetMaximum[t]!]
  const [shortage, extra] = [instance.shortageCost[t]!, instance.extraValue[t]!]
  if (price > shortage) return { filling: 0, value: minimum * shortage }
  if (price < extra) return { filling: maximum, value: maximum * price - (maximum - minimum) * extra }
  return { filling: minimum, value: minimum * price }
}

/** What a plan costs, `chosen` being 0 or 1. */
export function costOf(instance: Instance, chosen: ArrayLike<number>): number {
  const { loads, fillings } = countsOf(instance, chosen)
  let cost = 0
  for (let pair = 0; pair < chosen.length; pair++) if (chosen[pair]) cost += instance.pairCost[pair]!
  for (let p = 0; p < loads.length; p++)
    for (let load = 0; load < loads[p]!; load++) cost += instance.loadCosts[instance.loadStart[p]! + load]!
  for (let t = 0; t < fillings.length; t++) {
    const missing = instance.targetMinimum[t]! - fillings[t]!
    if (missing > 0) cost += missing * instance.shortageCost[t]!
    else cost += missing * instance.extraValue[t]!
  }
  return cost
}

/** Whether a plan keeps every rule of the instance and of the rows. */
export function keepsRules(instance: Instance, rows: SideRows, chosen: ArrayLike<number>): boolean {
  const { loads, fillings } = countsOf(instance, chosen)
  for (let pair = 0; pair < chosen.length; pair++) if (instance.pinned[pair] && !chosen[pair]) return false
  for (let p = 0; p < loads.length; p++)
    if (loads[p]! < instance.participantMinimum[p]! || loads[p]! > instance.participantMaximum[p]!) return false
  for (let t = 0; t < fillings.length; t++)
    if (
      fillings[t]! > instance.targetMaximum[t]! ||
      (fillings[t]! < instance.targetMinimum[t]! && instance.shortageCost[t] === Number.POSITIVE_INFINITY)
    )
      return false
  for (let row = 0; row < rows.rowBound.length; row++) {
    const over = activityOf(rows, row, chosen) - rows.rowBound[row]!
    if (over > 0 || (rows.rowEqual[row] && over < 0)) return false
  }
  return true
}

export function countsOf(instance: Instance, chosen: ArrayLike<number>): { loads: Int32Array; fillings: Int32Array } {
  const loads = new Int32Array(instance.participants.length)
  const fillings = new Int32Array(instance.targets.length)
  for (let pair = 0; pair < chosen.length; pair++)
    if (chosen[pair]) {
      loads[instance.pairParticipant[pair]!]!++
      fillings[instance.pairTarget[pair]!]!++
    }
  return { loads, fillings }
}

/** A multiple of 2 ** −20: sums of such numbers times whole ones are exact. */
export const onGrid = (price: number): number => Math.round(price * 2 ** 20) / 2 ** 20
