import { type Queryable, sql } from '#platform/database'
import { sharesOf } from '../engine/fairness.ts'
import type { PinnedPair, Plan } from '../engine/problem.ts'
import type { ReadyRound } from './ready-rounds.ts'

/** What made a revision: each change of who is on what. */
export const actions = ['plan', 'accept', 'move', 'replan', 'undo', 'restore', 'edit'] as const
export type Action = (typeof actions)[number]

type RevisionFacts = {
  action: Action
  runId?: string
  showsNumber?: number
  planStatus: Plan['status'] | null
  cost: number | null
  lowerBound: number | null
}

/** Writes down who is on what as it is now, as the round's next revision; returns its number. The round's row is locked. */
export async function noteRevision(tx: Queryable, assignmentId: string, facts: RevisionFacts): Promise<number> {
  const { action, runId = null, showsNumber = null, planStatus, cost, lowerBound } = facts
  const { revision } = await tx.one<{ revision: number }>(sql`
    update assignments.assignments
    set revision = revision + 1, plan_status = ${planStatus}, cost = ${cost}, lower_bound = ${lowerBound}
    where id = ${assignmentId}
    returning revision
  `)
  await tx.run(sql`
    insert into assignments.assignment_revisions
      (assignment_id, number, action, run_id, shows_number, plan_status, cost, lower_bound)
    values (
      ${assignmentId}, ${revision}, ${action}, ${runId}, ${showsNumber}, ${planStatus}, ${cost}, ${lowerBound}
    )
  `)
  await tx.run(sql`
    insert into assignments.revision_details (assignment_id, number, participant_id, target_id, position, is_pinned)
    select assignment_id, ${revision}, participant_id, target_id, position, is_pinned
    from assignments.assignment_details
    where assignment_id = ${assignmentId}
  `)
  return revision
}

/** Makes a plan who is on what. Who stays keeps his row, with his place; who comes gets the next place, with the times of now. */
export async function replacePeople(
  tx: Queryable,
  assignmentId: string,
  pairs: readonly PinnedPair[],
  times: ReadyRound['times'],
): Promise<void> {
  const at = (minute: number | undefined) => (minute === undefined ? null : minute * 60)
  const plan = sql`
    (
      select participant_id, target_id, to_timestamp(starts_at) as starts_at, to_timestamp(ends_at) as ends_at
      from unnest(
        ${pairs.map(each => each.participant)}::uuid[],
        ${pairs.map(each => each.target)}::uuid[],
        ${pairs.map(each => at(times.get(each.target)?.startsAt))}::float8[],
        ${pairs.map(each => at(times.get(each.target)?.endsAt))}::float8[]
      ) as given (participant_id, target_id, starts_at, ends_at)
    ) as plan
  `
  await tx.run(sql`
    delete from assignments.assignment_details as detail
    where detail.assignment_id = ${assignmentId}
      and not exists (
        select
        from ${plan}
        where plan.participant_id = detail.participant_id
          and plan.target_id = detail.target_id
      )
  `)
  await tx.run(sql`
    update assignments.assignment_details as detail
    set starts_at = plan.starts_at, ends_at = plan.ends_at
    from ${plan}
    where detail.assignment_id = ${assignmentId}
      and detail.participant_id = plan.participant_id
      and detail.target_id = plan.target_id
      and (detail.starts_at is distinct from plan.starts_at or detail.ends_at is distinct from plan.ends_at)
  `)
  await tx.run(sql`
    with
      known as (
        select target_id, max(position) as last, array_agg(participant_id) as people
        from assignments.assignment_details
        where assignment_id = ${assignmentId}
        group by target_id
      )
    insert into assignments.assignment_details
      (assignment_id, participant_id, target_id, position, is_pinned, starts_at, ends_at)
    select
      ${assignmentId}, plan.participant_id, plan.target_id,
      coalesce(known.last + 1, 0) + row_number() over (partition by plan.target_id order by plan.participant_id) - 1,
      exists (
        select
        from assignments.assignment_pins as pin
        where pin.assignment_id = ${assignmentId}
          and pin.participant_id = plan.participant_id
          and pin.target_id = plan.target_id
      ),
      plan.starts_at, plan.ends_at
    from ${plan}
    left join known on known.target_id = plan.target_id
    where known.people is null
      or plan.participant_id <> all (known.people)
    order by plan.target_id, plan.participant_id
  `)
}

/** What each could have been on, and what was his part of what was filled: later rounds count on it. */
export async function keepShares(
  tx: Queryable,
  assignmentId: string,
  { problem, eligible }: Pick<ReadyRound, 'problem' | 'eligible'>,
  pairs: readonly PinnedPair[],
): Promise<void> {
  const filled = new Map<string, number>()
  for (const { target } of pairs) filled.set(target, (filled.get(target) ?? 0) + 1)
  const shares = [...sharesOf(problem.pairs, filled)].toSorted(([one], [other]) => (one < other ? -1 : 1))
  await tx.run(sql`delete from assignments.assignment_shares where assignment_id = ${assignmentId}`)
  await tx.run(sql`
    insert into assignments.assignment_shares (assignment_id, participant_id, eligible_count, fair_share)
    select ${assignmentId}, *
    from unnest(
      ${shares.map(([participant]) => participant)}::uuid[],
      ${shares.map(([participant]) => eligible.get(participant) ?? 0)}::integer[],
      ${shares.map(([, share]) => share)}::double precision[]
    )
  `)
}
