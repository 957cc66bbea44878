import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { date, nullable, oneOf, timestamp, uuid } from '#platform/http'
import { getParticipant } from '../participants/participants.ts'
import { statuses } from '../rounds/assignments.ts'
import { daysOf, type Window } from '../rounds/calendar.ts'
import { getTarget } from '../targets/targets.ts'
import { BoardPerson, boardTime, getBoard } from './boards.ts'
import { occurrencesIn, type Planned } from './occurrences.ts'
import { daysBetween, type Period } from './periods.ts'

/** One time at which somebody is on a target. */
export const AgendaItem = Type.Object({
  date: nullable({ ...date, description: 'Null: on no certain day of the round' }),
  startsAt: boardTime,
  endsAt: boardTime,
  target: Type.Object({ id: uuid, name: Type.String() }),
  assignment: Type.Object({
    id: uuid,
    domainId: uuid,
    name: nullable(Type.String()),
    startsOn: date,
    endsOn: date,
    status: oneOf(statuses),
    publishedAt: nullable({ ...timestamp, description: 'Null while it is a draft' }),
  }),
  people: Type.Array(BoardPerson, { description: 'All who are on it then' }),
})
export type AgendaItem = Static<typeof AgendaItem>

/** What there is between two days, in order of time; what is on no certain day stands at the first day of its round. */
export const Agenda = Type.Object({ timeZone: Type.String(), items: Type.Array(AgendaItem) })
export type Agenda = Static<typeof Agenda>

/** What a participant is on, drafts too; nothing that was cancelled. */
export async function getParticipantAgenda(tx: Reader, id: string, period: Period, timeZone: string): Promise<Agenda> {
  await getParticipant(tx, id)
  return await agendaOf(tx, sql`detail.participant_id = ${id}`, period, timeZone)
}

/** What the user of the scope is on in all domains, as far as it is published. */
export async function getOwnAgenda(tx: Reader, period: Period, timeZone: string): Promise<Agenda> {
  const isOwn = sql`
    assignment.published_at is not null
    and detail.participant_id in (select id from assignments.participants where user_id = platform.current_user_id())
  `
  return await agendaOf(tx, isOwn, period, timeZone)
}

/** Who is on a target, drafts too; also when nobody is on it. */
export async function getTargetAgenda(tx: Reader, id: string, period: Period, timeZone: string): Promise<Agenda> {
  const { domainId } = await getTarget(tx, id)
  const { rounds, targets } = await getBoard(tx, domainId, period, timeZone, id)
  const assignments = new Map(rounds.map(round => [round.id, { ...round, domainId }]))
  const items = targets.flatMap(target =>
    target.occurrences.flatMap(({ assignmentId, ...occurrence }) => {
      const assignment = assignments.get(assignmentId)
      return assignment ? [{ ...occurrence, target, assignment }] : []
    }),
  )
  return { timeZone, items: items.toSorted(byTime) }
}

type AgendaRow = Window & {
  assignment: AgendaItem['assignment'] & { publishedAt: string | null }
  target: AgendaItem['target']
  planned: { startsAt: string | null; endsAt: string | null }
  people: AgendaItem['people']
}

async function agendaOf(tx: Reader, condition: ReturnType<typeof sql>, period: Period, timeZone: string) {
  daysBetween(period)
  const rows = await tx.run<AgendaRow>(sql`
    select
      target.weekday, target.on_date, to_char(target.starts_at, 'HH24:MI') as starts_at,
      to_char(target.ends_at, 'HH24:MI') as ends_at,
      jsonb_build_object('id', target.id, 'name', target.name) as target,
      jsonb_build_object('startsAt', detail.starts_at, 'endsAt', detail.ends_at) as planned,
      jsonb_build_object(
        'id', assignment.id, 'domainId', assignment.domain_id, 'name', assignment.name,
        'startsOn', assignment.assignment_date, 'endsOn', coalesce(assignment.ends_on, assignment.assignment_date),
        'status', assignment.status, 'publishedAt', assignment.published_at
      ) as assignment,
      (
        select jsonb_agg(
          jsonb_build_object(
            'detailId', other.id, 'participantId', other.participant_id, 'name', person.name, 'isPinned', other.is_pinned
          )
          order by coalesce(other.position, 1000000), person.name, other.id
        )
        from assignments.assignment_details as other
        join assignments.participants as person on person.tenant_id = other.tenant_id and person.id = other.participant_id
        where other.tenant_id = detail.tenant_id
          and other.assignment_id = detail.assignment_id
          and other.target_id = detail.target_id
      ) as people
    from assignments.assignment_details as detail
    join assignments.assignments as assignment
      on assignment.tenant_id = detail.tenant_id and assignment.id = detail.assignment_id
    join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where ${condition}
      and assignment.status <> 'cancelled'
      and assignment.assignment_date between ${period.from}::date - 366 and ${period.to}::date
      and coalesce(assignment.ends_on, assignment.assignment_date) >= ${period.from}
  `)
  return { timeZone, items: rows.flatMap(row => itemsOf(row, period, timeZone)).toSorted(byTime) }
}

function itemsOf(
  { assignment, target, planned, people, ...window }: AgendaRow,
  { from, to }: Period,
  timeZone: string,
) {
  const { startsOn, endsOn, publishedAt } = assignment
  const found = occurrencesIn(window, daysOf(startsOn, endsOn), timeZone, plannedOf(planned))
  // Whoever was put on it by hand sees it, whatever became of the target's days.
  const all = found.length > 0 ? found : [{ date: null, startsAt: null, endsAt: null }]
  return all
    .filter(each => each.date === null || (each.date >= from && each.date <= to))
    .map(each => ({
      ...each,
      target,
      assignment: { ...assignment, publishedAt: publishedAt === null ? null : new Date(publishedAt) },
      people,
    }))
}

const plannedOf = ({ startsAt, endsAt }: AgendaRow['planned']): Planned => ({
  startsAt: startsAt === null ? null : new Date(startsAt),
  endsAt: endsAt === null ? null : new Date(endsAt),
})

function byTime(one: AgendaItem, other: AgendaItem): number {
  const placeOf = ({ date: day, startsAt, assignment, target }: AgendaItem) =>
    JSON.stringify([day ?? assignment.startsOn, startsAt ?? '', target.name, target.id, assignment.id])
  return placeOf(one) < placeOf(other) ? -1 : 1
}
