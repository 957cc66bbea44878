import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'
import { Names } from './sentences.ts'

export const DropOutFields = Type.Object({
  participantId: uuid,
  targetId: Type.Optional(nullable({ ...uuid, description: 'Null: from all that he is on in the round' })),
  reason: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: 500, description: 'Never in the audit log; erased with him' })),
  ),
})
export type DropOutFields = Static<typeof DropOutFields>

/** Who cannot come after all: no plan of the round has him there, and a replan looks for somebody else. */
export const DropOut = Type.Object({
  id: uuid,
  participantId: uuid,
  participantName: Type.String(),
  targetId: nullable(uuid),
  targetName: nullable(Type.String()),
  reason: nullable(Type.String({ description: 'Null for whoever may not change the round' })),
  reportedBy: nullable(uuid),
  reportedAt: timestamp,
  resolvedRevision: nullable(Type.Integer({ description: 'The plan without him; null while he is in it' })),
})
export type DropOut = Static<typeof DropOut>

const selectDropOuts = sql`
  select
    drop_out.id, drop_out.participant_id, participant.name as participant_name, drop_out.target_id,
    target.name as target_name, drop_out.reason, drop_out.reported_by, drop_out.reported_at, drop_out.resolved_revision
  from assignments.drop_outs as drop_out
  join assignments.participants as participant
    on participant.tenant_id = drop_out.tenant_id and participant.id = drop_out.participant_id
  left join assignments.assignment_targets as target
    on target.tenant_id = drop_out.tenant_id and target.id = drop_out.target_id
`

/** The latest first. */
export async function listDropOuts(
  tx: Reader,
  assignmentId: string,
  { limit, cursor }: { limit: number; cursor?: string },
) {
  await getAssignment(tx, assignmentId)
  const order = `assignment-drop-outs ${assignmentId}`
  const after = readCursor(cursor, order, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run<DropOut>(sql`
    ${selectDropOuts}
    where drop_out.assignment_id = ${assignmentId}
      and ${after ? sql`(drop_out.reported_at, drop_out.id) < (${after[0]}, ${after[1]})` : sql`true`}
    order by drop_out.reported_at desc, drop_out.id desc
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, dropOut => [dropOut.reportedAt.toISOString(), dropOut.id])
}

/** Refuses who is on nothing of that, and who has dropped out of it before. `tx` is a transaction. */
export async function reportDropOut(
  app: App,
  tx: Queryable,
  assignmentId: string,
  { participantId, targetId = null, reason = null }: DropOutFields,
): Promise<DropOut> {
  await requireOpen(tx, assignmentId)
  const isOn = await tx.maybe(sql`
    select 1
    from assignments.assignment_details
    where assignment_id = ${assignmentId}
      and participant_id = ${participantId}
      and ${targetId === null ? sql`true` : sql`target_id = ${targetId}`}
    limit 1
  `)
  if (!isOn) {
    const names = await Names.in(tx, [participantId, targetId])
    throw targetId === null
      ? errors.dropOutFromNothing({ participant: names.of(participantId) })
      : errors.moveNowhere({ participant: names.of(participantId), target: names.of(targetId) })
  }
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.drop_outs (assignment_id, participant_id, target_id, reason)
      values (${assignmentId}, ${participantId}, ${targetId}, ${reason?.trim() || null})
      returning id
    `),
    { drop_outs_once: errors.dropOutKnown },
  )
  await emitEvent(app, tx, {
    type: 'assignments.assignment.dropped_out',
    data: { id: assignmentId, participantId, targetId },
  })
  return await tx.one<DropOut>(sql`
    ${selectDropOuts}
    where drop_out.id = ${id}
  `)
}

/** He can come after all: plans from now on may have him there again. `tx` is a transaction. */
export async function withdrawDropOut(tx: Queryable, assignmentId: string, id: string): Promise<void> {
  await requireOpen(tx, assignmentId)
  const removed = await tx.maybe(sql`
    delete from assignments.drop_outs
    where assignment_id = ${assignmentId}
      and id = ${id}
    returning id
  `)
  if (!removed) throw errors.dropOutNotFound({ id })
}

/** Whoever is not on what he dropped out of any more has been replaced, or left out, by this revision. */
export async function resolveDropOuts(tx: Queryable, assignmentId: string, revision: number): Promise<void> {
  await tx.run(sql`
    update assignments.drop_outs as drop_out
    set resolved_revision = ${revision}
    where drop_out.assignment_id = ${assignmentId}
      and drop_out.resolved_revision is null
      and not exists (
        select
        from assignments.assignment_details as detail
        where detail.assignment_id = drop_out.assignment_id
          and detail.participant_id = drop_out.participant_id
          and detail.target_id = coalesce(drop_out.target_id, detail.target_id)
      )
  `)
}
