import { wallTimeAt } from '#platform/local-times.ts'
import { occurrencesOf, type Window } from '../rounds/calendar.ts'

/** When somebody is, or would be, on a target: `HH:MM` by the clocks of the workspace; no date is any day of the round. */
export type Occurrence = { date: string | null; startsAt: string | null; endsAt: string | null }

/** As it was planned, which holds whatever became of the target since. */
export type Planned = { startsAt: Date | null; endsAt: Date | null }

/** On which days of a round a target is, and at what time; empty where it is not in it. */
export function occurrencesIn(
  window: Window,
  days: readonly string[],
  timeZone: string,
  planned: Planned = { startsAt: null, endsAt: null },
): Occurrence[] {
  const { startsAt, endsAt } = planned
  if (startsAt === null || endsAt === null) {
    const dates = occurrencesOf(window, days)
    if (dates === undefined) return []
    const times = { startsAt: window.startsAt, endsAt: window.endsAt }
    return dates.length === 0 ? [{ date: null, ...times }] : dates.map(each => ({ date: each, ...times }))
  }
  const [first = '', start = ''] = localTime(startsAt, timeZone)
  const times = { startsAt: start, endsAt: localTime(endsAt, timeZone)[1] ?? null }
  // What was planned is its first day; a target on a weekday comes again in each week of the round, one without a day on each day.
  const comesAgain = (day: string) => day > first && (window.weekday === null || isWeeksAfter(first, day))
  const again = window.onDate === null ? days.filter(comesAgain) : []
  return [first, ...again].map(each => ({ date: each, ...times }))
}

const isWeeksAfter = (first: string, day: string) => (Date.parse(day) - Date.parse(first)) % (7 * 86_400_000) === 0

const localTime = (moment: Date, timeZone: string) => wallTimeAt(moment, timeZone).toISOString().slice(0, 16).split('T')
