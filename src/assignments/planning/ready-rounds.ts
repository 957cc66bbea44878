// A round as the engine gets it: who can be on what, wishes, fairness over the rounds before it.
import { type Reader, sql } from '#platform/database'
import type { Configuration } from '../domains/configurations.ts'
import { Pairs } from '../engine/certificates.ts'
import { type PastRound, type Weights, weighRound } from '../engine/fairness.ts'
import { largestCost, type PinnedPair, type Problem } from '../engine/problem.ts'
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
  const droppedOut = await readDroppedOut(tx, assignmentId)
  const { problem, unit } = weighInFull(withDislikes(without(round.problem, droppedOut)), history, weights)
  const eligible = new Map(round.eligible)
  for (const { participant, target } of round.problem.pairs)
    if (droppedOut.has(participant, target)) eligible.set(participant, (eligible.get(participant) ?? 1) - 1)
  return { ...round, problem, eligible, history, unit }
}

/** With places that may be empty dearer than whatever is saved by leaving them so. */
export function weighInFull(round: Problem, history: readonly PastRound[], weights: Weights) {
  const { problem, unit, most } = weighRound(round, history, weights, shortageRoom)
  const targets = problem.targets.map(target =>
    target.shortageCost === undefined
      ? target
      : { ...target, shortageCost: 2 * most * Math.round(target.shortageCost / shortageCost) },
  )
  return { problem: { ...problem, targets }, unit }
}

/** Who cannot come after all. */
class DroppedOut {
  private readonly pairs: Pairs
  private readonly whole: ReadonlySet<string>

  constructor(rows: readonly { participant: string; target: string | null }[]) {
    this.pairs = new Pairs(
      rows.flatMap(({ participant, target }) => (target === null ? [] : [{ participant, target }])),
    )
    this.whole = new Set(rows.flatMap(({ participant, target }) => (target === null ? [participant] : [])))
  }

  has(participant: string, target: string): boolean {
    return this.whole.has(participant) || this.pairs.has(participant, target)
  }
}

async function readDroppedOut(tx: Reader, assignmentId: string): Promise<DroppedOut> {
  return new DroppedOut(
    await tx.run<{ participant: string; target: string | null }>(sql`
      select participant_id as participant, target_id as target
      from assignments.drop_outs
      where assignment_id = ${assignmentId}
    `),
  )
}

/** A pin does not bring back who dropped out, and nobody has to do what he cannot come to. */
function without(problem: Problem, droppedOut: DroppedOut): Problem {
  const stays = ({ participant, target }: PinnedPair) => !droppedOut.has(participant, target)
  const pairs = problem.pairs.filter(stays)
  if (pairs.length === problem.pairs.length) return problem
  const left = new Map<string, number>()
  for (const { participant } of pairs) left.set(participant, (left.get(participant) ?? 0) + 1)
  return {
    ...problem,
    participants: problem.participants.map(each => ({
      ...each,
      minimum: Math.min(each.minimum, left.get(each.id) ?? 0),
    })),
    pairs,
    pins: problem.pins.filter(stays),
  }
}

/** Pairs cost 0 for what somebody likes best to 100 for what he likes least. */
export const withDislikes = (problem: Problem): Problem => ({
  ...problem,
  pairs: problem.pairs.map(pair => ({ ...pair, cost: (pair.cost * 100) / (preferenceCost * preferenceSteps) })),
})
