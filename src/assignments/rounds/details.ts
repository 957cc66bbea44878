import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { noteRevision } from '../planning/revisions.ts'
import { getAssignment, requireOpen } from './assignments.ts'

const Json = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 200 })
const position = nullable(
  Type.Integer({ minimum: 0, maximum: 100_000, description: 'Among the people on the target, from 0' }),
)

export const DetailFields = Type.Object({
  participantId: uuid,
  targetId: uuid,
  position: Type.Optional(position),
  isPinned: Type.Optional(Type.Boolean({ description: 'Stays when the rest is planned anew' })),
  metadata: Type.Optional(Json),
})
export type DetailFields = Static<typeof DetailFields>

export const DetailChanges = Type.Object({
  position: Type.Optional(position),
  isPinned: Type.Optional(Type.Boolean()),
  metadata: Type.Optional(Json),
})
export type DetailChanges = Static<typeof DetailChanges>

/** VS-09: a participant on a target. */
export const Detail = Type.Object({
  id: uuid,
  participantId: uuid,
  participantName: Type.String(),
  targetId: uuid,
  targetName: Type.String(),
  position,
  isPinned: Type.Boolean(),
  startsAt: nullable(timestamp),
  endsAt: nullable(timestamp),
  metadata: Json,
  createdAt: timestamp,
})
export type Detail = Static<typeof Detail>

export const detailFilters = { participantId: Type.Optional(uuid), targetId: Type.Optional(uuid) }
type Page = { limit: number; cursor?: string; participantId?: string; targetId?: string }

/** By target, and on it by position. */
export async function listDetails(tx: Reader, assignmentId: string, { limit, cursor, participantId, targetId }: Page) {
  await getAssignment(tx, assignmentId)
  const order = `assignment-details ${assignmentId} ${participantId} ${targetId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<Detail>(sql`
    ${selectDetails}
    where detail.assignment_id = ${assignmentId}
      and ${participantId === undefined ? sql`true` : sql`detail.participant_id = ${participantId}`}
      and ${targetId === undefined ? sql`true` : sql`detail.target_id = ${targetId}`}
      and ${
        after
          ? sql`(detail.target_id, coalesce(detail.position, 1000000), detail.id) > (${after[0]}, ${after[1]}, ${after[2]})`
          : sql`true`
      }
    order by detail.target_id, coalesce(detail.position, 1000000), detail.id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, detail => [detail.targetId, detail.position ?? 1_000_000, detail.id])
}

/** Puts somebody on a target by hand. Refuses where it is closed or locked, or he is on it already. `tx` is a transaction. */
export async function addDetail(tx: Queryable, assignmentId: string, fields: DetailFields): Promise<Detail> {
  await requireDraft(tx, assignmentId)
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.assignment_details
        (assignment_id, participant_id, target_id, position, is_pinned, metadata)
      values (
        ${assignmentId}, ${fields.participantId}, ${fields.targetId}, ${fields.position ?? null},
        ${fields.isPinned ?? false}, ${json(fields.metadata ?? {})}
      )
      returning id
    `),
    {
      assignment_details_once: errors.detailTaken,
      assignment_details_participant_id_fkey: () => errors.participantNotFound({ id: fields.participantId }),
      assignment_details_target_id_fkey: () => errors.targetNotFound({ id: fields.targetId }),
    },
  )
  await noteEdit(tx, assignmentId)
  return await getDetail(tx, assignmentId, id)
}

/** `tx` is a transaction. */
export async function changeDetail(
  tx: Queryable,
  assignmentId: string,
  id: string,
  changes: DetailChanges,
): Promise<Detail> {
  await requireOpen(tx, assignmentId)
  const next = { ...(await getDetail(tx, assignmentId, id)), ...changes }
  await tx.run(sql`
    update assignments.assignment_details
    set position = ${next.position}, is_pinned = ${next.isPinned}, metadata = ${json(next.metadata)}
    where assignment_id = ${assignmentId}
      and id = ${id}
  `)
  return await getDetail(tx, assignmentId, id)
}

/** `tx` is a transaction. */
export async function removeDetail(tx: Queryable, assignmentId: string, id: string): Promise<void> {
  await requireDraft(tx, assignmentId)
  const removed = await tx.maybe(sql`
    delete from assignments.assignment_details
    where assignment_id = ${assignmentId}
      and id = ${id}
    returning id
  `)
  if (!removed) throw errors.detailNotFound({ id })
  await noteEdit(tx, assignmentId)
}

/** By hand nothing is weighed: what is published is changed by moves, which keep the rules and tell people. */
async function requireDraft(tx: Queryable, assignmentId: string): Promise<void> {
  await requireOpen(tx, assignmentId)
  if ((await getAssignment(tx, assignmentId)).publishedAt !== null) throw errors.assignmentPublished()
}

async function noteEdit(tx: Queryable, assignmentId: string): Promise<void> {
  await noteRevision(tx, assignmentId, { action: 'edit', planStatus: null, cost: null, lowerBound: null })
}

const place = Type.Tuple([uuid, Type.Integer(), uuid])

const selectDetails = sql`
  select
    detail.id, detail.participant_id, participant.name as participant_name, detail.target_id, target.name as target_name,
    detail.position, detail.is_pinned, detail.starts_at, detail.ends_at, detail.metadata, detail.created_at
  from assignments.assignment_details as detail
  join assignments.participants as participant
    on participant.tenant_id = detail.tenant_id and participant.id = detail.participant_id
  join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
`

async function getDetail(tx: Reader, assignmentId: string, id: string): Promise<Detail> {
  const detail = await tx.maybe<Detail>(sql`
    ${selectDetails}
    where detail.assignment_id = ${assignmentId}
      and detail.id = ${id}
  `)
  if (!detail) throw errors.detailNotFound({ id })
  return detail
}
