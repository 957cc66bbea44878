import { type Cost, largestCost, type PinnedPair, type Plan, type Problem } from './problem.ts'

// Everybody is to come close to his fair share: of each target's places in each round, one part for each who could have filled them.
// Hence the rule for newcomers and returners, in one sentence: what counts are the rounds in which somebody could have been asked, so
// a newcomer owes nothing for the time before him, and who was away for `forgottenAfter` rounds on end starts again at even.

/** A round that was planned: who could have done what, and who did. */
export interface PastRound {
  readonly eligible: readonly PinnedPair[]
  readonly assigned: readonly PinnedPair[]
  /** By participant, where they were added up when it was planned: then `eligible` is not asked. */
  readonly shares?: ReadonlyMap<string, number>
}

/** What somebody has done, and what would have been his fair share of it. */
export interface Standing {
  readonly load: number
  readonly share: number
}

/** How much each matters, 0 to 1: points of a pair's cost, of a shift beyond the fair share, of doing the same again. */
export interface Weights {
  readonly preference: number
  readonly fairness: number
  readonly rotation: number
}

export const defaultWeights: Weights = { preference: 0.5, fairness: 0.5, rotation: 0.2 }

/** Rounds away on end, after which somebody's standing is even again. */
const forgottenAfter = 8

/** What a shift ahead of the fair share weighs, in points of preference (which go from 0 to 100). */
const shiftPoints = 100

/** Shares and loads up to now, by participant. Who could never be asked is not in it. */
export function standingsOf(rounds: readonly PastRound[]): Map<string, Standing> {
  let standings: ReadonlyMap<string, Standing> = new Map()
  for (const after of standingsAfterEach(rounds)) standings = after
  return new Map([...standings].map(([participant, { load, share }]) => [participant, { load, share }]))
}

/** Shares and loads after each of the rounds: one map, which goes on changing. */
export function* standingsAfterEach(rounds: readonly PastRound[]): Generator<ReadonlyMap<string, Standing>> {
  const standings = new Map<string, { load: number; share: number; seen: number }>()
  for (const [number, round] of rounds.entries()) {
    const shares =
      round.shares ??
      sharesOf(
        round.eligible,
        countBy(round.assigned, pair => pair.target),
      )
    for (const [participant, share] of shares) {
      const before = standings.get(participant)
      if (before === undefined) standings.set(participant, { load: 0, share, seen: number })
      else if (number - before.seen > forgottenAfter)
        // Even: what he had done and what was his share become one number, so that neither is made up for.
        standings.set(participant, { load: before.load, share: before.load + share, seen: number })
      else Object.assign(before, { share: before.share + share, seen: number })
    }
    for (const { participant } of round.assigned) {
      const standing = standings.get(participant)
      if (standing) standing.load++
    }
    yield standings
  }
}

/** Of each target's places, one part for each who could fill them. */
export function sharesOf(eligible: readonly PinnedPair[], places: ReadonlyMap<string, number>): Map<string, number> {
  const able = countBy(eligible, pair => pair.target)
  const parts = new Map([...able].map(([target, count]) => [target, Math.min(1, (places.get(target) ?? 0) / count)]))
  const shares = new Map<string, number>()
  // Pairs mostly come target by target: half the looking up is left out.
  let last: string | undefined
  let part = 0
  for (const { participant, target } of eligible) {
    if (target !== last) [last, part] = [target, parts.get(target)!]
    shares.set(participant, (shares.get(participant) ?? 0) + part)
  }
  return shares
}

/** How lately and how often somebody did a target: 1 for the last round, 0.7 for the one before, and so on, added up. */
export function recencyOf(rounds: readonly PastRound[]): (participant: string, target: string) => number {
  const recency = new Map<string, Map<string, number>>()
  rounds.forEach(({ assigned }, number) => {
    const weight = 0.7 ** (rounds.length - 1 - number)
    for (const { participant, target } of assigned) {
      const his = recency.get(participant) ?? new Map<string, number>()
      recency.set(participant, his.set(target, (his.get(target) ?? 0) + weight))
    }
  })
  return recency.size === 0 ? () => 0 : (participant, target) => recency.get(participant)?.get(target) ?? 0
}

/**
 * The round as it is solved: `pairs` come with points of dislike (0 to 100) as their cost and leave with the weighed cost, loads
 * get convex costs. `unit` units of cost are one point; below one point, of plans that cost the same the one is taken whose loads
 * of the round are leximin (the square of the loads: the loads that a flow allows at one cost are an M-convex set, on which
 * the least sum of squares and the leximin vector are the same; Frank and Murota 2022).
 * `most` is the most that a pair and a load cost together; it is no more than `largest`, for which the unit gives way.
 */
export function weighRound(
  problem: Problem,
  history: readonly PastRound[],
  weights: Weights,
  largest = largestCost,
): { problem: Problem; unit: number; most: Cost } {
  const shares = sharesOf(problem.pairs, new Map(problem.targets.map(target => [target.id, target.minimum])))
  const standings = standingsOf(afterAbsence(history, shares))
  const recency = recencyOf(history)
  const ahead = new Map(
    problem.participants.map(({ id }) => {
      const { load, share } = standings.get(id) ?? { load: 0, share: 0 }
      return [id, load - share - (shares.get(id) ?? 0)]
    }),
  )
  const least = Math.min(
    0,
    ...problem.participants.filter(({ maximum }) => maximum > 0).map(({ id }) => ahead.get(id)!),
  )
  const loadPoints = (id: string, taken: number) =>
    Math.round(weights.fairness * shiftPoints * 2 * (ahead.get(id)! + taken - least))
  const pairPoints = problem.pairs.map(({ participant, target, cost }) =>
    Math.round(weights.preference * cost + weights.rotation * shiftPoints * recency(participant, target)),
  )
  const most =
    problem.participants.reduce((found, { id, maximum }) => Math.max(found, loadPoints(id, maximum)), 1) +
    pairPoints.reduce((found, points) => Math.max(found, points), 1)
  const squares = problem.participants.reduce((sum, { maximum }) => sum + maximum ** 2, 0)
  // Squares stay below a point where costs have room for that.
  const unit = Math.max(1, Math.min(10 ** Math.ceil(Math.log10(squares + 1)), Math.floor(largest / (most + 1))))
  return {
    unit,
    most: unit * (most + 1),
    problem: {
      ...problem,
      participants: problem.participants.map(participant => ({
        ...participant,
        loadCosts: Array.from(
          { length: participant.maximum },
          // (d + 1)² − d² for the square of the distance d to the fair share. Counted from whoever is furthest behind: never negative.
          (_, taken) => unit * loadPoints(participant.id, taken) + 2 * taken + 1,
        ),
      })),
      pairs: problem.pairs.map((pair, place) => ({ ...pair, cost: unit * (pairPoints[place] ?? 0) })),
    },
  }
}

/** Returners are seen in this round: their absence ends with it, not with the next. */
function afterAbsence(history: readonly PastRound[], shares: ReadonlyMap<string, number>): readonly PastRound[] {
  const seen = new Map([...shares.keys()].map(participant => [participant, 0]))
  return [...history, { eligible: [], assigned: [], shares: seen }]
}

/** Smaller than 0 when `one` is the fairer of two vectors of load for people with equal shares: less in squares, then leximin. */
export function compareLoads(one: readonly number[], other: readonly number[]): number {
  const squares = (loads: readonly number[]) => loads.reduce((sum, load) => sum + load ** 2, 0)
  const difference = squares(one) - squares(other)
  if (difference !== 0) return difference
  const [first, second] = [one, other].map(loads => loads.toSorted((a, b) => b - a)) as [number[], number[]]
  for (let place = 0; place < Math.max(first.length, second.length); place++) {
    const worse = (first[place] ?? 0) - (second[place] ?? 0)
    if (worse !== 0) return worse
  }
  return 0
}

/** 0 when everybody's load is in the same ratio to his share, towards 1 when one does all. */
export function giniOf(standings: Iterable<Standing>): number {
  const ratios = [...standings].filter(({ share }) => share > 0).map(({ load, share }) => load / share)
  ratios.sort((a, b) => a - b)
  const total = ratios.reduce((sum, ratio) => sum + ratio, 0)
  if (total === 0) return 0
  const ranked = ratios.reduce((sum, ratio, place) => sum + (2 * (place + 1) - ratios.length - 1) * ratio, 0)
  return ranked / (ratios.length * total)
}

/** What other weights would have made of history: each round solved again on what the rounds before it then were. */
export interface Preview {
  readonly gini: number
  /** Points of dislike per round, and of all rounds together. Null where a round has no plan. */
  readonly costs: readonly (number | null)[]
  readonly cost: number
  readonly standings: ReadonlyMap<string, Standing>
}

/** `rounds` in order of time, with points of dislike as the pairs' costs. */
export async function previewWeights(
  rounds: readonly Problem[],
  weights: Weights,
  plan: (problem: Problem) => Plan | Promise<Plan>,
  weigh: (round: Problem, history: readonly PastRound[], weights: Weights) => { problem: Problem } = weighRound,
): Promise<Preview> {
  const history: PastRound[] = []
  const costs: (number | null)[] = []
  for (const round of rounds) {
    const answer = await plan(weigh(round, history, weights).problem)
    costs.push(answer.status === 'infeasible' ? null : dislikeOf(round, answer.pairs))
    history.push({ eligible: round.pairs, assigned: answer.pairs })
  }
  const standings = standingsOf(history)
  return {
    gini: giniOf(standings.values()),
    costs,
    cost: costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0),
    standings,
  }
}

/** Points of dislike of a plan. */
export function dislikeOf(round: Problem, pairs: readonly PinnedPair[]): number {
  const costs = new Map(round.pairs.map(pair => [keyOf(pair), pair.cost]))
  return pairs.reduce((sum, pair) => sum + (costs.get(keyOf(pair)) ?? 0), 0)
}

const keyOf = ({ participant, target }: PinnedPair) => JSON.stringify([participant, target])

function countBy<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  let last: string | undefined
  let count = 0
  for (const item of items) {
    const key = keyOfItem(item)
    if (key !== last) {
      if (last !== undefined) counts.set(last, count)
      ;[last, count] = [key, counts.get(key) ?? 0]
    }
    count++
  }
  if (last !== undefined) counts.set(last, count)
  return counts
}
