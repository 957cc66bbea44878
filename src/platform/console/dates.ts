import { instantOf } from '#platform/local-times.ts'

let timeZone: string | undefined

/** Times are shown in the user's own zone, which the account names; without one, in the browser's. */
export function showTimesIn(zone: string | null | undefined): void {
  timeZone = zone && isTimeZone(zone) ? zone : undefined
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** An instant as a date and time: `21 Nov 2026, 14:05`. */
export function formatTime(instant: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(
    new Date(instant),
  )
}

/** How long ago an instant was: `5 minutes ago`, `yesterday`. */
export function formatAgo(instant: string, now = Date.now()): string {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000)
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return words.format(Math.round(seconds / length), unit)
  }
  return 'just now'
}

const units = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** An instant to the second, with its zone, for where it must be beyond doubt. */
export function formatExactTime(instant: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long', timeZone }).format(new Date(instant))
}

/** An instant as the day it falls on for the user. */
export function formatInstantDay(instant: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone }).format(new Date(instant))
}

/** The calendar date `YYYY-MM-DD` that an instant falls on for the user, as date fields take it. */
export function dayOf(instant: string): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone }).format(new Date(instant))
}

/** A calendar date `YYYY-MM-DD`, which has no zone and must not move by one. */
export function formatDay(date: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${date.slice(0, 10)}T00:00:00Z`),
  )
}

/** The instant at which a calendar date begins for the user; `daysLater` 1 gives where it ends. */
export function startOfDay(date: string, daysLater = 0): string {
  const midnight = new Date(`${date}T00:00:00Z`)
  midnight.setUTCDate(midnight.getUTCDate() + daysLater)
  return instantOf(midnight, timeZone).toISOString()
}
