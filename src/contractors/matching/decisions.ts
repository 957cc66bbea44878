import type { Scored } from './scoring.ts'
import { thresholds } from './weights.ts'

/** A candidate with the share of belief that it got among all. */
export type Ranked = Scored & { score: number }

/**
 * Accept what is nearly sure and has no double; review what is likely or has one; reject the rest. `ranked`: the likeliest
 * first. The thresholds come from cross-validation (bench/resolution.ts).
 */
export function decide(
  ranked: readonly Ranked[],
  by: Thresholds = thresholds,
): { decision: 'accept' | 'review' | 'reject'; reason: string } {
  const [first, second] = ranked
  // Of many namesakes none may be likely, and yet one of them is it.
  const together = ranked.reduce((sum, { score }) => sum + score, 0)
  if (!first || together < by.review)
    return {
      decision: 'reject',
      reason: first
        ? `Nothing is near: the best, ${first.known.name}, has ${percent(first.score)}.`
        : 'Nothing is near.',
    }
  if (second && second.score >= by.double && isDouble(first, second))
    return {
      decision: 'review',
      reason: `${first.known.name} (${first.known.uei}) and ${second.known.name} (${second.known.uei}) have the same name: which of them is meant, nothing tells.`,
    }
  if (first.score < by.accept)
    return {
      decision: 'review',
      reason:
        second && second.score > (1 - first.score) / 2
          ? `${percent(first.score)} for ${first.known.name}, and ${percent(second.score)} for ${second.known.name}.`
          : `${percent(first.score)} for ${first.known.name}: likely, not sure.`,
    }
  return { decision: 'accept', reason: `${percent(first.score)} for ${first.known.name}, and nothing else is near.` }
}

/** Namesakes that neither CAGE code nor address tells apart. */
const isDouble = (first: Ranked, second: Ranked) =>
  first.name.comparison.isSame &&
  second.name.comparison.isSame &&
  first.nearness === second.nearness &&
  !first.features.sameCage

export type Thresholds = { [threshold in keyof typeof thresholds]: number }

const percent = (share: number) => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
