// What there is to tell somebody of a round: held against what he was told last.
import { type Queryable, type Reader, sql } from '#platform/database'
import { type Occurrence, occurrencesIn } from '../boards/occurrences.ts'
import { type Configuration, wordsOf } from '../domains/configurations.ts'
import { daysOf, type Window } from '../rounds/calendar.ts'

export type ToldRound = {
  id: string
  name: string | null
  domainName: string
  configuration: Configuration
  startsOn: string
  endsOn: string
  status: string
}

/** A target with when somebody is on it. */
type ToldPlace = { targetId: string; name: string; times: readonly Occurrence[] }

export type Telling = {
  participantId: string
  /** His account; null where he has none. */
  userId: string | null
  email: string | null
  kind: 'first' | 'changed' | 'removed' | 'cancelled'
  places: readonly ToldPlace[]
  /** Names of targets that he was told of and is not on any more. */
  gone: readonly string[]
}

/** Undefined while it is a draft, or where there is none. */
export async function findToldRound(tx: Reader, id: string): Promise<ToldRound | undefined> {
  return await tx.maybe<ToldRound>(sql`
    select
      assignment.id, assignment.name, domain.display_name as domain_name, domain.configuration, assignment.status,
      assignment.assignment_date as starts_on, coalesce(assignment.ends_on, assignment.assignment_date) as ends_on
    from assignments.assignments as assignment
    join assignments.domains as domain on domain.tenant_id = assignment.tenant_id and domain.id = assignment.domain_id
    where assignment.id = ${id}
      and assignment.published_at is not null
  `)
}

/**
 * What each does not know yet, and notes it as told: in one transaction, which holds off others that tell of the same round.
 * Nobody is told again of what he knows, whoever is killed in between.
 */
export async function noteTellings(tx: Queryable, round: ToldRound, timeZone: string): Promise<Telling[]> {
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('assignments.told_participants'), hashtext(${round.id}))`)
  const places = round.status === 'cancelled' ? [] : await readPlaces(tx, round.id)
  const [now, told] = [Map.groupBy(places, each => each.participantId), await readTold(tx, round.id)]
  const people = await readPeople(tx, [...new Set([...now.keys(), ...told.keys()])])
  const changed = people.flatMap(person => {
    const mine = now.get(person.participantId) ?? []
    const before = told.get(person.participantId)
    const after = Object.fromEntries(mine.map(each => [each.targetId, each.plannedStart?.toISOString() ?? null]))
    if (before === undefined ? mine.length === 0 : isSame(before, { ...round, places: after })) return []
    return [{ person, mine, before, after }]
  })
  await writeTold(tx, round, changed)
  const names = await nameTargets(
    tx,
    [...told.values()].flatMap(each => Object.keys(each.places)),
  )
  return changed.map(({ person, mine, before, after }) => ({
    ...person,
    kind: kindOf(round, before, mine.length),
    places: mine.map(each => ({ targetId: each.targetId, name: each.name, times: timesOf(each, round, timeZone) })),
    gone: Object.keys(before?.places ?? {})
      .filter(id => !(id in after))
      .map(id => names.get(id) ?? '')
      .toSorted(),
  }))
}

/** The domain's word for what somebody is on, for one or for more. */
export const nounFor = ({ configuration }: ToldRound, count: number): string => {
  const { singular, plural } = wordsOf(configuration).target
  return count === 1 ? singular : plural
}

type Told = { startsOn: string; endsOn: string; places: Readonly<Record<string, string | null>> }
type PlaceRow = Window & {
  participantId: string
  targetId: string
  name: string
  plannedStart: Date | null
  plannedEnd: Date | null
}
type Change = { person: { participantId: string }; after: Told['places'] }

function isSame(one: Told, other: Told): boolean {
  const textOf = ({ startsOn, endsOn, places }: Told) =>
    JSON.stringify([startsOn, endsOn, Object.entries(places).toSorted(([a], [b]) => (a < b ? -1 : 1))])
  const nothing = [one, other].every(({ places }) => Object.keys(places).length === 0)
  return nothing || textOf(one) === textOf(other)
}

function kindOf({ status }: ToldRound, before: Told | undefined, count: number): Telling['kind'] {
  if (count === 0) return status === 'cancelled' ? 'cancelled' : 'removed'
  return before === undefined || Object.keys(before.places).length === 0 ? 'first' : 'changed'
}

function timesOf({ plannedStart, plannedEnd, ...window }: PlaceRow, { startsOn, endsOn }: ToldRound, zone: string) {
  const planned = { startsAt: plannedStart, endsAt: plannedEnd }
  return occurrencesIn(window, daysOf(startsOn, endsOn), zone, planned).filter(each => each.date !== null)
}

async function readPlaces(tx: Reader, assignmentId: string): Promise<PlaceRow[]> {
  return await tx.run<PlaceRow>(sql`
    select
      detail.participant_id, detail.target_id, target.name, detail.starts_at as planned_start,
      detail.ends_at as planned_end, target.weekday, target.on_date, to_char(target.starts_at, 'HH24:MI') as starts_at,
      to_char(target.ends_at, 'HH24:MI') as ends_at
    from assignments.assignment_details as detail
    join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where detail.assignment_id = ${assignmentId}
    order by detail.starts_at nulls first, target.name, target.id
  `)
}

async function readTold(tx: Reader, assignmentId: string): Promise<Map<string, Told>> {
  const rows = await tx.run<Told & { participantId: string }>(sql`
    select participant_id, starts_on, ends_on, places
    from assignments.told_participants
    where assignment_id = ${assignmentId}
  `)
  return new Map(rows.map(row => [row.participantId, row]))
}

async function readPeople(tx: Reader, ids: readonly string[]) {
  return await tx.run<{ participantId: string; userId: string | null; email: string | null }>(sql`
    select id as participant_id, user_id, email
    from assignments.participants
    where id = any(${ids}::uuid[])
    order by id
  `)
}

async function writeTold(tx: Queryable, { id, startsOn, endsOn }: ToldRound, changes: readonly Change[]) {
  if (changes.length === 0) return
  await tx.run(sql`
    insert into assignments.told_participants (assignment_id, participant_id, starts_on, ends_on, places)
    select ${id}, told.participant_id, ${startsOn}, ${endsOn}, told.places
    from unnest(
      ${changes.map(({ person }) => person.participantId)}::uuid[],
      ${changes.map(({ after }) => JSON.stringify(after))}::jsonb[]
    ) as told (participant_id, places)
    on conflict on constraint told_participants_pkey do update
    set starts_on = excluded.starts_on, ends_on = excluded.ends_on, places = excluded.places, told_at = now()
  `)
}

async function nameTargets(tx: Reader, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.run<{ id: string; name: string }>(sql`
    select id, name
    from assignments.assignment_targets
    where id = any(${ids}::uuid[])
  `)
  return new Map(rows.map(({ id, name }) => [id, name]))
}
