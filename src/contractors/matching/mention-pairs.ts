import { type NormalAddress, nearnessOf, normalAddress } from './addresses.ts'
import { weightsOf } from './candidates.ts'
import { compareNames, type NameComparison, type WordWeights } from './comparing.ts'
import { type NormalName, normalNames } from './normal-names.ts'
import type { Mention } from './scoring.ts'
import type { pairWeights } from './weights.ts'

export type PairFeature = keyof typeof pairWeights
export type PairFeatures = Partial<Record<PairFeature, number>>
export type PairWeights = Record<PairFeature, number>

/** Two mentions, by their places, and what speaks for their being one vendor. */
export type MentionPair = { one: number; other: number; features: PairFeatures }

type Read = {
  mention: Mention
  names: readonly NormalName[]
  address: NormalAddress
  key: string
  /** As it is written. */
  text: string
  period: Period | undefined
}
/** First and last day, in days. */
export type Period = { from: number; to: number }

/** All of `pairsOf`. */
export const pairMentions = (mentions: readonly Mention[]): MentionPair[] => [...pairsOf(mentions)]

/**
 * Pairs that have anything in common: letters or rare words of the name, CAGE code, door. The rest is no pair. Ordered by
 * places, one at a time: of 100,000 mentions there are millions.
 */
export function* pairsOf(mentions: readonly Mention[]): Generator<MentionPair> {
  const read = mentions.map(mention => {
    const names = normalNames(mention.name)
    const key = names[0]?.compact ?? ''
    return { mention, names, address: normalAddress(mention), key, text: textOf(mention), period: periodOf(mention) }
  })
  const words = countWords(read)
  const sameName = countPlaces(read)
  for (const [one, others] of neighboursOf(read, words))
    for (const other of [...others].sort((a, b) => a - b))
      yield { one, other, features: featuresOfPair(read[one]!, read[other]!, words, sameName) }
}

/**
 * Symmetric. The more places and CAGE codes a name has, the less it says. Time tells a firm that was renamed or has moved
 * from two that are there together: the one begins when the other ends.
 */
function featuresOfPair(one: Read, other: Read, words: WordWeights, sameName: SameName): PairFeatures {
  const comparison = bestComparison(one.names, other.names, words)
  const nearness = nearnessOf(one.address, other.address)
  const isElsewhere = nearness !== 'street'
  const most = (count: (read: Read) => number) => Math.log(Math.max(1, count(one), count(other)))
  const [less, more] = [comparison.missingOfOne, comparison.missingOfOther].sort((a, b) => a - b)
  return {
    bias: 1,
    sameName: comparison.isSame ? 1 : 0,
    missingLess: less!,
    missingMore: more!,
    inexact: comparison.inexact,
    surplus: Math.max(-6, Math.min(2, comparison.surplus)),
    firstWordDiffers: comparison.firstWord ? 0 : 1,
    otherLegalForm: comparison.legalForm === 'other' ? 1 : 0,
    ...(nearness === 'street'
      ? {
          sameStreet: 1,
          sameStreetOtherName: more!,
          sameStreetText: streetText(one) === streetText(other) ? 1 : 0,
          soleText: isSoleText(one, other, sameName) ? 1 : 0,
          ...unitsOf(one.address.unit, other.address.unit),
        }
      : {}),
    ...(nearness === 'zip' ? { sameZip: 1 } : {}),
    ...(nearness === 'city' ? { sameCity: 1 } : {}),
    ...(nearness === 'state' ? { sameState: 1 } : {}),
    ...(nearness === 'apart' ? { apart: 1 } : {}),
    spread: isElsewhere ? most(sameName.places) : 0,
    siblings: isElsewhere ? most(sameName.cages) : 0,
    rivals: isElsewhere ? 0 : most(sameName.cagesHere),
    siblingsHere: isElsewhere ? 0 : most(sameName.cages),
    doors: most(read => sameName.doors.get(read.key)!.size),
    letters: Math.min(one.key.length, other.key.length) / 20,
    words: Math.min(wordsIn(one), wordsIn(other)),
    isCut: one.names[0]?.isCut || other.names[0]?.isCut ? 1 : 0,
    ...(comparison.isSame
      ? nearness === 'street'
        ? { sameNameHere: 1, crowdSameName: most(sameName.namesHere) }
        : nearness === 'apart'
          ? { sameNameApart: 1 }
          : {}
      : { crowd: isElsewhere ? 0 : most(sameName.namesHere) }),
    ...timesOf(one.period, other.period, isElsewhere, comparison.isSame),
    ...(isElsewhere && comparison.isSame ? movingOf(one, other, sameName) : {}),
    ...(comparison.isSame ? {} : renamingOf(one, other, sameName, isElsewhere)),
    ...cagesOf(one, other),
  }
}

const unitsOf = (one: string, other: string): PairFeatures =>
  one === other ? { sameUnit: 1 } : one !== '' && other !== '' ? { otherUnit: 1 } : {}

const streetText = ({ mention }: Read) => (mention.street ?? '').trim().toUpperCase()

/** Equal in every letter, one of them with a CAGE code, which is the only one that has this text. */
const isSoleText = (one: Read, other: Read, { cagesOfText }: SameName) =>
  !one.mention.cageCode !== !other.mention.cageCode && one.text === other.text && cagesOfText(one) === 1

const textOf = ({ name, street, city, zipCode }: Mention) =>
  [name, street, city, zipCode].map(part => (part ?? '').trim().toUpperCase()).join('\n')

/** Where a date is missing: between "together" and "one after the other", so that without dates as many pairs are right. */
export const unknownOverlap = 0.5

function timesOf(
  one: Period | undefined,
  other: Period | undefined,
  isElsewhere: boolean,
  isSameName: boolean,
): PairFeatures {
  const overlap = one && other ? overlapOf(one, other) : unknownOverlap
  const otherNameHere = !isElsewhere && !isSameName
  const features: PairFeatures = {
    overlap,
    ...(isElsewhere ? { overlapElsewhere: overlap } : {}),
    ...(otherNameHere ? { overlapOtherName: overlap } : {}),
  }
  if (!one || !other) return features
  const together = daysTogether(one, other)
  const apart = Math.max(0, -together)
  const follows = together < 10 ? Math.exp(-apart / soon) : 0
  return {
    ...features,
    gap: Math.log1p(apart / 365),
    follows,
    ...(isSameName ? { followsSameName: follows } : {}),
    ...(otherNameHere ? { followsHere: follows } : {}),
  }
}

/** A name that is in one place at a time is of a firm that moves. */
function movingOf(one: Read, other: Read, { placesAtOnce }: SameName): PairFeatures {
  const most = Math.max(placesAtOnce(one), placesAtOnce(other))
  return { placesAtOnce: Math.log(Math.max(1, most)), ...(most <= 1 ? { moves: 1 } : {}) }
}

/** In days: what begins so long after the end of another counts a third of what begins at once. */
const soon = 120

/** Awards state CAGE codes since 2017: a vendor has mentions without from before, and with one from after. */
function cagesOf(one: Read, other: Read): PairFeatures {
  const [cage, otherCage] = [one.mention.cageCode, other.mention.cageCode]
  if (cage && otherCage) return cage === otherCage ? { sameCage: 1 } : { differentCage: 1 }
  if (!cage && !otherCage) return {}
  const [before, after] = cage ? [other.period, one.period] : [one.period, other.period]
  return { oneCage: 1, cageAfter: before && after && after.from >= before.to - 60 ? 1 : 0 }
}

const wordsIn = ({ names }: Read) => names[0]?.words.length ?? 0

/** What the two names have to do with each other besides this pair: how often they share a door, and whether one follows the other. */
function renamingOf(one: Read, other: Read, { doors, periods }: SameName, isElsewhere: boolean): PairFeatures {
  const [here, there] = [doors.get(one.key)!, doors.get(other.key)!]
  let shared = isElsewhere ? 0 : -1
  for (const door of here) if (there.has(door)) shared++
  const sharedDoors = isElsewhere ? Math.log1p(shared) : 0
  const [before, after] = [periods.get(one.key), periods.get(other.key)]
  if (!before || !after) return { sharedDoors, namesOverlap: unknownOverlap }
  const namesOverlap = overlapOf(before, after)
  return {
    sharedDoors,
    namesOverlap,
    namesGap: Math.log1p(Math.max(0, -daysTogether(before, after)) / 365),
    namesBegin: Math.log1p(Math.abs(before.from - after.from) / 365),
    renamed: isElsewhere && shared > 0 && namesOverlap < 0.2 ? 1 : 0,
  }
}

/** The part of the shorter of two periods that the longer has too; a month makes up for days that are not known. */
export const overlapOf = (one: Period, other: Period) => {
  const together = daysTogether(one, other)
  return together < 0 ? 0 : (together + 30) / (Math.min(one.to - one.from, other.to - other.from) + 30)
}

export const daysTogether = (one: Period, other: Period) => Math.min(one.to, other.to) - Math.max(one.from, other.from)

export function periodOf({ firstSeen, lastSeen }: Mention): Period | undefined {
  const days = [firstSeen || lastSeen, lastSeen || firstSeen].map(date => Date.parse(date || '') / 86_400_000)
  const [from, to] = [Math.min(...days), Math.max(...days)]
  return Number.isNaN(from) ? undefined : { from, to }
}

function bestComparison(
  ours: readonly NormalName[],
  theirs: readonly NormalName[],
  words: WordWeights,
): NameComparison {
  let best: NameComparison | undefined
  for (const one of ours)
    for (const other of theirs) {
      const comparison = compareNames(one, other, words)
      if (!best || worth(comparison) > worth(best)) best = comparison
    }
  return best ?? nothing
}

const worth = ({ isSame, missingOfOne, missingOfOther }: NameComparison) =>
  (isSame ? 1 : 0) - missingOfOne - missingOfOther

const nothing: NameComparison = {
  isSame: false,
  missingOfOne: 1,
  missingOfOther: 1,
  inexact: 0,
  surplus: -Infinity,
  firstWord: false,
  legalForm: 'unknown',
  pairs: [],
}

/** Of the different names that occur, each once. */
function countWords(read: readonly Read[]): WordWeights {
  const names = new Map(read.flatMap(({ names }) => names.map(name => [name.compact, name] as const)))
  const counts = new Map<string, number>()
  for (const { words } of names.values())
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return weightsOf(
    names.size,
    word => counts.get(word) ?? 0,
    () => true,
  )
}

type SameName = {
  /** In how many places the name is found. */
  places: (read: Read) => number
  /** In how many of them at once, at most. */
  placesAtOnce: (read: Read) => number
  /** How many CAGE codes it has, everywhere, behind this door and where it is written so. */
  cages: (read: Read) => number
  cagesHere: (read: Read) => number
  cagesOfText: (read: Read) => number
  /** How many names are behind its door. */
  namesHere: (read: Read) => number
  /** The doors where a name is found, and from when to when. */
  doors: ReadonlyMap<string, ReadonlySet<string>>
  periods: ReadonlyMap<string, Period>
}

function countPlaces(all: readonly Read[]): SameName {
  const [places, cages, cagesHere, cagesOfText, namesHere, doors] = Array.from(
    { length: 6 },
    () => new Map<string, Set<string>>(),
  )
  const periods = new Map<string, Period>()
  const stays = new Map<string, Map<string, Period>>()
  const put = (counts: Map<string, Set<string>>, key: string, value: string) => {
    if (!counts.has(key)) counts.set(key, new Set())
    if (value !== '') counts.get(key)!.add(value)
  }
  for (const read of all) {
    put(places!, read.key, placeOf(read))
    put(cages!, read.key, read.mention.cageCode ?? '')
    put(cagesHere!, doorOf(read), read.mention.cageCode ?? '')
    put(cagesOfText!, read.text, read.mention.cageCode ?? '')
    put(namesHere!, houseOf(read), read.key)
    put(doors!, read.key, read.address.number ? `${placeOf(read)} ${read.address.number}` : '')
    const { period } = read
    const known = periods.get(read.key) ?? period
    if (period) {
      const ofName = stays.get(read.key) ?? new Map<string, Period>()
      stays.set(read.key, ofName)
      ofName.set(placeOf(read), spanOf(ofName.get(placeOf(read)), period))
    }
    if (period && known)
      periods.set(read.key, { from: Math.min(known.from, period.from), to: Math.max(known.to, period.to) })
  }
  const atOnce = new Map([...stays].map(([key, ofName]) => [key, mostAtOnce([...ofName.values()])]))
  return {
    doors: doors!,
    placesAtOnce: read => atOnce.get(read.key) ?? 0,
    periods,
    places: read => places!.get(read.key)?.size ?? 0,
    cages: read => cages!.get(read.key)?.size ?? 0,
    cagesHere: read => cagesHere!.get(doorOf(read))?.size ?? 0,
    cagesOfText: read => cagesOfText!.get(read.text)?.size ?? 0,
    namesHere: read => (read.address.number === '' ? 1 : namesHere!.get(houseOf(read))!.size),
  }
}

const spanOf = (known: Period | undefined, { from, to }: Period): Period => ({
  from: Math.min(known?.from ?? from, from),
  to: Math.max(known?.to ?? to, to),
})

/** Who moves has some business at the old place yet. */
const atBoth = 90

function mostAtOnce(stays: readonly Period[]): number {
  const turns = stays.flatMap(({ from, to }) => [
    { day: from, step: 1 },
    { day: Math.max(from, to - atBoth) + 1, step: -1 },
  ])
  turns.sort((one, other) => one.day - other.day || one.step - other.step)
  let [now, most] = [0, 0]
  for (const { step } of turns) {
    now += step
    most = Math.max(most, now)
  }
  return most
}

const placeOf = ({ address }: Read) => address.zip || `${address.city} ${address.state}`
const houseOf = (read: Read) => `${placeOf(read)} ${read.address.number} ${read.address.street.slice(0, 5)}`
const doorOf = (read: Read) => `${read.key} ${placeOf(read)} ${read.address.number}`

/** By the smaller place. A word is asked alone if it is rare; a name's first two words together otherwise. */
function neighboursOf(read: readonly Read[], words: WordWeights): Map<number, Set<number>> {
  const blocks = new Map<string, number[]>()
  const put = (key: string, place: number) => {
    const block = blocks.get(key)
    if (block) block.push(place)
    else blocks.set(key, [place])
  }
  const rare = words.total - Math.log(mostInBlock)
  for (const [place, { mention, names, address }] of read.entries()) {
    if (mention.cageCode) put(`cage ${mention.cageCode}`, place)
    if (address.number && address.zip) put(`door ${address.number} ${address.zip}`, place)
    const keys = new Set<string>()
    for (const name of names) {
      keys.add(`same ${name.compact}`)
      if (name.compact.length >= 8) keys.add(`begins ${name.compact.slice(0, 8)}`)
      const sorted = [...new Set(name.words)].sort()
      for (const [index, word] of sorted.entries()) {
        if (words.weigh(word) >= rare) keys.add(`word ${word}`)
        for (const next of sorted.slice(index + 1))
          if (words.weigh(word) + words.weigh(next) >= rare) keys.add(`words ${word} ${next}`)
      }
    }
    for (const key of keys) put(key, place)
  }
  const neighbours = new Map<number, Set<number>>(read.map((_, place) => [place, new Set()]))
  for (const [key, block] of blocks) {
    if (block.length > mostInBlock && !key.startsWith('same ') && !key.startsWith('cage ')) continue
    for (const [index, one] of block.entries())
      for (const other of block.slice(index + 1, index + 1 + widest)) neighbours.get(one)!.add(other)
  }
  return neighbours
}

const mostInBlock = 60
/** Of a name that thousands have, each is compared with so many that follow it. */
const widest = 400
