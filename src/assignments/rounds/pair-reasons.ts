// Why somebody cannot be on a target in a round.
import { type Reader, sql } from '#platform/database'
import { type Reason, reasonsAgainst } from './eligibility.ts'
import { type RoundCandidate, type RoundInputs, type RoundPlace, readRound } from './round-inputs.ts'
import { type RoundTimes, readRoundTimes, restReasons } from './round-times.ts'

/** Why somebody cannot be on a target in a round, by rule and with what is missing; empty where he can. */
export async function explainPair(
  tx: Reader,
  assignmentId: string,
  pair: { participantId: string; targetId: string },
  { timeZone }: { timeZone: string },
): Promise<Reason[]> {
  const round = await readRound(tx, assignmentId, pair)
  const [candidate, place] = [round.candidates[0], round.places[0]]
  if (candidate && place)
    return [
      ...(await droppedOutReasons(tx, assignmentId, candidate, place)),
      ...reasonsInRound(candidate, place, round, await readRoundTimes(tx, round, timeZone)),
    ]
  const message = `The target is on none of the days of the round, ${round.days[0]} to ${round.days.at(-1)}.`
  return [{ rule: 'capacity_check', message, missing: { days: [...round.days] } }]
}

async function droppedOutReasons(
  tx: Reader,
  assignmentId: string,
  { id, name }: RoundCandidate,
  place: RoundPlace,
): Promise<Reason[]> {
  const dropOut = await tx.maybe<{ targetId: string | null }>(sql`
    select target_id
    from assignments.drop_outs
    where assignment_id = ${assignmentId}
      and participant_id = ${id}
      and (target_id is null or target_id = ${place.id})
    order by target_id nulls first
    limit 1
  `)
  if (!dropOut) return []
  const message = `${name} has dropped out of ${dropOut.targetId === null ? 'this round' : place.name}.`
  return [{ rule: 'availability_check', message, missing: { droppedOut: true } }]
}

/** All that stands against a pair, but for drop-outs. */
export const reasonsInRound = (
  candidate: RoundCandidate,
  place: RoundPlace,
  round: RoundInputs,
  times: RoundTimes,
): Reason[] => [...reasonsAgainst(candidate, place, round.days), ...restReasons(candidate, place, round, times)]
