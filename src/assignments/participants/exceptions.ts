import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, date, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getParticipant } from './participants.ts'

export const timeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['09:00'] })

/** Days on which somebody is there, or away, otherwise than in an ordinary week. */
export const ExceptionFields = Type.Object({
  startsOn: date,
  endsOn: Type.Optional({ ...date, description: 'The last day; without it one day' }),
  startsAt: Type.Optional(nullable({ ...timeOfDay, description: 'On each of the days; null for whole days' })),
  endsAt: Type.Optional(nullable(timeOfDay)),
  isAvailable: Type.Optional(Type.Boolean({ default: false })),
  note: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
})
export type ExceptionFields = Static<typeof ExceptionFields>

export const AvailabilityException = Type.Object({
  id: uuid,
  ...Type.Required(ExceptionFields).properties,
  note: nullable(Type.String({ description: 'Null for whoever may not change participants' })),
  createdBy: nullable(uuid),
  createdAt: timestamp,
})
export type AvailabilityException = Static<typeof AvailabilityException>

type Page = { limit: number; cursor?: string; from?: string; to?: string }

/** In order of their first day; between two dates those that touch one of the days. */
export async function listExceptions(tx: Reader, participantId: string, { limit, cursor, from, to }: Page) {
  await getParticipant(tx, participantId)
  const order = `availability-exceptions ${participantId} ${from} ${to}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<AvailabilityException>(sql`
    select ${exceptionColumns}
    from assignments.availability_exceptions
    where participant_id = ${participantId}
      and ${from === undefined ? sql`true` : sql`ends_on >= ${from}`}
      and ${to === undefined ? sql`true` : sql`starts_on <= ${to}`}
      and ${after ? sql`starts_on >= ${after[0]} and (starts_on > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by starts_on, id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, exception => [exception.startsOn, exception.id])
}

export async function addException(
  tx: Queryable,
  participantId: string,
  fields: ExceptionFields,
): Promise<AvailabilityException> {
  await getParticipant(tx, participantId)
  return await onViolation(
    tx.one<AvailabilityException>(sql`
      insert into assignments.availability_exceptions
        (participant_id, starts_on, ends_on, starts_at, ends_at, is_available, note)
      values (
        ${participantId}, ${fields.startsOn}, ${fields.endsOn ?? fields.startsOn}, ${fields.startsAt ?? null},
        ${fields.endsAt ?? null}, ${fields.isAvailable ?? false}, ${fields.note ?? null}
      )
      returning ${exceptionColumns}
    `),
    {
      availability_exceptions_order: errors.exceptionOrder,
      availability_exceptions_times: errors.exceptionTimes,
    },
  )
}

export async function removeException(tx: Queryable, participantId: string, id: string): Promise<void> {
  const removed = await tx.maybe(sql`
    delete from assignments.availability_exceptions
    where participant_id = ${participantId}
      and id = ${id}
    returning id
  `)
  if (removed) return
  await getParticipant(tx, participantId)
  throw errors.exceptionNotFound({ id })
}

const place = Type.Tuple([date, uuid])

const exceptionColumns = sql`
  id, starts_on, ends_on, to_char(starts_at, 'HH24:MI') as starts_at, to_char(ends_at, 'HH24:MI') as ends_at, is_available,
  note, created_by, created_at
`
