import { Flow } from './flow.ts'
import type { Instance } from './instances.ts'
import { countsOf, keepsRules } from './multipliers.ts'
import { NetworkSimplex } from './network-simplex.ts'
import { activityOf, type SideRows, violationsOf } from './side-constraints.ts'

/** Rounds of forbidding: those that end with a plan took fewer, of up to 450,000 pairs. */
const mostRounds = 60

/**
 * A plan that keeps every rule, quickly, and no more than one to begin with: first the people that mixes ask for, then all others,
 * each time the cheapest by a flow. Of pairs that hours, rest or a relation do not allow together those that are missed least are
 * forbidden, and the flow goes on from where it was. Undefined: none was found, which does not mean that there is none.
 */
export function findFirstPlan(instance: Instance, rows: SideRows): Uint8Array | undefined {
  const pinned = instance.pinned.slice()
  const mixes = rows.constraints.flatMap(({ kind }, row) => (kind === 'mix' ? [row] : []))
  const targetOf = (row: number) => instance.pairTarget[rows.rowPair[rows.rowStart[row]!]!]!
  // A target's second mix counts whom its first one brought.
  for (let rest = mixes; rest.length > 0; ) {
    const seen = new Set<number>()
    const now = rest.filter(row => !seen.has(targetOf(row)) && seen.add(targetOf(row)))
    rest = rest.filter(row => !now.includes(row))
    const chosen = planMixes(instance, rows, now, pinned)
    if (!chosen) return undefined
    pinned.set(chosen)
  }
  const chosen = planWithout({ ...instance, pinned }, rows, instance.pairCost)
  return chosen && keepsRules(instance, rows, chosen) ? chosen : undefined
}

/** Who fills one mix of each target beside whom `pinned` puts there, as if nothing else were asked for. */
function planMixes(instance: Instance, rows: SideRows, mixes: readonly number[], pinned: Uint8Array) {
  const { fillings } = countsOf(instance, pinned)
  const costs = new Float64Array(instance.pairCost.length).fill(forbiddenIn(instance))
  for (const row of mixes) {
    const lacking = activityOf(rows, row, pinned) - rows.rowBound[row]!
    for (let place = rows.rowStart[row]!; place < rows.rowStart[row + 1]!; place++) {
      const pair = rows.rowPair[place]!
      costs[pair] = instance.pairCost[pair]!
      if (place === rows.rowStart[row]) fillings[instance.pairTarget[pair]!]! += Math.max(0, lacking)
    }
  }
  const people = new Int32Array(instance.participants.length)
  const musts = new Float64Array(instance.targets.length).fill(Number.POSITIVE_INFINITY)
  const ofMixes = { targetMinimum: fillings, targetMaximum: fillings, participantMinimum: people, shortageCost: musts }
  return planWithout({ ...instance, pinned, ...ofMixes }, rows, costs)
}

/** A plan of a flow that keeps hours, rest and relations, and takes no pair whose cost is that of a forbidden one. */
function planWithout(instance: Instance, rows: SideRows, pairCosts: Float64Array): Uint8Array | undefined {
  const { pinned, pairParticipant, pairTarget } = instance
  const forbidden = forbiddenIn(instance)
  const costs = pairCosts.slice()
  const flow = new Flow(instance)
  for (let round = 0; round < mostRounds; round++) {
    const { feasible, chosen, participantPrices, targetPrices } = flow.solve(costs)
    if (!feasible || chosen.some((taken, pair) => taken && !pinned[pair] && costs[pair] === forbidden)) return undefined
    const violations = violationsOf(rows, chosen).filter(({ row }) => rows.constraints[row]!.kind !== 'mix')
    if (violations.length === 0) return chosen
    const missed = (pair: number) =>
      targetPrices[pairTarget[pair]!]! - participantPrices[pairParticipant[pair]!]! - costs[pair]!
    for (const { row, excess } of violations) {
      const places = Array.from(
        { length: rows.rowStart[row + 1]! - rows.rowStart[row]! },
        (_, place) => rows.rowStart[row]! + place,
      ).filter(place => !pinned[rows.rowPair[place]!])
      // Who is to be together with somebody who is not there is not there either, nor the other instead of him.
      if (rows.rowEqual[row]) for (const place of places) costs[rows.rowPair[place]!] = forbidden
      const taken = places
        .map(place => ({ pair: rows.rowPair[place]!, weight: rows.rowCoefficient[place]! }))
        .filter(({ pair }) => chosen[pair])
        .map(one => ({ ...one, loss: missed(one.pair) / one.weight }))
        .toSorted((one, other) => one.loss - other.loss || other.weight - one.weight || one.pair - other.pair)
      let over = rows.rowEqual[row] ? 0 : excess
      for (const { pair, weight } of taken) {
        if (over <= 0) break
        costs[pair] = forbidden
        over -= weight
      }
    }
  }
  return undefined
}

/** More than any way around a forbidden pair costs, in rounds of usual costs; where it is not, a round has no first plan. */
const forbiddenIn = ({ participants, targets }: Instance) =>
  Math.min(2 ** 36, NetworkSimplex.costLimit(1 + participants.length + targets.length))
