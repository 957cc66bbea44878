import { type Address, type Nearness, type NormalAddress, nearnessOf, normalAddress } from './addresses.ts'
import { compareNames, type NameComparison, type WordWeights } from './comparing.ts'
import { type NormalName, normalNames } from './normal-names.ts'
import { weights } from './weights.ts'

/** A vendor as a source names it, without an identifier that can be trusted alone. */
export type Mention = {
  id: string
  name: string
  street?: string | null | undefined
  city?: string | null | undefined
  state?: string | null | undefined
  zipCode?: string | null | undefined
  country?: string | null | undefined
  cageCode?: string | null | undefined
  /** First and last day on which it was seen, as YYYY-MM-DD. */
  firstSeen?: string | null | undefined
  lastSeen?: string | null | undefined
}

export type NameKind = 'legal' | 'former' | 'dba' | 'alternative'

/** What is known of one contractor: all its names and addresses, over time. */
export type Known = {
  profileId: string
  uei: string
  name: string
  names: readonly { name: string; kind: NameKind }[]
  addresses: readonly Address[]
  cageCodes: readonly string[]
  /** How many raw records speak of it: of two firms with one name the busier one is meant more often. */
  records: number
}

export type ReasonKind =
  | 'name_same'
  | 'name_similar'
  | 'name_differs'
  | 'former_name'
  | 'dba'
  | 'alternative_name'
  | 'legal_form_differs'
  | 'common_name'
  | 'same_cage'
  | 'different_cage'
  | 'same_address'
  | 'same_zip'
  | 'same_city'
  | 'same_state'
  | 'different_state'
  | 'often_seen'
  | 'same_award'

/** Why a candidate is or is not the one: `weight` in log-odds, above 0 speaks for it; `text` for people. */
export type Reason = { kind: ReasonKind; weight: number; text: string }

export type Feature = keyof typeof weights
export type Features = Partial<Record<Feature, number>>

export type Scored = {
  known: Known
  /** Log-odds that this is the one, the others left aside. */
  logOdds: number
  features: Features
  name: { name: string; kind: NameKind; comparison: NameComparison }
  nearness: Nearness
}

/** A mention taken apart once for all its candidates. */
export type Prepared = { mention: Mention; names: readonly NormalName[]; address: NormalAddress }

export const prepare = (mention: Mention): Prepared => ({
  mention,
  names: normalNames(mention.name),
  address: normalAddress(mention),
})

/** The best of its names, its nearest address. */
export function scoreKnown(prepared: Prepared, known: Known, words: WordWeights, by: Weights = weights): Scored {
  const nearness = nearestOf(prepared.address, known.addresses)
  return bestOf(known, nearness, variantsOf(prepared, known, nearness, words), by)
}

/** One for each name that the contractor has had. */
export type Variant = { features: Features; name: Scored['name'] }

export function variantsOf(prepared: Prepared, known: Known, nearness: Nearness, words: WordWeights): Variant[] {
  const cage = compareCage(prepared.mention.cageCode, known.cageCodes)
  const rest: Features = {
    ...featuresOfPlace(nearness),
    ...(cage === 'same' ? { sameCage: 1 } : cage === 'different' ? { differentCage: 1 } : {}),
    records: Math.log(1 + known.records),
  }
  const variants: Variant[] = []
  for (const { name, kind } of known.names)
    for (const other of normalNames(name))
      for (const one of prepared.names) {
        const comparison = compareNames(one, other, words)
        const features = {
          ...featuresOfName(comparison),
          ...(kind === 'legal' ? {} : { otherName: 1 }),
          ...(nearness === 'street' ? { sameStreetOtherName: comparison.missingOfOne } : {}),
          ...(cage === 'same' ? { sameCageOtherName: comparison.missingOfOne } : {}),
          ...rest,
        }
        variants.push({ features, name: { name, kind, comparison } })
      }
  return variants.length > 0 ? variants : [{ features: { ...rest, ...featuresOfName(nothing) }, name: nameless(known) }]
}

export function bestOf(known: Known, nearness: Nearness, variants: readonly Variant[], by: Weights): Scored {
  const scored = variants.map(variant => ({ ...variant, known, nearness, logOdds: sumOf(variant.features, by) }))
  return scored.reduce((best, one) => (one.logOdds > best.logOdds ? one : best))
}

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
const nameless = (known: Known): Scored['name'] => ({ name: known.name, kind: 'legal', comparison: nothing })

export type Weights = Record<Feature, number>

export const sumOf = (features: Features, by: Weights): number =>
  Object.entries(features).reduce((sum, [feature, value]) => sum + by[feature as Feature] * value, 0)

export function featuresOfName(c: NameComparison): Features {
  return {
    bias: 1,
    sameName: c.isSame ? 1 : 0,
    missingOfOne: c.missingOfOne,
    missingOfOther: c.missingOfOther,
    inexact: c.inexact,
    surplus: Math.max(-6, Math.min(4, c.surplus)),
    firstWordDiffers: c.firstWord ? 0 : 1,
    otherLegalForm: c.legalForm === 'other' ? 1 : 0,
  }
}

export function featuresOfPlace(nearness: Nearness): Features {
  switch (nearness) {
    case 'street':
      return { sameStreet: 1 }
    case 'zip':
      return { sameZip: 1 }
    case 'city':
      return { sameCity: 1 }
    case 'state':
      return { sameState: 1 }
    case 'apart':
      return { apart: 1 }
    case 'unknown':
      return {}
  }
}

const order: readonly Nearness[] = ['street', 'zip', 'city', 'state', 'apart', 'unknown']

export function nearestOf(address: NormalAddress, others: readonly Address[]): Nearness {
  let best: Nearness = 'unknown'
  for (const other of others) {
    const nearness = nearnessOf(address, normalAddress(other))
    if (best === 'unknown' || (nearness !== 'unknown' && order.indexOf(nearness) < order.indexOf(best))) best = nearness
  }
  return best
}

export function compareCage(cage: string | null | undefined, others: readonly string[]) {
  if (!cage || others.length === 0) return 'unknown'
  return others.includes(cage) ? 'same' : 'different'
}

/**
 * The share of belief that each candidate gets when they compete with each other and with "none of them", whose log-odds
 * are 0: two that look alike share, so that neither is sure.
 */
export function posteriorsOf(logOdds: readonly number[]): number[] {
  const top = Math.max(0, ...logOdds)
  const parts = logOdds.map(value => Math.exp(value - top))
  const sum = parts.reduce((total, part) => total + part, Math.exp(-top))
  return parts.map(part => part / sum)
}
