// Days and times of a round, as the clocks of the tenant show them: no database, no clock of its own.
import { instantOf } from '#platform/local-times.ts'
import { type AvailabilityJson, type Stretch, stretchesOf } from '../participants/availability.ts'

/** Minutes of one day since its midnight, the end not included. */
type Span = { startsAt: number; endsAt: number }

export type Exception = {
  startsOn: string
  endsOn: string
  /** `HH:MM`; null for whole days. */
  startsAt: string | null
  endsAt: string | null
  isAvailable: boolean
}

export type Window = {
  /** 1 is Monday; null for none. */
  weekday: number | null
  onDate: string | null
  startsAt: string | null
  endsAt: string | null
}

const dayMs = 86_400_000
const wholeDay: Span = { startsAt: 0, endsAt: 1_440 }

/** All days from the first to the last, `YYYY-MM-DD`. */
export function daysOf(first: string, last: string): string[] {
  const days: string[] = []
  for (let at = Date.parse(first); at <= Date.parse(last); at += dayMs) days.push(dayAt(at))
  return days
}

/** 1 for Monday. */
export const weekdayOf = (day: string): number => new Date(Date.parse(day)).getUTCDay() || 7

/**
 * The days of a round on which a target is: with times but without a day each of them. Undefined where it is not in it; empty where
 * it is on no certain day.
 */
export function occurrencesOf({ weekday, onDate, startsAt }: Window, days: readonly string[]): string[] | undefined {
  if (onDate !== null) return days.includes(onDate) ? [onDate] : undefined
  if (weekday === null) return startsAt === null ? [] : [...days]
  const found = days.filter(day => weekdayOf(day) === weekday)
  return found.length > 0 ? found : undefined
}

/** What a window takes of a day and, beyond midnight, of the next. */
export function spansOf({
  startsAt,
  endsAt,
}: Pick<Window, 'startsAt' | 'endsAt'>): { today: Span; tomorrow?: Span } | undefined {
  if (startsAt === null || endsAt === null) return undefined
  const [start, end] = [minuteOf(startsAt), minuteOf(endsAt)]
  if (end > start) return { today: { startsAt: start, endsAt: end } }
  const today = { startsAt: start, endsAt: 1_440 }
  return end === 0 ? { today } : { today, tomorrow: { startsAt: 0, endsAt: end } }
}

/** When a window of a day begins and ends, minutes since 1970-01-01 UTC, in the zone's summer and winter time. */
export function instantsOf(day: string, window: { startsAt: string; endsAt: string }, timeZone: string): Span {
  const [start, end] = [minuteOf(window.startsAt), minuteOf(window.endsAt)]
  const at = (minute: number) => instantOf(new Date(Date.parse(day) + minute * 60_000), timeZone).getTime() / 60_000
  const [one, other] = [at(start), at(end > start ? end : end + 1_440)]
  // A window that begins in the hour that is left out may end before it has begun.
  return { startsAt: Math.min(one, other), endsAt: Math.max(one, other, one + 1) }
}

/** The weeks from Monday to Sunday that hold a day of the round, each from its first minute to before that of the next. */
export function weeksOf(days: readonly string[], timeZone: string): { from: number; to: number }[] {
  const [first = '', last = ''] = [days[0], days.at(-1)]
  const mondays = daysOf(shifted(first, 1 - weekdayOf(first)), shifted(last, 8 - weekdayOf(last)))
    .filter(day => weekdayOf(day) === 1)
    .map(day => instantOf(new Date(Date.parse(day)), timeZone).getTime() / 60_000)
  return mondays.slice(1).map((to, place) => ({ from: mondays[place] as number, to }))
}

/** So many days later. */
export const shifted = (day: string, days: number): string => dayAt(Date.parse(day) + days * dayMs)

/** Whole, also where a year has more than four digits: what begins on the last day of 9999 ends on the next. */
const dayAt = (at: number): string => new Date(at).toISOString().replace(/T.*/, '')

/** When somebody is free, day by day: his ordinary week with the exceptions; of two the one that says away holds. */
export class Availability {
  /** Always, without exception. */
  readonly isConstant: boolean
  private readonly week: readonly Stretch[]
  private readonly exceptions: readonly Exception[]
  private readonly known = new Map<string, readonly Span[]>()

  constructor(availability: AvailabilityJson, exceptions: readonly Exception[]) {
    this.week = stretchesOf(availability)
    this.exceptions = exceptions
    this.isConstant = exceptions.length === 0 && this.week.length === 7 && this.week.every(isWhole)
  }

  on(day: string): readonly Span[] {
    let spans = this.known.get(day)
    if (!spans) {
      spans = this.find(day)
      this.known.set(day, spans)
    }
    return spans
  }

  covers(day: string, span: Span): boolean {
    return this.on(day).some(free => free.startsAt <= span.startsAt && free.endsAt >= span.endsAt)
  }

  private find(day: string): Span[] {
    const weekday = weekdayOf(day)
    const mine = this.exceptions.filter(each => each.startsOn <= day && day <= each.endsOn)
    const spansWhere = (isAvailable: boolean) => mine.filter(each => each.isAvailable === isAvailable).map(spanOf)
    const usual = this.week.filter(stretch => stretch.weekday === weekday)
    return spansWhere(false).reduce(without, union([...usual, ...spansWhere(true)]))
  }
}

const isWhole = ({ startsAt, endsAt }: Span) => startsAt === 0 && endsAt === 1_440

const spanOf = ({ startsAt, endsAt }: Exception): Span =>
  startsAt === null || endsAt === null ? wholeDay : { startsAt: minuteOf(startsAt), endsAt: minuteOf(endsAt) }

function union(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const { startsAt, endsAt } of spans.toSorted((a, b) => a.startsAt - b.startsAt)) {
    const last = merged.at(-1)
    if (last && startsAt <= last.endsAt) last.endsAt = Math.max(last.endsAt, endsAt)
    else merged.push({ startsAt, endsAt })
  }
  return merged
}

function without(spans: readonly Span[], away: Span): Span[] {
  return spans.flatMap(({ startsAt, endsAt }) =>
    [
      { startsAt, endsAt: Math.min(endsAt, away.startsAt) },
      { startsAt: Math.max(startsAt, away.endsAt), endsAt },
    ].filter(left => left.startsAt < left.endsAt),
  )
}

/** Of `HH:MM`. */
export const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))
