import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { nullable, uuid } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { giniOf, type PastRound, previewWeights, standingsOf } from '../engine/fairness.ts'
import type { PinnedPair, Problem } from '../engine/problem.ts'
import { SearchEnded } from '../engine/side-plans.ts'
import { solveRound } from '../engine/solving.ts'
import { errors } from '../errors.ts'
import { weighInFull, withDislikes } from '../planning/ready-rounds.ts'
import { buildProblem } from '../rounds/problems.ts'

const weight = Type.Number({ minimum: 0, maximum: 1 })

export const WeightsFields = Type.Object({
  preference: { ...weight, description: 'How much wishes count' },
  fairness: { ...weight, description: 'How much it counts to be ahead of the fair share' },
  rotation: { ...weight, description: 'How much it counts to have done the same lately' },
})
export type WeightsFields = Static<typeof WeightsFields>

const Side = Type.Object({
  gini: Type.Number({ description: '0 is even' }),
  cost: Type.Number({
    description: 'Points of dislike: 0 for what somebody likes best to 100 for what he likes least, added up',
  }),
})

/** What the last rounds were, and what they would have been with other weights, by the rules and people of today. */
export const WeightsPreview = Type.Object({
  rounds: Type.Integer({ description: 'So many of the last rounds were planned anew' }),
  before: Side,
  after: Side,
  participants: Type.Array(
    Type.Object({
      id: uuid,
      name: Type.String(),
      before: Type.Integer({ description: 'Places that he filled' }),
      after: Type.Integer({ description: 'Places that he would have filled' }),
      fairShare: Type.Number({ description: 'What would have been his part of them' }),
    }),
    { description: 'By name' },
  ),
  firstDate: nullable(Type.String({ format: 'date', description: 'The first day of the first of them' })),
})
export type WeightsPreview = Static<typeof WeightsPreview>

/** The last rounds are planned anew, as many as can be in the time in which somebody waits. */
const mostRounds = 12
const mostPairs = 60_000
const secondsAltogether = 10

/**
 * Plans the last rounds of a domain again, each on what those before it then were. Nothing is kept. Rounds that could not be
 * planned today are left out of both sides. Refuses where it takes longer than somebody waits.
 */
export async function previewDomain(
  tx: Reader,
  domainId: string,
  weights: WeightsFields,
  timeZone: string,
): Promise<WeightsPreview> {
  await getDomain(tx, domainId)
  const rounds = await readRounds(tx, domainId, timeZone)
  const until = performance.now() + secondsAltogether * 1000
  const plan = async (problem: Problem) => {
    const seconds = (until - performance.now()) / 1000
    if (seconds <= 0) throw errors.previewTooLong({ seconds: secondsAltogether })
    return await solveRound(problem, { seconds })
  }
  const problems = rounds.map(({ problem }) => problem)
  const { costs, cost, gini, standings } = await previewWeights(problems, weights, plan, weighInFull).catch(error => {
    throw error instanceof SearchEnded ? errors.previewTooLong({ seconds: secondsAltogether }, error) : error
  })
  const kept = rounds.filter((_, index) => costs[index] !== null)
  const past = kept.map(({ problem, assigned }): PastRound => ({ eligible: problem.pairs, assigned }))
  const were = standingsOf(past)
  const names = await readNames(tx, domainId)
  return {
    rounds: kept.length,
    firstDate: kept[0]?.startsOn ?? null,
    before: { gini: giniOf(were.values()), cost: kept.reduce((sum, round) => sum + dislikeOf(round), 0) },
    after: { gini, cost },
    participants: names.flatMap(({ id, name }) => {
      const [was, is] = [were.get(id), standings.get(id)]
      if (!was && !is) return []
      return [{ id, name, before: was?.load ?? 0, after: is?.load ?? 0, fairShare: is?.share ?? was?.share ?? 0 }]
    }),
  }
}

type Round = { startsOn: string; problem: Problem; assigned: readonly PinnedPair[] }

/** Of what is possible today: whoever could not be there any more cost nothing that could be compared. */
function dislikeOf({ problem, assigned }: Round): number {
  const wanted = new Set(assigned.map(pair => `${pair.participant} ${pair.target}`))
  return problem.pairs
    .filter(pair => wanted.has(`${pair.participant} ${pair.target}`))
    .reduce((sum, { cost }) => sum + cost, 0)
}

/** The oldest first. */
async function readRounds(tx: Reader, domainId: string, timeZone: string): Promise<Round[]> {
  const latest = await tx.run<{ id: string; startsOn: string }>(sql`
    select id, assignment_date as starts_on
    from assignments.assignments as assignment
    where domain_id = ${domainId}
      and status <> 'cancelled'
      and exists (
        select
        from assignments.assignment_details as detail
        where detail.tenant_id = assignment.tenant_id
          and detail.assignment_id = assignment.id
      )
    order by assignment_date desc, id desc
    limit ${mostRounds}
  `)
  const rounds: Round[] = []
  let pairs = 0
  for (const { id, startsOn } of latest) {
    const problem = await problemOf(tx, id, timeZone)
    if (!problem) continue
    pairs += problem.pairs.length
    if (pairs > mostPairs && rounds.length > 0) break
    const assigned = await tx.run<PinnedPair>(sql`
      select participant_id as participant, target_id as target
      from assignments.assignment_details
      where assignment_id = ${id}
    `)
    rounds.unshift({ startsOn, problem, assigned })
  }
  return rounds
}

/** Undefined where somebody is pinned on what he cannot do today. */
async function problemOf(tx: Reader, id: string, timeZone: string): Promise<Problem | undefined> {
  try {
    return withDislikes((await buildProblem(tx, id, { timeZone })).problem)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'assignments.pin_impossible') return undefined
    throw error
  }
}

async function readNames(tx: Reader, domainId: string): Promise<{ id: string; name: string }[]> {
  return await tx.run<{ id: string; name: string }>(sql`
    select id, name
    from assignments.participants
    where domain_id = ${domainId}
    order by name, id
  `)
}
