import { hash } from 'node:crypto'
import { type Reader, sql } from '#platform/database'
import { occurrencesIn } from '../boards/occurrences.ts'
import { daysOf, instantsOf, type Window } from '../rounds/calendar.ts'
import type { CalendarEvent } from './calendar-text.ts'

/** How far back a calendar goes. */
const pastDays = 92

type PlaceRow = Window & {
  assignmentId: string
  name: string | null
  domainName: string
  startsOn: string
  endsOn: string
  targetId: string
  targetName: string
  description: string | null
  plannedStart: Date | null
  plannedEnd: Date | null
  isCancelled: boolean
  changes: number
  changedAt: Date
}

/**
 * What a participant is on in published rounds, of the last three months and later; what was cancelled, or he was taken off
 * after it was published, is there as cancelled. The same bytes as long as nothing changes.
 */
export async function listFeedEvents(
  tx: Reader,
  participantId: string,
  { timeZone, publicUrl }: { timeZone: string; publicUrl: string },
): Promise<CalendarEvent[]> {
  const rows = await readPlaces(tx, participantId)
  const { host } = new URL(publicUrl)
  return rows.flatMap(row =>
    timesOf(row, timeZone).map((time, index) => ({
      // Not by the detail's id: who is taken off and put on again has the same event again. Nor by its day, which may change.
      uid: `${hash('sha256', [row.assignmentId, row.targetId, participantId, index].join(' ')).slice(0, 32)}@${host}`,
      sequence: row.changes,
      changedAt: row.changedAt,
      isCancelled: row.isCancelled,
      time,
      summary: row.targetName,
      description: [row.name, row.description].filter(Boolean).join('\n'),
      category: row.domainName,
      url: `${publicUrl}/assignments/${row.assignmentId}`,
    })),
  )
}

function timesOf(row: PlaceRow, timeZone: string): CalendarEvent['time'][] {
  const { startsOn, endsOn, plannedStart: startsAt, plannedEnd: endsAt } = row
  const found = occurrencesIn(row, daysOf(startsOn, endsOn), timeZone, { startsAt, endsAt })
  const all = found.length > 0 ? found : [{ date: null, startsAt: null, endsAt: null }]
  return all.map(each => {
    if (each.date === null) return { startsOn, endsOn }
    if (each.startsAt === null || each.endsAt === null) return { startsOn: each.date, endsOn: each.date }
    const span = instantsOf(each.date, { startsAt: each.startsAt, endsAt: each.endsAt }, timeZone)
    return { startsAt: new Date(span.startsAt * 60_000), endsAt: new Date(span.endsAt * 60_000) }
  })
}

// Each change of a round is a row of its history, which only grows: so is the number of them, which calendars call sequence.
async function readPlaces(tx: Reader, participantId: string): Promise<PlaceRow[]> {
  return await tx.run<PlaceRow>(sql`
    with
      places as (
        select assignment_id, target_id, starts_at, ends_at, false as is_gone
        from assignments.assignment_details
        where participant_id = ${participantId}
        union all
        select distinct was.assignment_id, was.target_id, null::timestamptz, null::timestamptz, true
        from assignments.revision_details as was
        join assignments.assignments as round on round.tenant_id = was.tenant_id and round.id = was.assignment_id
        where was.participant_id = ${participantId}
          and was.number >= (
            select max(revision.number)
            from assignments.assignment_revisions as revision
            where revision.tenant_id = round.tenant_id
              and revision.assignment_id = round.id
              and revision.created_at <= round.published_at
          )
          and not exists (
            select
            from assignments.assignment_details as detail
            where detail.tenant_id = was.tenant_id
              and detail.assignment_id = was.assignment_id
              and detail.participant_id = was.participant_id
              and detail.target_id = was.target_id
          )
      )
    select
      assignment.id as assignment_id, assignment.name, domain.display_name as domain_name,
      assignment.assignment_date as starts_on, coalesce(assignment.ends_on, assignment.assignment_date) as ends_on,
      target.id as target_id, target.name as target_name, target.description, target.weekday, target.on_date,
      to_char(target.starts_at, 'HH24:MI') as starts_at, to_char(target.ends_at, 'HH24:MI') as ends_at,
      places.starts_at as planned_start, places.ends_at as planned_end,
      places.is_gone or assignment.status = 'cancelled' as is_cancelled,
      history.changes, history.changed_at
    from places
    join assignments.assignments as assignment on assignment.id = places.assignment_id
    join assignments.domains as domain on domain.tenant_id = assignment.tenant_id and domain.id = assignment.domain_id
    join assignments.assignment_targets as target
      on target.tenant_id = assignment.tenant_id and target.id = places.target_id
    cross join lateral (
      select count(*)::integer as changes, coalesce(max(entry.changed_at), assignment.updated_at) as changed_at
      from assignments.assignment_history as entry
      where entry.tenant_id = assignment.tenant_id
        and entry.assignment_id = assignment.id
    ) as history
    where assignment.published_at is not null
      and coalesce(assignment.ends_on, assignment.assignment_date) >= current_date - ${pastDays}::integer
    order by assignment.assignment_date, assignment.id, target.name, target.id
  `)
}
