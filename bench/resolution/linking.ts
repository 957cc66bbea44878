import type { Database } from '#platform/database'
import { findCandidates } from '../../src/contractors/matching/candidates.ts'
import type { WordWeights } from '../../src/contractors/matching/comparing.ts'
import { decide, type Ranked, type Thresholds } from '../../src/contractors/matching/decisions.ts'
import {
  bestOf,
  type Known,
  type Mention,
  nearestOf,
  posteriorsOf,
  prepare,
  type Variant,
  variantsOf,
  type Weights,
} from '../../src/contractors/matching/scoring.ts'
import type { Example } from './fitting.ts'

/** A mention with all that competes for it, features worked out; nothing in it depends on the weights. */
export type Case = {
  mention: Mention
  uei: string
  family: string
  candidates: { known: Known; variants: Variant[]; nearness: ReturnType<typeof nearestOf> }[]
}

/** `seen` may replace what is known of a candidate: so that no mention is recognised by itself. */
export async function collectCases(
  db: Database,
  labelled: readonly { mention: Mention; uei: string; family: string }[],
  seen: (known: Known, place: number) => Known | undefined = known => known,
): Promise<Case[]> {
  const cases: Case[] = []
  for (let start = 0; start < labelled.length; start += 100) {
    const batch = labelled.slice(start, start + 100)
    const prepared = batch.map(({ mention }) => prepare(mention))
    const { known, words } = await db.transaction({}, tx => findCandidates(tx, prepared))
    for (const [place, one] of batch.entries())
      cases.push({ ...one, candidates: compete(known[place]!, words, prepared[place]!, start + place) })
  }
  return cases

  function compete(known: readonly Known[], words: WordWeights, prepared: ReturnType<typeof prepare>, place: number) {
    return known.flatMap(profile => {
      const shown = seen(profile, place)
      if (!shown) return []
      const nearness = nearestOf(prepared.address, shown.addresses)
      return [{ known: shown, nearness, variants: variantsOf(prepared, shown, nearness, words) }]
    })
  }
}

/**
 * As a firm to be found, and once more with it taken away: then "none" is right. The likeliest eight compete. A new name at
 * a new address without CAGE code nobody can find: that teaches nothing about names.
 */
export function examplesOf(cases: readonly Case[], weights: Weights): Example[] {
  return cases.flatMap(one => {
    const likely = new Set(
      rank(one, weights)
        .slice(0, 8)
        .map(({ known }) => known.uei),
    )
    const others = one.candidates.filter(({ known }) => known.uei !== one.uei && likely.has(known.uei))
    const right = one.candidates.find(({ known }) => known.uei === one.uei)
    const featuresOf = ({ variants }: Case['candidates'][number]) => variants.map(({ features }) => features)
    const without = { candidates: others.map(featuresOf), right: undefined }
    return right && isFindable(right)
      ? [without, { candidates: [featuresOf(right), ...others.map(featuresOf)], right: 0 }]
      : [without]
  })
}

const isFindable = ({ variants, nearness }: Case['candidates'][number]) =>
  nearness === 'street' || variants.some(({ features }) => features.sameCage || (features.missingOfOne ?? 1) < 0.9)

/** As the engine does it. */
export function rank({ candidates }: Pick<Case, 'candidates'>, weights: Weights): Ranked[] {
  const scored = candidates.map(({ known, nearness, variants }) => bestOf(known, nearness, variants, weights))
  const posteriors = posteriorsOf(scored.map(({ logOdds }) => logOdds))
  return scored
    .map((candidate, place) => ({ ...candidate, score: posteriors[place]! }))
    .sort((one, other) => other.score - one.score || (one.known.uei < other.known.uei ? -1 : 1))
}

/** What happened to one mention: the best was right, it was accepted, and whether it is accepted with the firm taken away. */
export type Outcome = { isFirst: boolean; isAccepted: boolean; isFalseLink: boolean; best: string; decision: string }

export function judge(one: Case, weights: Weights, thresholds: Thresholds): Outcome {
  const ranked = rank(one, weights)
  const without = rank({ candidates: one.candidates.filter(({ known }) => known.uei !== one.uei) }, weights)
  const { decision } = decide(ranked, thresholds)
  return {
    isFirst: ranked[0]?.known.uei === one.uei,
    isAccepted: decision === 'accept',
    isFalseLink: decide(without, thresholds).decision === 'accept',
    best: ranked[0] ? `${ranked[0].name.name} ${ranked[0].known.uei} ${ranked[0].score.toFixed(3)}` : 'nothing',
    decision,
  }
}

export type LinkFigures = { count: number; recall: number; precision: number; coverage: number; falseLinks: number }

export function figuresOf(outcomes: readonly Outcome[]): LinkFigures {
  const share = (part: readonly unknown[], of: readonly unknown[]) => (of.length === 0 ? 1 : part.length / of.length)
  const accepted = outcomes.filter(({ isAccepted }) => isAccepted)
  return {
    count: outcomes.length,
    recall: share(
      outcomes.filter(({ isFirst }) => isFirst),
      outcomes,
    ),
    precision: share(
      accepted.filter(({ isFirst }) => isFirst),
      accepted,
    ),
    coverage: share(accepted, outcomes),
    falseLinks: share(
      outcomes.filter(({ isFalseLink }) => isFalseLink),
      outcomes,
    ),
  }
}
