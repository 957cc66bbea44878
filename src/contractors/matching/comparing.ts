import { distance } from 'fastest-levenshtein'
import type { NormalName } from './normal-names.ts'

/** How much a word tells: the logarithm of how many times it would have to be read until it met itself by chance. */
export type WordWeights = {
  /** ln(names / names with the word). */
  weigh: (word: string) => number
  /** ln(names): two names that share this much weight would meet by chance once. */
  total: number
}

export type WordPair = {
  kind: 'same' | 'glued' | 'cut' | 'typo' | 'initials'
  one: readonly string[]
  other: readonly string[]
  weight: number
}

/** What two names have in common. Everything but `missing` is symmetric; shares are of the weight, 0 to 1. */
export type NameComparison = {
  /** All words the same, in whatever order, or the same letters. */
  isSame: boolean
  /** Weight of the words of the first name without counterpart. */
  missingOfOne: number
  missingOfOther: number
  /** Share of the matched weight that matches but for typing. */
  inexact: number
  /** Matched weight beyond what chance brings once among all names: negative for common words. */
  surplus: number
  /** The first words have each a counterpart. */
  firstWord: boolean
  legalForm: 'same' | 'other' | 'unknown'
  pairs: readonly WordPair[]
}

export function compareNames(one: NormalName, other: NormalName, weights: WordWeights): NameComparison {
  const pairs = alignWords(one, other, weights)
  const isCompact = one.compact === other.compact || isBeginning(one, other) || isBeginning(other, one)
  const takenOne = new Set(pairs.flatMap(pair => pair.placesOfOne))
  const takenOther = new Set(pairs.flatMap(pair => pair.placesOfOther))
  const weightOf = (words: readonly string[]) => words.reduce((sum, word) => sum + weights.weigh(word), 0)
  const leftOne = one.words.filter((_, place) => !takenOne.has(place))
  const leftOther = other.words.filter((_, place) => !takenOther.has(place))
  // What a cut name lacks at its end it may have had.
  const missingOfOne = other.isCut && !one.isCut ? 0.3 * weightOf(leftOne) : weightOf(leftOne)
  const missingOfOther = one.isCut && !other.isCut ? 0.3 * weightOf(leftOther) : weightOf(leftOther)
  const matched = pairs.reduce((sum, pair) => sum + pair.weight, 0)
  const inexact = pairs.reduce(
    (sum, pair) => (pair.kind === 'same' || pair.kind === 'glued' ? sum : sum + pair.weight),
    0,
  )
  const isSame = isCompact || (leftOne.length === 0 && leftOther.length === 0 && inexact === 0)
  return {
    isSame,
    missingOfOne: isSame ? 0 : missingOfOne / (weightOf(one.words) || 1),
    missingOfOther: isSame ? 0 : missingOfOther / (weightOf(other.words) || 1),
    inexact: isSame || matched === 0 ? 0 : inexact / matched,
    surplus: (isCompact ? Math.max(matched, weightOf(one.words)) : matched) - weights.total,
    firstWord: isSame || (takenOne.has(0) && takenOther.has(0)),
    legalForm:
      one.legalForm === undefined || other.legalForm === undefined
        ? 'unknown'
        : one.legalForm === other.legalForm
          ? 'same'
          : 'other',
    pairs,
  }
}

/** A name that was cut is the beginning of the whole one. */
const isBeginning = (cut: NormalName, whole: NormalName) =>
  cut.isCut &&
  cut.compact.length >= 18 &&
  whole.text.length >= cut.text.length &&
  whole.words.length - cut.words.length <= 2 &&
  whole.compact.startsWith(cut.compact)

type PlacedPair = WordPair & { placesOfOne: readonly number[]; placesOfOther: readonly number[] }

/** Each word at most once; what is surest first. */
function alignWords(one: NormalName, other: NormalName, { weigh }: WordWeights): PlacedPair[] {
  const pairs: PlacedPair[] = []
  const freeOne = new Set(one.words.keys())
  const freeOther = new Set(other.words.keys())
  const pair = (kind: WordPair['kind'], here: readonly number[], there: readonly number[], weight: number) => {
    for (const place of here) freeOne.delete(place)
    for (const place of there) freeOther.delete(place)
    pairs.push({
      kind,
      one: here.map(place => one.words[place]!),
      other: there.map(place => other.words[place]!),
      weight,
      placesOfOne: here,
      placesOfOther: there,
    })
  }
  const weightAt = (name: NormalName, places: readonly number[]) =>
    places.reduce((sum, place) => sum + weigh(name.words[place]!), 0)

  for (const here of [...freeOne]) {
    const there = [...freeOther].find(place => other.words[place] === one.words[here])
    if (there !== undefined) pair('same', [here], [there], weigh(one.words[here]!))
  }
  for (const [here, there] of gluedRuns(one, freeOne, other, freeOther))
    pair('glued', here, there, Math.min(weightAt(one, here), weightAt(other, there)))
  for (const [there, here] of gluedRuns(other, freeOther, one, freeOne))
    pair('glued', here, there, Math.min(weightAt(one, here), weightAt(other, there)))

  const near: { here: number; there: number; kind: 'cut' | 'typo'; quality: number }[] = []
  for (const here of freeOne)
    for (const there of freeOther) {
      const likeness = likenessOf(one.words[here]!, other.words[there]!)
      if (likeness) near.push({ here, there, ...likeness })
    }
  near.sort((a, b) => b.quality - a.quality || a.here - b.here || a.there - b.there)
  for (const { here, there, kind, quality } of near)
    if (freeOne.has(here) && freeOther.has(there))
      pair(kind, [here], [there], quality * Math.min(weigh(one.words[here]!), weigh(other.words[there]!)))

  for (const here of [...freeOne]) {
    const run = runWithInitials(one.words[here]!, other, freeOther)
    if (run) pair('initials', [here], run, 0.6 * Math.min(weigh(one.words[here]!), weightAt(other, run)))
  }
  for (const there of [...freeOther]) {
    const run = runWithInitials(other.words[there]!, one, freeOne)
    if (run) pair('initials', run, [there], 0.6 * Math.min(weigh(other.words[there]!), weightAt(one, run)))
  }
  return pairs
}

/** Two or three neighbours that together are one word of the other name. */
function* gluedRuns(
  from: NormalName,
  freeFrom: ReadonlySet<number>,
  to: NormalName,
  freeTo: ReadonlySet<number>,
): Generator<[number[], number[]]> {
  for (const start of [...freeFrom])
    for (const length of [3, 2]) {
      const run = Array.from({ length }, (_, step) => start + step)
      if (!run.every(place => freeFrom.has(place))) continue
      const whole = run.map(place => from.words[place]).join('')
      const found = [...freeTo].find(place => isSameButPlural(to.words[place]!, whole))
      if (found !== undefined && whole.length >= 3) {
        yield [run, [found]]
        break
      }
    }
}

const isSameButPlural = (one: string, other: string) => one === other || `${one}s` === other || one === `${other}s`

/** One is the beginning of the other (an abbreviation, a cut), or differs by a slip of the hand. */
function likenessOf(one: string, other: string): { kind: 'cut' | 'typo'; quality: number } | undefined {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (/\d/.test(short) || /\d/.test(long)) return undefined
  if (short.length >= 3 && long.startsWith(short)) {
    const rest = long.length - short.length
    return { kind: 'cut', quality: rest <= 2 ? 0.85 : short.length >= 5 ? 0.75 : 0.55 }
  }
  if (short.length < 4 || long.length - short.length > 2) return undefined
  if (isTransposed(one, other)) return { kind: 'typo', quality: 0.85 }
  const steps = distance(one, other)
  if (steps === 1 && short.length >= 5) return { kind: 'typo', quality: 0.85 }
  if (steps === 1) return { kind: 'typo', quality: 0.6 }
  if (steps === 2 && short.length >= 8) return { kind: 'typo', quality: 0.75 }
  if (steps === 3 && short.length >= 9 && one[0] === other[0]) return { kind: 'typo', quality: 0.6 }
  return undefined
}

/** Two neighbours changed places, or a whole piece did: CALVIRATE, CLARIVATE. */
function isTransposed(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  const places = Array.from(one, (_, place) => place).filter(place => one[place] !== other[place])
  if (places.length === 2 && places[1] === places[0]! + 1)
    return one[places[0]!] === other[places[1]!] && one[places[1]!] === other[places[0]!]
  if (one.length < 8 || one[0] !== other[0] || places.length > 4) return false
  return [...one].sort().join('') === [...other].sort().join('')
}

function runWithInitials(word: string, name: NormalName, free: ReadonlySet<number>): number[] | undefined {
  if (word.length < 2 || word.length > 6 || !/^\p{L}+$/u.test(word)) return undefined
  for (const start of free) {
    const run = Array.from({ length: word.length }, (_, step) => start + step)
    if (run.every((place, step) => free.has(place) && name.words[place]![0] === word[step])) return run
  }
  return undefined
}
