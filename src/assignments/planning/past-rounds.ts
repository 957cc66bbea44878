// What rounds before one were: by this its people come close to their fair shares.
import { type Reader, sql } from '#platform/database'
import type { Configuration } from '../domains/configurations.ts'
import { defaultWeights, type PastRound, type Weights } from '../engine/fairness.ts'
import type { PinnedPair } from '../engine/problem.ts'

/** Unless a domain says another number: of weekly rounds a year. */
const usualDepth = 52

/** What a domain says of fairness, by the names that its page has. */
export function weightsOf({ fairness = {} }: Configuration): Weights & { rounds: number } {
  const number = (name: string, usual: number, most: number) => {
    const value = fairness[name]
    return typeof value === 'number' && value >= 0 ? Math.min(value, most) : usual
  }
  return {
    preference: number('preference', defaultWeights.preference, 1),
    fairness: number('fairness', defaultWeights.fairness, 1),
    rotation: number('rotation', defaultWeights.rotation, 1),
    rounds: Math.round(number('rounds', usualDepth, 520)),
  }
}

/**
 * The rounds of its domain before a round, the oldest first: planned, not cancelled, drafts too; of one
 * day those that were made before it. Shares are those that were kept
 * with the plan; where a round was filled by hand alone, all who were in the domain had equal ones.
 */
export async function readPastRounds(tx: Reader, assignmentId: string, rounds: number): Promise<PastRound[]> {
  if (rounds === 0) return []
  const past = await tx.run<{ id: string }>(sql`
    select past.id
    from assignments.assignments as round
    join assignments.assignments as past
      on past.tenant_id = round.tenant_id
      and past.domain_id = round.domain_id
      and past.assignment_date <= round.assignment_date
      and (past.assignment_date, past.created_at, past.id) < (round.assignment_date, round.created_at, round.id)
    where round.id = ${assignmentId}
      and past.status <> 'cancelled'
      and exists (
        select
        from assignments.assignment_details as detail
        where detail.tenant_id = past.tenant_id
          and detail.assignment_id = past.id
      )
    order by past.assignment_date desc, past.created_at desc, past.id desc
    limit ${rounds}
  `)
  const ids = past.map(({ id }) => id).reverse()
  if (ids.length === 0) return []
  const assigned = await tx.run<{ assignmentId: string } & PinnedPair>(sql`
    select assignment_id, participant_id as participant, target_id as target
    from assignments.assignment_details
    where assignment_id = any (${ids}::uuid[])
    order by assignment_id, target_id, participant_id
  `)
  const shares = await tx.run<{ assignmentId: string; participantId: string; fairShare: number }>(sql`
    select assignment_id, participant_id, fair_share
    from assignments.assignment_shares
    where assignment_id = any (${ids}::uuid[])
    order by assignment_id, participant_id
  `)
  const [assignedIn, sharesIn] = [
    Map.groupBy(assigned, row => row.assignmentId),
    Map.groupBy(shares, row => row.assignmentId),
  ]
  const everybody = ids.every(id => sharesIn.has(id)) ? [] : await readEverybody(tx, assignmentId)
  return ids.map(id => {
    const pairs = (assignedIn.get(id) ?? []).map(({ participant, target }) => ({ participant, target }))
    const kept = sharesIn.get(id)?.map(row => [row.participantId, row.fairShare] as const)
    const equal = () => everybody.map(person => [person, pairs.length / everybody.length] as const)
    return { eligible: [], assigned: pairs, shares: new Map(kept ?? equal()) }
  })
}

async function readEverybody(tx: Reader, assignmentId: string): Promise<string[]> {
  const rows = await tx.run<{ id: string }>(sql`
    select participant.id
    from assignments.assignments as round
    join assignments.participants as participant
      on participant.tenant_id = round.tenant_id and participant.domain_id = round.domain_id
    where round.id = ${assignmentId}
    order by participant.id
  `)
  return rows.map(({ id }) => id)
}
