// A round as the engine gets it: who can be on what, wishes, fairness over the rounds before it.
import { type Reader, sql } from '#platform/database'
import type { Configuration } from '../domains/configurations.ts'
import { type PastRound, weighRound } from '../engine/fairness.ts'
import { largestCost, type Problem } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { buildProblem, preferenceCost, type RoundProblem, shortageCost } from '../rounds/problems.ts'
import type { RoundChanges } from '../rounds/round-inputs.ts'
import { readPastRounds, weightsOf } from './past-rounds.ts'

export type ReadyRound = Omit<RoundProblem, 'problem'> & {
  problem: Problem
  history: readonly PastRound[]
  /** Units of cost that one point of dislike is. */
  unit: number
}

/** From what somebody likes best to what he likes least. */
const preferenceSteps = 4
const mostPriority = 5

/** Of two places the more important is filled, whatever wishes and turns say: one costs more than any two people. */
const shortageRoom = largestCost / (2 * mostPriority)

/** `timeZone` is the tenant's. Refuses with not_found, and pins that cannot be. */
export async function readyRound(
  tx: Reader,
  assignmentId: string,
  { timeZone, changes }: { timeZone: string; changes?: RoundChanges },
): Promise<ReadyRound> {
  const kept = await tx.maybe<{ configuration: Configuration }>(sql`
    select configuration
    from assignments.assignments
    where id = ${assignmentId}
  `)
  if (!kept) throw errors.assignmentNotFound({ id: assignmentId })
  const weights = weightsOf(changes?.configuration ?? kept.configuration)
  const history = await readPastRounds(tx, assignmentId, weights.rounds)
  const round = await buildProblem(tx, assignmentId, { timeZone, ...(changes && { changes }) })
  const { problem, unit, most } = weighRound(withDislikes(round.problem), history, weights, shortageRoom)
  const targets = problem.targets.map(target =>
    target.shortageCost === undefined
      ? target
      : { ...target, shortageCost: 2 * most * Math.round(target.shortageCost / shortageCost) },
  )
  return { ...round, problem: { ...problem, targets }, history, unit }
}

/** Pairs cost 0 for what somebody likes best to 100 for what he likes least. */
const withDislikes = (problem: Problem): Problem => ({
  ...problem,
  pairs: problem.pairs.map(pair => ({ ...pair, cost: (pair.cost * 100) / (preferenceCost * preferenceSteps) })),
})
