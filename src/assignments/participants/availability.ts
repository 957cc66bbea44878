import { Type } from 'typebox'
import { errors } from '../errors.ts'

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof weekdays)[number]

/** As the document writes it (VS-06). */
export type AvailabilityJson = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Free from `startsAt` until `endsAt`, minutes since midnight; `weekday` 1 is Monday. */
export type Stretch = { weekday: number; startsAt: number; endsAt: number }

export const Availability = Type.Record(
  Type.String({ maxLength: 20 }),
  Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), { maxProperties: 1_440 }),
  {
    maxProperties: 8,
    description: `By weekday, what holds from a time of the day on until the next, in the time zone of the workspace. \`{}\`: always;
a weekday that is not there: not on it; before its first time: not. \`preferences\` is kept as it is.`,
    examples: [{ monday: { '9:00': 'available', '17:00': 'unavailable' }, preferences: { morning_shift: true } }],
  },
)

const times = /^(\d{1,2})(?::([0-5]\d))?$/
const states: Readonly<Record<string, string>> = { available: 'available', unavailable: 'unavailable' }

/**
 * In the form in which it is kept: weekdays in lower case, times `9:00`, in order. `09:00`, `9`, and true and false for
 * available and unavailable are understood. Refuses everything else with its place.
 */
export function normaliseAvailability(given: AvailabilityJson): Record<string, Record<string, unknown>> {
  const days = new Map<string, Record<string, unknown>>()
  for (const [name, content] of Object.entries(given)) {
    const day = name.trim().toLowerCase()
    if (days.has(day)) throw unread(name, 'it is there twice')
    if (day === 'preferences') days.set(day, content)
    else if (weekdays.some(each => each === day)) days.set(day, normaliseDay(name, content))
    else throw unread(name, `it is none of ${weekdays.join(', ')}, preferences`)
  }
  return Object.fromEntries(
    [...weekdays, 'preferences'].flatMap(day => (days.has(day) ? [[day, days.get(day) as object]] : [])),
  ) as Record<string, Record<string, unknown>>
}

/** When somebody is free in an ordinary week, in order. The database keeps the same in `participant_hours`. */
export function stretchesOf(availability: AvailabilityJson): Stretch[] {
  if (!weekdays.some(day => availability[day])) {
    return weekdays.map((_, index) => ({ weekday: index + 1, startsAt: 0, endsAt: 1_440 }))
  }
  return weekdays.flatMap((day, index) => stretchesOfDay(index + 1, availability[day] ?? {}))
}

function stretchesOfDay(weekday: number, content: Readonly<Record<string, unknown>>): Stretch[] {
  const changes = Object.entries(content)
    .map(([time, state]) => ({ minute: minuteOf(time) ?? 0, isFree: state === 'available' }))
    .sort((a, b) => a.minute - b.minute)
  const found: Stretch[] = []
  for (const [index, { minute, isFree }] of changes.entries()) {
    if (!isFree) continue
    const endsAt = changes[index + 1]?.minute ?? 1_440
    const last = found.at(-1)
    if (last?.endsAt === minute) last.endsAt = endsAt
    else found.push({ weekday, startsAt: minute, endsAt })
  }
  return found
}

function normaliseDay(day: string, content: Readonly<Record<string, unknown>>): Record<string, string> {
  const read = Object.entries(content).map(([time, state]) => {
    const minute = minuteOf(time.trim())
    if (minute === undefined) throw unread(`${day} ${time}`, 'this is no time from 0:00 to 23:59')
    const known = state === true ? 'available' : state === false ? 'unavailable' : states[String(state).toLowerCase()]
    if (known === undefined) throw unread(`${day} ${time}`, 'it is neither available nor unavailable')
    return { minute, state: known }
  })
  read.sort((a, b) => a.minute - b.minute)
  const twice = read.find(({ minute }, index) => read[index + 1]?.minute === minute)
  if (twice) throw unread(`${day} ${timeOf(twice.minute)}`, 'it is there twice')
  return Object.fromEntries(read.map(({ minute, state }) => [timeOf(minute), state]))
}

/** Minutes since midnight of `9:00`, `09:00` or `9`; undefined for what is no time of the day. */
export function minuteOf(text: string): number | undefined {
  const [, hours, minutes = '0'] = times.exec(text) ?? []
  if (hours === undefined || Number(hours) > 23) return undefined
  return Number(hours) * 60 + Number(minutes)
}

/** `9:00`, as the document writes it. */
export const timeOf = (minute: number): string => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`

const unread = (place: string, reason: string) => errors.availabilityUnread({ place, reason })
