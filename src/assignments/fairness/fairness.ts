import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { date, nullable, uuid } from '#platform/http'
import type { Period } from '../boards/periods.ts'
import { giniOf, type PastRound, standingsAfterEach, standingsOf } from '../engine/fairness.ts'
import { listEverybody, listPlannedRounds, type PlannedPerson, type PlannedRound } from './planned-rounds.ts'

const gini = Type.Number({
  description: '0 when everybody’s load is in the same ratio to his fair share, towards 1 when one does all',
})

/** How evenly a period was shared out: what each did, and what would have been his part of it. */
export const Fairness = Type.Object({
  gini,
  participants: Type.Array(
    Type.Object({
      id: uuid,
      name: Type.String(),
      load: Type.Integer({ description: 'Places that he filled' }),
      eligible: Type.Integer({ description: 'Places that he could have filled, as it was when rounds were planned' }),
      fairShare: Type.Number({ description: 'Of each place one part for each who could have filled it' }),
      balance: Type.Number({ description: 'Load less fair share: above 0 he did more than his part' }),
      isNewcomer: Type.Boolean({ description: 'Joined after the first round of the period began' }),
    }),
    { description: 'By name: those that are active or did something in the period' },
  ),
  rounds: Type.Array(
    Type.Object({
      id: uuid,
      name: nullable(Type.String()),
      date,
      gini: { ...gini, description: 'Of this round and those of the period before it together' },
      loads: Type.Record(Type.String(), Type.Integer(), { description: 'By participant' }),
      isEstimated: Type.Boolean({
        description: 'Filled by hand alone: all who had joined count as if they could have done everything',
      }),
    }),
    { description: 'The oldest first' },
  ),
})
export type Fairness = Static<typeof Fairness>

/** Adds up the rounds that begin in a period. Who stayed away for long starts at even, as when rounds are planned. */
export async function getFairness(tx: Reader, domainId: string, period: Period): Promise<Fairness> {
  const rounds = await listPlannedRounds(tx, domainId, period)
  const people = await listEverybody(tx, domainId)
  const { past, eligible, estimated } = await readPast(tx, rounds, people)
  const standings = standingsOf(past)
  const ginis = Array.from(standingsAfterEach(past), each => giniOf(each.values()))
  const first = rounds[0]?.startsOn ?? period.to
  return {
    gini: ginis.at(-1) ?? 0,
    participants: people
      .filter(({ id, isActive }) => isActive || (standings.get(id)?.load ?? 0) > 0)
      .map(({ id, name, joinedOn }) => {
        const { load, share } = standings.get(id) ?? { load: 0, share: 0 }
        return {
          ...{ id, name, load, eligible: eligible.get(id) ?? 0 },
          ...{ fairShare: share, balance: load - share, isNewcomer: joinedOn > first },
        }
      }),
    rounds: rounds.map(({ id, name, startsOn }, index) => ({
      ...{ id, name, date: startsOn, isEstimated: estimated.has(id) },
      gini: ginis[index] ?? 0,
      loads: loadsOf(past[index]),
    })),
  }
}

type Past = {
  past: PastRound[]
  eligible: ReadonlyMap<string, number>
  /** Rounds of which nobody noted who could have done what. */
  estimated: ReadonlySet<string>
}

/** What was planned in rounds, as fairness counts it. */
export async function readPast(
  tx: Reader,
  rounds: readonly PlannedRound[],
  people: readonly PlannedPerson[],
): Promise<Past> {
  const ids = rounds.map(({ id }) => id)
  const details = await tx.run<{ assignmentId: string; participant: string; target: string }>(sql`
    select assignment_id, participant_id as participant, target_id as target
    from assignments.assignment_details
    where assignment_id = any(${ids}::uuid[])
  `)
  const shares = await tx.run<{ assignmentId: string; participantId: string; eligible: number; share: number }>(sql`
    select assignment_id, participant_id, eligible_count as eligible, fair_share as share
    from assignments.assignment_shares
    where assignment_id = any(${ids}::uuid[])
  `)
  const [filled, kept] = [Map.groupBy(details, row => row.assignmentId), Map.groupBy(shares, row => row.assignmentId)]
  const eligible = new Map<string, number>()
  const past = rounds.map(({ id, startsOn }): PastRound => {
    const assigned = filled.get(id) ?? []
    const places = new Set(assigned.map(({ target }) => target)).size
    const known = kept.get(id) ?? estimate(startsOn, people, assigned.length, places)
    for (const each of known) eligible.set(each.participantId, (eligible.get(each.participantId) ?? 0) + each.eligible)
    return { eligible: [], assigned, shares: new Map(known.map(each => [each.participantId, each.share])) }
  })
  return { past, eligible, estimated: new Set(ids.filter(id => !kept.has(id))) }
}

function estimate(startsOn: string, people: readonly PlannedPerson[], load: number, places: number) {
  const there = people.filter(({ joinedOn, isActive }) => isActive && joinedOn <= startsOn)
  const among = there.length > 0 ? there : people
  return among.map(({ id }) => ({ participantId: id, eligible: places, share: load / among.length }))
}

function loadsOf(round: PastRound | undefined): Record<string, number> {
  const loads: Record<string, number> = {}
  for (const { participant } of round?.assigned ?? []) loads[participant] = (loads[participant] ?? 0) + 1
  return loads
}
