import {
  daysTogether,
  type MentionPair,
  overlapOf,
  type PairFeature,
  type PairFeatures,
  type PairWeights,
  type Period,
  pairsOf,
  periodOf,
  unknownOverlap,
} from './mention-pairs.ts'
import type { Mention } from './scoring.ts'
import {
  clusterThresholds,
  groupWeights,
  groupWeightsWithoutCage,
  pairWeights,
  pairWeightsWithoutCage,
} from './weights.ts'

/** Mentions that are one vendor; the id is that of the first of them unless it was given. */
export type Cluster = { id: string; mentionIds: string[] }

export type ClusterOptions = {
  /** Mention to cluster, as decided before: these stay together and apart, new mentions join them. */
  given?: ReadonlyMap<string, string>
  weights?: PairWeights
  groupWeights?: GroupWeights
  threshold?: number
  /** How much is taken off for each e-fold of the pairs that two groups make beyond four. */
  caution?: number
  pairs?: readonly MentionPair[]
  /** Hears of each two groups that come up, the likeliest first; what does not reach the threshold too, if it is near. */
  onOffer?: (one: readonly Mention[], other: readonly Mention[], features: GroupFeatures) => void
}

export type GroupFeature = keyof typeof groupWeights
/** What speaks for and against two groups being one vendor; those of which one speaks are other groups. */
export type GroupFeatures = Record<GroupFeature, number>
export type GroupWeights = Record<GroupFeature, number>

/**
 * Puts mentions together that are one vendor, by name, address and CAGE code alone, precision first: those with the same
 * CAGE code, then the two groups that are likeliest one, as long as that is above the threshold, which is higher for large groups. Two CAGE codes are never
 * in one group. The same mentions give the same clusters in whatever order they come.
 */
export function clusterMentions(mentions: readonly Mention[], options: ClusterOptions = {}): Cluster[] {
  const { given = new Map() } = options
  const hasCage = mentions.some(({ cageCode }) => cageCode)
  const { weights = hasCage ? pairWeights : pairWeightsWithoutCage, onOffer } = options
  const { groupWeights: by = hasCage ? groupWeights : groupWeightsWithoutCage } = options
  const bar = hasCage ? clusterThresholds.withCage : clusterThresholds.withoutCage
  const { threshold = bar.threshold, caution = bar.caution } = options
  const sorted = [...mentions].sort((one, other) => (one.id < other.id ? -1 : 1))
  const pairs: ScoredPair[] = []
  for (const { one, other, features } of options.pairs ?? pairsOf(sorted))
    pairs.push({ one, other, score: Math.max(-far, Math.min(far, sumOfPair(features, weights))) })
  const see =
    onOffer &&
    ((one: Group, other: Group, features: GroupFeatures) =>
      onOffer(
        one.members.map(place => sorted[place]!),
        other.members.map(place => sorted[place]!),
        features,
      ))
  return agglomerate(sorted, pairs, given, { weights: by, threshold, caution }, see)
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
/** Two groups of so many pairs (as a logarithm) are no large ones yet: that one mistake makes few wrong ones. */
const few = Math.log(4)
/** Whoever learns from what comes up need not see what nobody would put together. */
const worthSeeing = -3

type ScoredPair = { one: number; other: number; score: number }
type Group = {
  /** Its first member. */
  place: number
  members: number[]
  cages: Set<string>
  given: string | undefined
  period: Period | undefined
  links: Map<number, Link>
}
type Link = { sum: number; pairs: number; best: number }
type Groups = ReadonlyMap<number, Group>

function agglomerate(
  mentions: readonly Mention[],
  pairs: readonly ScoredPair[],
  given: ReadonlyMap<string, string>,
  { weights, threshold, caution }: { weights: GroupWeights; threshold: number; caution: number },
  see: ((one: Group, other: Group, features: GroupFeatures) => void) | undefined,
): number[][] {
  const groups = new Map<number, Group>()
  const groupOf = new Map<string, number>()
  const home: number[] = []
  for (const [place, mention] of mentions.entries()) {
    const { id, cageCode } = mention
    const cluster = given.get(id)
    const key = cluster !== undefined ? `given ${cluster}` : cageCode ? `cage ${cageCode}` : undefined
    const first = key === undefined ? undefined : groupOf.get(key)
    const at = first ?? place
    home[place] = at
    if (first === undefined) {
      groups.set(place, { place, members: [], cages: new Set(), given: cluster, period: undefined, links: new Map() })
      if (key !== undefined) groupOf.set(key, place)
    }
    const group = groups.get(at)!
    group.members.push(place)
    group.period = spanOf(group.period, periodOf(mention))
    if (cageCode) group.cages.add(cageCode)
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
  const floor = see ? Math.min(threshold, worthSeeing) : threshold
  const hope = hopeOf(weights)
  const offer = (a: number, b: number) => {
    const [low, high] = a < b ? [a, b] : [b, a]
    const [one, other] = [groups.get(low)!, groups.get(high)!]
    if (!mayMerge(one, other)) return
    const alone = featuresAlone(one, other)
    if (sumOfGroups(alone, weights) - caution * Math.max(0, alone.pairs - few) + hope <= floor) return
    const features = { ...alone, ...featuresAmongOthers(one, other, groups) }
    const score = sumOfGroups(features, weights) - caution * Math.max(0, features.pairs - few)
    if (score > floor) queue.push({ score, low, high, size: one.members.length + other.members.length })
  }
  for (const [place, { links }] of groups) for (const other of links.keys()) if (place < other) offer(place, other)

  for (let best = queue.pop(); best; best = queue.pop()) {
    const [one, other] = [groups.get(best.low), groups.get(best.high)]
    // One of the two has grown or gone since: what it is now was offered then.
    if (!one || !other || one.members.length + other.members.length !== best.size || !mayMerge(one, other)) continue
    see?.(one, other, featuresOfGroups(one, other, groups))
    if (best.score <= threshold) continue
    groups.delete(best.high)
    one.members.push(...other.members)
    for (const cage of other.cages) one.cages.add(cage)
    one.given ??= other.given
    one.period = spanOf(one.period, other.period)
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

const spanOf = (one: Period | undefined, other: Period | undefined): Period | undefined =>
  one && other ? { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) } : (one ?? other)

/**
 * Symmetric. The likeliest pair counts far more than the mean of all: a firm that has moved is like its last address, not
 * like all. The more pairs two groups make, the surer it has to be: one mistake makes as many wrong ones. What else each of
 * them might be counts against it.
 */
const featuresOfGroups = (one: Group, other: Group, groups: Groups): GroupFeatures => ({
  ...featuresAlone(one, other),
  ...featuresAmongOthers(one, other, groups),
})

type AmongOthers = 'cageRivals' | 'cageLead' | 'rivals' | 'lead' | 'support'

function featuresAlone(one: Group, other: Group): Omit<GroupFeatures, AmongOthers> {
  const { sum, pairs, best } = one.links.get(other.place)!
  const [size, otherSize] = [one.members.length, other.members.length]
  const all = size * otherSize
  const coded = Math.min(1, one.cages.size) + Math.min(1, other.cages.size)
  const known = one.period && other.period
  return {
    bias: 1,
    best,
    mean: (sum - apart * (all - pairs)) / all,
    alike: pairs / all,
    pairs: Math.log(all),
    smaller: Math.log(Math.min(size, otherSize)),
    oneCage: coded === 1 ? 1 : 0,
    noCage: coded === 0 ? 1 : 0,
    overlap: known ? overlapOf(one.period!, other.period!) : unknownOverlap,
    gap: known ? Math.log1p(Math.max(0, -daysTogether(one.period!, other.period!)) / 365) : 0,
  }
}

function featuresAmongOthers(one: Group, other: Group, groups: Groups): Pick<GroupFeatures, AmongOthers> {
  const { best } = one.links.get(other.place)!
  const [a, b] = [rivalsOf(one, other, best, groups), rivalsOf(other, one, best, groups)]
  return {
    cageRivals: Math.log1p(a.cageRivals + b.cageRivals),
    cageLead: leadOf(best, Math.max(a.bestCage, b.bestCage), mostLead),
    rivals: Math.log1p(a.rivals + b.rivals),
    lead: leadOf(best, Math.max(a.bestRival, b.bestRival), mostLead),
    support: Math.max(-mostSupport, Math.min(mostSupport + 1, Math.max(a.support, b.support))),
  }
}

/** The most that others can add: whom even that does not bring together, their others need not be gone through for. */
function hopeOf(weights: GroupWeights): number {
  const ends: Record<AmongOthers, [number, number]> = {
    cageRivals: [0, Math.log1p(2 * mostRivals)],
    cageLead: [-mostLead, mostLead],
    rivals: [0, Math.log1p(2 * mostRivals)],
    lead: [-mostLead, mostLead],
    support: [-mostSupport, mostSupport + 1],
  }
  let sum = 0
  for (const feature in ends) {
    const weight = weights[feature as AmongOthers]
    const [least, most] = ends[feature as AmongOthers]
    sum += Math.max(weight * least, weight * most)
  }
  // Sums in another order differ in their last digits.
  return sum + 1e-9
}

const mostLead = 3
const mostSupport = 3

const leadOf = (best: number, rival: number, most: number) => Math.max(-most, Math.min(most, best - rival))

/**
 * Who else `one` might be than `other`: groups that cannot be both, by their CAGE codes or because they have nothing in
 * common. `support`: one that is like both.
 */
function rivalsOf(one: Group, other: Group, best: number, groups: Groups) {
  const found = { cageRivals: 0, bestCage: -far, rivals: 0, bestRival: -far, support: -far }
  let looked = 0
  for (const [place, link] of one.links) {
    if (place === other.place) continue
    if (++looked > mostRivals) break
    const third = groups.get(place)!
    const cannot = !mayShareCage(third, other)
    const between = cannot ? -far : (third.links.get(other.place)?.best ?? unlike)
    if (cannot) {
      found.bestCage = Math.max(found.bestCage, link.best)
      if (link.best > best - 1.5) found.cageRivals++
    }
    if (between < 0) {
      found.bestRival = Math.max(found.bestRival, link.best)
      if (link.best > best - 1) found.rivals++
    }
    if (cannot || third.links.has(other.place)) found.support = Math.max(found.support, Math.min(link.best, between))
  }
  return found
}

/** What two groups count that have no pair with anything in common. */
const unlike = -2
/** Of a name that thousands have, so many are looked at. */
const mostRivals = 100

export const sumOfGroups = (features: Partial<GroupFeatures>, weights: GroupWeights): number => {
  let sum = 0
  for (const feature in features) sum += weights[feature as GroupFeature] * features[feature as GroupFeature]!
  return sum
}

const mayMerge = (one: Group, other: Group) =>
  (one.given === undefined || other.given === undefined) && mayShareCage(one, other)

function mayShareCage(one: Group, other: Group): boolean {
  if (one.cages.size === 0 || other.cages.size === 0) return true
  for (const cage of one.cages) if (other.cages.has(cage)) return true
  return false
}

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
