import type { Queryable } from '#platform/database'
import { findCandidates } from './candidates.ts'
import { decide } from './decisions.ts'
import { reasonsOf } from './reasons.ts'
import { type Mention, posteriorsOf, prepare, type Reason, scoreKnown } from './scoring.ts'

export type { Mention, Reason } from './scoring.ts'

/** One contractor that a mention may mean: `score` is the belief in it, 0 to 1; over all candidates at most 1 together. */
export type MatchCandidate = {
  profileId: string
  /** Empty for a vendor that is known by mentions alone. */
  uei: string
  name: string
  score: number
  reasons: Reason[]
}

/** What a mention means, the likeliest first: `accept` the first, have it reviewed, or `reject` all; `reason` says why. */
export type Match = {
  mentionId: string
  candidates: MatchCandidate[]
  decision: 'accept' | 'review' | 'reject'
  reason: string
}

/**
 * Finds for each mention, in their order, the contractors of the catalogue that it may mean (issue 5, GG-08): candidates by
 * name, CAGE code and address, scored by fitted weights, and the decision with its reasons. Reads only; some ten
 * milliseconds a mention among 900,000, in batches.
 */
export async function matchMentions(tx: Queryable, mentions: readonly Mention[]): Promise<Match[]> {
  const matches: Match[] = []
  for (let start = 0; start < mentions.length; start += batch)
    matches.push(...(await matchBatch(tx, mentions.slice(start, start + batch))))
  return matches
}

const batch = 100
const shown = 10

async function matchBatch(tx: Queryable, mentions: readonly Mention[]): Promise<Match[]> {
  const prepared = mentions.map(prepare)
  const { known, words } = await findCandidates(tx, prepared)
  return prepared.map((one, place) => {
    // A vendor without UEI is these texts themselves: whether two are one vendor the clusters tell.
    const identified = known[place]!.filter(({ uei }) => uei !== '')
    const scored = identified.map(profile => scoreKnown(one, profile, words))
    const posteriors = posteriorsOf(scored.map(({ logOdds }) => logOdds))
    const ranked = scored
      .map((candidate, index) => ({ ...candidate, score: posteriors[index]! }))
      .sort((a, b) => b.score - a.score || (a.known.profileId < b.known.profileId ? -1 : 1))
    return {
      mentionId: one.mention.id,
      candidates: ranked.slice(0, shown).map(candidate => ({
        profileId: candidate.known.profileId,
        uei: candidate.known.uei,
        name: candidate.known.name,
        score: Math.round(candidate.score * 10_000) / 10_000,
        reasons: reasonsOf(candidate),
      })),
      ...decide(ranked),
    }
  })
}
