import {
  type MentionPair,
  type PairFeature,
  type PairFeatures,
  type PairWeights,
  pairMentions,
} from './mention-pairs.ts'
import type { Mention } from './scoring.ts'
import { bestShare, clusterThresholds, pairWeights, pairWeightsWithoutCage } from './weights.ts'

/** Mentions that are one vendor; the id is that of the first of them unless it was given. */
export type Cluster = { id: string; mentionIds: string[] }

export type ClusterOptions = {
  /** Mention to cluster, as decided before: these stay together and apart, new mentions join them. */
  given?: ReadonlyMap<string, string>
  weights?: PairWeights
  threshold?: number
  /** How much is taken off for the size of two groups. */
  caution?: number
  pairs?: readonly MentionPair[]
}

/**
 * Puts mentions together that are one vendor, by name, address and CAGE code alone, precision first: those with the same
 * CAGE code, then the two groups that are likeliest one, as long as that is above the threshold, which is higher for large groups. Two CAGE codes are never
 * in one group. The same mentions give the same clusters in whatever order they come.
 */
export function clusterMentions(mentions: readonly Mention[], options: ClusterOptions = {}): Cluster[] {
  const { given = new Map() } = options
  const hasCage = mentions.some(({ cageCode }) => cageCode)
  const { weights = hasCage ? pairWeights : pairWeightsWithoutCage } = options
  const bar = hasCage ? clusterThresholds.withCage : clusterThresholds.withoutCage
  const { threshold = bar.threshold, caution = bar.caution } = options
  const sorted = [...mentions].sort((one, other) => (one.id < other.id ? -1 : 1))
  const pairs = (options.pairs ?? pairMentions(sorted)).map(({ one, other, features }) => ({
    one,
    other,
    score: Math.max(-far, Math.min(far, sumOfPair(features, weights))),
  }))
  const groups = agglomerate(sorted, pairs, given, { threshold, caution })
  return groups
    .map(members => {
      const ids = members.map(place => sorted[place]!.id)
      return { id: ids.map(id => given.get(id)).find(id => id !== undefined) ?? ids[0]!, mentionIds: ids }
    })
    .sort((one, other) => (one.mentionIds[0]! < other.mentionIds[0]! ? -1 : 1))
}

export const sumOfPair = (features: PairFeatures, weights: PairWeights): number => {
  let sum = 0
  for (const feature in features) sum += weights[feature as PairFeature] * features[feature as PairFeature]!
  return sum
}

/** No pair counts for more either way. */
const far = 8
/** What a pair with nothing in common counts against: a firm that was renamed has many. */
const apart = 1

type ScoredPair = { one: number; other: number; score: number }
type Group = {
  members: number[]
  cages: Set<string>
  given: string | undefined
  links: Map<number, Link>
}
type Link = { sum: number; pairs: number; best: number }

function agglomerate(
  mentions: readonly Mention[],
  pairs: readonly ScoredPair[],
  given: ReadonlyMap<string, string>,
  { threshold, caution }: { threshold: number; caution: number },
): number[][] {
  const groups = new Map<number, Group>()
  const groupOf = new Map<string, number>()
  const home: number[] = []
  for (const [place, { id, cageCode }] of mentions.entries()) {
    const cluster = given.get(id)
    const key = cluster !== undefined ? `given ${cluster}` : cageCode ? `cage ${cageCode}` : undefined
    const first = key === undefined ? undefined : groupOf.get(key)
    const group = first ?? place
    home[place] = group
    if (first === undefined) {
      groups.set(place, { members: [], cages: new Set(), given: cluster, links: new Map() })
      if (key !== undefined) groupOf.set(key, place)
    }
    groups.get(group)!.members.push(place)
    if (cageCode) groups.get(group)!.cages.add(cageCode)
  }
  for (const { one, other, score } of pairs) {
    const [a, b] = [home[one]!, home[other]!]
    if (a === b) continue
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const link = groups.get(from)!.links.get(to) ?? noLink
      groups.get(from)!.links.set(to, addLinks(link, { sum: score, pairs: 1, best: score }))
    }
  }
  const queue = new Heap()
  const offer = (a: number, b: number) => {
    const [low, high] = a < b ? [a, b] : [b, a]
    const [one, other] = [groups.get(low)!, groups.get(high)!]
    const score = scoreOf(one, other, one.links.get(high)!, caution)
    if (score > threshold && mayMerge(one, other))
      queue.push({ score, low, high, size: one.members.length + other.members.length })
  }
  for (const [place, { links }] of groups) for (const other of links.keys()) if (place < other) offer(place, other)

  for (let best = queue.pop(); best; best = queue.pop()) {
    const [one, other] = [groups.get(best.low), groups.get(best.high)]
    // One of the two has grown or gone since: what it is now was offered then.
    if (!one || !other || one.members.length + other.members.length !== best.size || !mayMerge(one, other)) continue
    groups.delete(best.high)
    one.members.push(...other.members)
    for (const cage of other.cages) one.cages.add(cage)
    one.given ??= other.given
    one.links.delete(best.high)
    for (const [to, link] of other.links) {
      if (to === best.low) continue
      const merged = addLinks(one.links.get(to) ?? noLink, link)
      one.links.set(to, merged)
      const there = groups.get(to)!
      there.links.delete(best.high)
      there.links.set(best.low, merged)
    }
    for (const to of one.links.keys()) offer(best.low, to)
  }
  return [...groups.values()].map(({ members }) => members.sort((a, b) => a - b))
}

const noLink: Link = { sum: 0, pairs: 0, best: -far }
const addLinks = (one: Link, other: Link): Link => ({
  sum: one.sum + other.sum,
  pairs: one.pairs + other.pairs,
  best: Math.max(one.best, other.best),
})

/**
 * Between the mean of all pairs and the best of them: a firm that has moved is like its last address, not like all. The
 * more pairs two groups make, the surer it has to be: one mistake makes as many wrong ones.
 */
function scoreOf(one: Group, other: Group, { sum, pairs, best }: Link, caution: number): number {
  const all = one.members.length * other.members.length
  return bestShare * best + ((1 - bestShare) * (sum - apart * (all - pairs))) / all - caution * Math.log(all)
}

const mayMerge = (one: Group, other: Group) =>
  (one.given === undefined || other.given === undefined) &&
  (one.cages.size === 0 || other.cages.size === 0 || [...one.cages].some(cage => other.cages.has(cage)))

type Offer = { score: number; low: number; high: number; size: number }

/** The highest score first; of equal ones the first places. */
class Heap {
  readonly #offers: Offer[] = []

  push(offer: Offer): void {
    const offers = this.#offers
    let place = offers.push(offer) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(offers[place]!, offers[parent]!)) break
      swap(offers, place, parent)
      place = parent
    }
  }

  pop(): Offer | undefined {
    const offers = this.#offers
    if (offers.length === 0) return undefined
    swap(offers, 0, offers.length - 1)
    const best = offers.pop()
    for (let place = 0; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2]
      let first = place
      if (left < offers.length && isBefore(offers[left]!, offers[first]!)) first = left
      if (right < offers.length && isBefore(offers[right]!, offers[first]!)) first = right
      if (first === place) return best
      swap(offers, place, first)
      place = first
    }
  }
}

const isBefore = (one: Offer, other: Offer) =>
  one.score !== other.score
    ? one.score > other.score
    : one.low !== other.low
      ? one.low < other.low
      : one.high < other.high

function swap(offers: Offer[], one: number, other: number): void {
  const kept = offers[one]!
  offers[one] = offers[other]!
  offers[other] = kept
}
