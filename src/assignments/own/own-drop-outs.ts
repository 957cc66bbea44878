import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Reader, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { notify } from '#platform/notifications'
import { errors } from '../errors.ts'
import { DropOutFields, reportDropOut } from '../planning/drop-outs.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'

/** Where the user of the scope has said that he cannot come. */
export const OwnDropOut = Type.Object({
  id: uuid,
  assignmentId: uuid,
  targetId: nullable({ ...uuid, description: 'Null: from all in the round' }),
  reason: nullable(Type.String()),
  reportedAt: timestamp,
})
export type OwnDropOut = Static<typeof OwnDropOut>

/** Those in active rounds for which nobody else has been found yet, the latest first. */
export async function listOwnDropOuts(tx: Reader): Promise<OwnDropOut[]> {
  return await tx.run<OwnDropOut>(sql`
    select drop_out.id, drop_out.assignment_id, drop_out.target_id, drop_out.reason, drop_out.reported_at
    from assignments.participants as participant
    join assignments.drop_outs as drop_out
      on drop_out.tenant_id = participant.tenant_id and drop_out.participant_id = participant.id
    join assignments.assignments as assignment
      on assignment.tenant_id = drop_out.tenant_id and assignment.id = drop_out.assignment_id
    where participant.user_id = platform.current_user_id()
      and drop_out.resolved_revision is null
      and assignment.status = 'active'
    order by drop_out.reported_at desc, drop_out.id
    limit 1000
  `)
}

export const OwnDropOutFields = Type.Object({
  assignmentId: uuid,
  ...Type.Omit(DropOutFields, ['participantId']).properties,
})
export type OwnDropOutFields = Static<typeof OwnDropOutFields>

/** Says that the user of the scope cannot come, and tells those who made and published the round. `tx` is a transaction. */
export async function dropOut(
  app: App,
  tx: Queryable,
  { assignmentId, ...fields }: OwnDropOutFields,
): Promise<OwnDropOut> {
  const participantId = await getOwnParticipantId(tx, assignmentId)
  const dropOut = await reportDropOut(app, tx, assignmentId, { participantId, ...fields })
  const { id, targetName, targetId, reason, reportedAt } = dropOut
  const { name, assignmentDate } = await getAssignment(tx, assignmentId)
  await notify(app, tx, {
    userIds: await listPlanners(tx, assignmentId),
    kind: 'assignments.dropped_out',
    // Who and why is told where the link leads: there it goes when he is erased.
    title: `Somebody cannot come${targetName === null ? '' : `: ${targetName}`}`,
    message: `${name ?? 'The round'} of ${assignmentDate}. Its page says who.`,
    link: `/assignments/${assignmentId}`,
    data: { assignmentId, participantId },
  })
  return { id, assignmentId, targetId, reason, reportedAt }
}

/** The user of the scope can come after all. `tx` is a transaction. */
export async function comeAfterAll(tx: Queryable, id: string): Promise<void> {
  const own = await tx.maybe<{ assignmentId: string }>(sql`
    select drop_out.assignment_id
    from assignments.drop_outs as drop_out
    join assignments.participants as participant
      on participant.tenant_id = drop_out.tenant_id and participant.id = drop_out.participant_id
    where drop_out.id = ${id}
      and drop_out.resolved_revision is null
      and participant.user_id = platform.current_user_id()
  `)
  if (!own) throw errors.dropOutNotFound({ id })
  await requireOpen(tx, own.assignmentId)
  // Meanwhile somebody else may have been found.
  const withdrawn = await tx.maybe(sql`
    delete from assignments.drop_outs
    where id = ${id}
      and resolved_revision is null
    returning id
  `)
  if (!withdrawn) throw errors.dropOutNotFound({ id })
}

/** Who made and who published a round, without the user of the scope. */
async function listPlanners(tx: Queryable, assignmentId: string): Promise<string[]> {
  const planners = await tx.run<{ userId: string }>(sql`
    select distinct planner.user_id
    from assignments.assignments as assignment
    cross join lateral (values (assignment.created_by), (assignment.published_by)) as planner (user_id)
    where assignment.id = ${assignmentId}
      and planner.user_id <> platform.current_user_id()
  `)
  return planners.map(({ userId }) => userId)
}

/** Who the user of the scope is in a published round that he is in; refuses with not_found where he is in none. */
async function getOwnParticipantId(tx: Reader, assignmentId: string): Promise<string> {
  const own = await tx.maybe<{ id: string }>(sql`
    select participant.id
    from assignments.participants as participant
    join assignments.assignments as assignment
      on assignment.tenant_id = participant.tenant_id and assignment.domain_id = participant.domain_id
    where participant.user_id = platform.current_user_id()
      and assignment.id = ${assignmentId}
      and assignment.published_at is not null
      and exists (
        select
        from assignments.assignment_details as detail
        where detail.tenant_id = assignment.tenant_id
          and detail.assignment_id = assignment.id
          and detail.participant_id = participant.id
      )
  `)
  if (!own) throw errors.assignmentNotFound({ id: assignmentId })
  return own.id
}
