// A round by the clock: when its targets are, and what keeps people from them: other rounds that they are on, and their rest.
import { type Reader, sql } from '#platform/database'
import type { MinuteLimit, Occurrence } from '../engine/problem.ts'
import { daysOf, instantsOf, occurrencesOf, type Window, weeksOf } from './calendar.ts'
import type { Reason } from './eligibility.ts'
import type { RoundCandidate, RoundInputs, RoundPlace } from './round-inputs.ts'

export type RoundTimes = {
  /** Of targets that have times, in order. */
  of: ReadonlyMap<string, readonly Occurrence[]>
  weeks: readonly { from: number; to: number }[]
  /** By participant. */
  elsewhere: ReadonlyMap<string, readonly TimeElsewhere[]>
}

type TimeElsewhere = Occurrence & { target: string; day: string }

/** `timeZone` is the tenant's. What counts of other rounds of the domain is what was published and not called off. */
export async function readRoundTimes(tx: Reader, round: RoundInputs, timeZone: string): Promise<RoundTimes> {
  const of = new Map<string, Occurrence[]>()
  for (const { id, days, startsAt, endsAt } of round.places)
    if (startsAt !== null && endsAt !== null)
      of.set(
        id,
        days.map(day => instantsOf(day, { startsAt, endsAt }, timeZone)),
      )
  const elsewhere = of.size > 0 ? await readElsewhere(tx, round, timeZone) : new Map()
  return { of, weeks: weeksOf(round.days, timeZone), elsewhere }
}

/** What somebody may still work in each week of the round; undefined where nothing limits him. */
export function minuteLimitsOf(candidate: RoundCandidate, round: RoundInputs, times: RoundTimes) {
  const perWeek = candidate.maxMinutesPerWeek ?? inMinutes(round.configuration.constraints?.max_hours_per_week)
  if (perWeek === undefined) return undefined
  return times.weeks.map(({ from, to }): MinuteLimit => {
    const worked = (times.elsewhere.get(candidate.id) ?? [])
      .filter(({ startsAt }) => from <= startsAt && startsAt < to)
      .reduce((sum, { startsAt, endsAt }) => sum + endsAt - startsAt, 0)
    return { from, to, maximum: Math.max(0, perWeek - worked) }
  })
}

export function restOf({ minRestMinutes }: RoundCandidate, { configuration }: RoundInputs): number | undefined {
  return minRestMinutes ?? inMinutes(configuration.constraints?.min_rest_hours)
}

/** What of his rest, and of other rounds, stands against a pair. */
export function restReasons(
  candidate: RoundCandidate,
  place: RoundPlace,
  round: RoundInputs,
  times: RoundTimes,
): Reason[] {
  const own = times.of.get(place.id)
  if (!own) return []
  const rest = restOf(candidate, round) ?? 0
  const isClose = (one: Occurrence, other: Occurrence) =>
    one.startsAt < other.endsAt + rest && other.startsAt < one.endsAt + rest
  const reasons: Reason[] = []
  if (own.some((time, at) => at > 0 && isClose(own[at - 1] as Occurrence, time)))
    reasons.push({
      rule: 'availability_check',
      message: `${place.name} leaves ${candidate.name} less than ${hours(rest)} of rest between two of its days.`,
      missing: { restMinutes: rest },
    })
  for (const busy of times.elsewhere.get(candidate.id) ?? [])
    if (own.some(time => isClose(time, busy)))
      reasons.push({
        rule: 'availability_check',
        message: `${candidate.name} is on ${busy.target} of ${busy.day} in another round, which overlaps${rest > 0 ? ` or leaves less than ${hours(rest)} of rest` : ''}.`,
        missing: { days: [busy.day] },
      })
  return reasons
}

type ElsewhereRow = Window & {
  participantId: string
  target: string
  assignmentDate: string
  endsOn: string
  plannedStart: Date | null
  plannedEnd: Date | null
}

/** Nobody rests longer than a week. */
const longestRest = 7

async function readElsewhere(
  tx: Reader,
  { id, domainId, days }: RoundInputs,
  timeZone: string,
): Promise<Map<string, TimeElsewhere[]>> {
  const [first, last] = [days[0] as string, days.at(-1) as string]
  const rows = await tx.run<ElsewhereRow>(sql`
    select
      detail.participant_id, target.name as target, target.weekday, target.on_date,
      to_char(target.starts_at, 'HH24:MI') as starts_at, to_char(target.ends_at, 'HH24:MI') as ends_at,
      detail.starts_at as planned_start, detail.ends_at as planned_end,
      round.assignment_date, coalesce(round.ends_on, round.assignment_date) as ends_on
    from assignments.assignments as round
    join assignments.assignment_details as detail
      on detail.tenant_id = round.tenant_id and detail.assignment_id = round.id
    join assignments.assignment_targets as target
      on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where round.domain_id = ${domainId}
      and round.id <> ${id}
      and round.published_at is not null
      and round.status <> 'cancelled'
      and round.assignment_date <= ${last}::date + ${longestRest}::integer
      and coalesce(round.ends_on, round.assignment_date) >= ${first}::date - ${longestRest}::integer
      and target.starts_at is not null
    order by detail.participant_id, round.assignment_date, target.id, round.id
  `)
  const times = rows.map(row => [row.participantId, timesElsewhere(row, timeZone)] as const)
  const found = new Map<string, TimeElsewhere[]>()
  for (const [participant, mine] of times) found.set(participant, [...(found.get(participant) ?? []), ...mine])
  return found
}

/** As it was planned, on its first day; as the target is now on the others. */
function timesElsewhere(row: ElsewhereRow, timeZone: string): TimeElsewhere[] {
  const { target, startsAt, endsAt, plannedStart, plannedEnd } = row
  if (startsAt === null || endsAt === null) return []
  const dates = occurrencesOf(row, daysOf(row.assignmentDate, row.endsOn)) ?? []
  return dates.map((day, at) => {
    const planned = at === 0 && plannedStart && plannedEnd
    const time = planned
      ? { startsAt: plannedStart.getTime() / 60_000, endsAt: plannedEnd.getTime() / 60_000 }
      : instantsOf(day, { startsAt, endsAt }, timeZone)
    return { target, day, ...time }
  })
}

const inMinutes = (hours: number | undefined) => (hours === undefined ? undefined : Math.round(hours * 60))

const hours = (minutes: number) => `${Math.round(minutes / 6) / 10} h`
