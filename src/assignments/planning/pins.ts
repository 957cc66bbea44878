import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'
import { explainPair } from '../rounds/pair-reasons.ts'
import { Names } from './sentences.ts'

/** Somebody who is on a target in every plan of a round. */
export const Pin = Type.Object({
  participantId: uuid,
  participantName: Type.String(),
  targetId: uuid,
  targetName: Type.String(),
  isOn: Type.Boolean({ description: 'False until a plan puts him there' }),
  createdBy: nullable(uuid),
  createdAt: nullable(timestamp),
})
export type Pin = Static<typeof Pin>

type Pair = { participantId: string; targetId: string }

const place = Type.Tuple([uuid, uuid])

/** By target, then participant. */
export async function listPins(
  tx: Reader,
  assignmentId: string,
  { limit, cursor }: { limit: number; cursor?: string },
) {
  await getAssignment(tx, assignmentId)
  const order = `assignment-pins ${assignmentId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<Pin>(sql`
    ${selectPins(assignmentId)}
    where ${after ? sql`(pin.target_id, pin.participant_id) > (${after[0]}, ${after[1]})` : sql`true`}
    order by pin.target_id, pin.participant_id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, pin => [pin.targetId, pin.participantId])
}

/** Refuses who cannot be there, with the reason. Done twice it changes nothing. `tx` is a transaction. */
export async function setPin(tx: Queryable, assignmentId: string, pair: Pair, timeZone: string): Promise<Pin> {
  await requireOpen(tx, assignmentId)
  const { participantId, targetId } = pair
  const reasons = await explainPair(tx, assignmentId, pair, { timeZone })
  if (reasons.length > 0) {
    const names = await Names.in(tx, pair)
    throw errors.pinImpossible({
      ...{ participant: names.of(participantId), target: names.of(targetId) },
      why: reasons.map(each => each.message).join(' '),
    })
  }
  await onViolation(
    tx.run(sql`
      insert into assignments.assignment_pins (assignment_id, participant_id, target_id)
      values (${assignmentId}, ${participantId}, ${targetId})
      on conflict do nothing
    `),
    {
      assignment_pins_participant_id_fkey: () => errors.participantNotFound({ id: participantId }),
      assignment_pins_target_id_fkey: () => errors.targetNotFound({ id: targetId }),
    },
  )
  await markPinned(tx, assignmentId, pair, true)
  return (await tx.one<Pin>(sql`
    ${selectPins(assignmentId)}
    where pin.participant_id = ${participantId}
      and pin.target_id = ${targetId}
  `)) as Pin
}

/** `tx` is a transaction. */
export async function removePin(tx: Queryable, assignmentId: string, pair: Pair): Promise<void> {
  await requireOpen(tx, assignmentId)
  const removed = await tx.maybe(sql`
    delete from assignments.assignment_pins
    where assignment_id = ${assignmentId}
      and participant_id = ${pair.participantId}
      and target_id = ${pair.targetId}
    returning participant_id
  `)
  const marked = await markPinned(tx, assignmentId, pair, false)
  if (!removed && !marked) throw errors.pinNotFound()
}

async function markPinned(tx: Queryable, assignmentId: string, pair: Pair, isPinned: boolean): Promise<boolean> {
  const rows = await tx.run(sql`
    update assignments.assignment_details
    set is_pinned = ${isPinned}
    where assignment_id = ${assignmentId}
      and participant_id = ${pair.participantId}
      and target_id = ${pair.targetId}
      and is_pinned <> ${isPinned}
    returning id
  `)
  return rows.length > 0
}

/** Those that were set, and details that were pinned where they are. */
const selectPins = (assignmentId: string) => sql`
  select
    pin.participant_id, participant.name as participant_name, pin.target_id, target.name as target_name, pin.is_on,
    pin.created_by, pin.created_at
  from (
    select
      coalesce(own.tenant_id, detail.tenant_id) as tenant_id,
      coalesce(own.participant_id, detail.participant_id) as participant_id,
      coalesce(own.target_id, detail.target_id) as target_id,
      detail.id is not null as is_on, own.created_by, own.created_at
    from (select * from assignments.assignment_pins where assignment_id = ${assignmentId}) as own
    full join (select * from assignments.assignment_details where assignment_id = ${assignmentId}) as detail
      on detail.participant_id = own.participant_id and detail.target_id = own.target_id
    where own.participant_id is not null
      or detail.is_pinned
  ) as pin
  join assignments.participants as participant
    on participant.tenant_id = pin.tenant_id and participant.id = pin.participant_id
  join assignments.assignment_targets as target on target.tenant_id = pin.tenant_id and target.id = pin.target_id
`
