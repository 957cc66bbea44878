import { brokenRules } from './checks.ts'
import type { Demand, PinnedPair, Problem } from './problem.ts'

/** What the cheapest plan costs, by trying every set of pairs; null when none keeps the rules. For a dozen pairs. */
export function cheapestOf(problem: Problem): number | null {
  let cheapest: number | null = null
  for (const chosen of subsetsOf(problem.pairs)) {
    const cost = costOf(problem, chosen)
    if ((cheapest === null || cost < cheapest) && brokenRules(problem, chosen).length === 0) cheapest = cost
  }
  return cheapest
}

/** Whether demands can be met, were they all that is demanded. */
export function canBeMet({ pairs, participants, targets }: Problem, demands: readonly Demand[]): boolean {
  for (const chosen of subsetsOf(pairs)) {
    const met = demands.every(demand => {
      const on = (who: Partial<PinnedPair>) =>
        chosen.filter(pair => Object.entries(who).every(([key, id]) => pair[key as keyof PinnedPair] === id)).length
      if (demand.kind === 'targetMinimum') return on({ target: demand.target }) >= find(targets, demand.target).minimum
      if (demand.kind === 'targetMaximum') return on({ target: demand.target }) <= find(targets, demand.target).maximum
      if (demand.kind === 'participantMinimum')
        return on({ participant: demand.participant }) >= find(participants, demand.participant).minimum
      if (demand.kind === 'participantMaximum')
        return on({ participant: demand.participant }) <= find(participants, demand.participant).maximum
      if (demand.kind === 'pin') return on({ participant: demand.participant, target: demand.target }) === 1
      throw new Error(`${demand.kind} is no demand of a flow`)
    })
    if (met) return true
  }
  return false
}

function* subsetsOf<T>(items: readonly T[]): Generator<T[]> {
  for (let bits = 0; bits < 2 ** items.length; bits++) yield items.filter((_, place) => (bits >> place) & 1)
}

function costOf(
  { participants, targets }: Problem,
  chosen: readonly { participant: string; target: string; cost: number }[],
) {
  let cost = chosen.reduce((sum, pair) => sum + pair.cost, 0)
  for (const { id, loadCosts } of participants) {
    const load = chosen.filter(({ participant }) => participant === id).length
    for (const step of loadCosts.slice(0, load)) cost += step
  }
  for (const { id, minimum, shortageCost = 0, extraValue } of targets) {
    const count = chosen.filter(({ target }) => target === id).length
    cost += count < minimum ? (minimum - count) * shortageCost : (minimum - count) * extraValue
  }
  return cost
}

const find = <T extends { readonly id: string }>(list: readonly T[], id: string): T =>
  list.find(item => item.id === id)!
