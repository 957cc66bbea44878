import type { Highs } from 'highs'
import { drawing } from './draws.ts'
import type { Instance } from './instances.ts'
import { columnsOf, modelOf, search } from './mixed-integer.ts'
import { costOf, countsOf, keepsRules } from './multipliers.ts'
import type { SideRows } from './side-constraints.ts'

/** Groups without a better plan, before they are made larger by one. */
const patience = 25

/** Pairs of a group that HiGHS can choose among at once. */
const mostPairs = 400

/** Groups in all: an end where each finds a little. */
const mostGroups = 300

/**
 * Large neighbourhood search (Shaw, 1998): some people share out anew what they have between them, and what has room, everybody
 * else staying as he is; again and again, with others and with more. `better` is told of each plan that costs less; the cheapest is returned.
 */
export function improveByGroups(
  highs: Highs,
  instance: Instance,
  rows: SideRows,
  chosen: Uint8Array,
  better: (chosen: Uint8Array, cost: number) => void,
): Uint8Array {
  const draw = drawing(instance.seed)
  let [plan, cost] = [chosen, costOf(instance, chosen)]
  let [size, since] = [3, 0]
  for (let group = 0; group < mostGroups; group++) {
    if (size > instance.participants.length) break
    const pairs = freePairs(instance, plan, groupOf(instance.participants.length, size, draw))
    if (pairs.length > mostPairs && since > 0) break
    const model = modelOf(instance, rows, pairs, plan)
    const found = search(highs, model, { nodes: 100, seed: group, start: columnsOf(instance, model, plan) })
    const next = plan.slice()
    for (const [column, pair] of pairs.entries()) next[pair] = found.columns[column]! > 0.5 ? 1 : 0
    const price = found.columns.length > 0 ? costOf(instance, next) : cost
    if (price < cost && keepsRules(instance, rows, next)) {
      ;[plan, cost, since] = [next, price, 0]
      better(plan, cost)
    } else if (++since === patience) [size, since] = [size + 1, 0]
  }
  return plan
}

function groupOf(people: number, size: number, draw: () => number): Set<number> {
  const group = new Set<number>()
  while (group.size < Math.min(size, people)) group.add(Math.floor(draw() * people))
  return group
}

/** Of the group, with targets on which somebody of it is, or that have room. */
function freePairs(instance: Instance, plan: Uint8Array, group: ReadonlySet<number>): number[] {
  const { pairStart, pairTarget, targetMaximum } = instance
  const { fillings } = countsOf(instance, plan)
  const open = Uint8Array.from(fillings, (filling, t) => (filling < targetMaximum[t]! ? 1 : 0))
  const people = [...group].sort((one, other) => one - other)
  for (const p of people)
    for (let pair = pairStart[p]!; pair < pairStart[p + 1]!; pair++) if (plan[pair]) open[pairTarget[pair]!] = 1
  return people.flatMap(p =>
    Array.from({ length: pairStart[p + 1]! - pairStart[p]! }, (_, place) => pairStart[p]! + place).filter(
      pair => open[pairTarget[pair]!],
    ),
  )
}
