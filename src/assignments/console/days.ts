// Calendar dates, `YYYY-MM-DD`: without a zone, so that none moves.

const dayMs = 86_400_000

export const addDays = (day: string, count: number): string =>
  new Date(Date.parse(day) + count * dayMs).toISOString().slice(0, 10)

/** From the first to the last, both included. */
export function daysBetween(first: string, last: string): string[] {
  const count = Math.round((Date.parse(last) - Date.parse(first)) / dayMs)
  return Array.from({ length: Math.max(0, count + 1) }, (_, index) => addDays(first, index))
}

/** The Monday of its week. */
export const mondayOf = (day: string): string => addDays(day, -((new Date(Date.parse(day)).getUTCDay() + 6) % 7))

export const isWeekend = (day: string): boolean => new Date(Date.parse(day)).getUTCDay() % 6 === 0

/** First and last day of its month. */
export function monthOf(day: string): { from: string; to: string } {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return { from: `${day.slice(0, 7)}-01`, to: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) }
}

export const addMonths = (day: string, count: number): string => {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month - 1 + count, 1)).toISOString().slice(0, 10)
}

export const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

const format = (day: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(new Date(`${day}T00:00:00Z`))

/** `Mon 23` for the head of a column. */
export const weekdayAndNumber = (day: string) => format(day, { weekday: 'short', day: 'numeric' })
/** `Monday, 23 November`. */
export const longDay = (day: string) => format(day, { weekday: 'long', day: 'numeric', month: 'long' })
/** `November 2026`. */
export const monthName = (day: string) => format(day, { month: 'long', year: 'numeric' })
export const dayNumber = (day: string) => String(Number(day.slice(8)))
export const weekdayLetter = (day: string) => format(day, { weekday: 'narrow' })

/** `23 to 29 November 2026`, with what differs alone said twice. */
export function periodInWords(first: string, last: string | null): string {
  if (last === null || last === first)
    return format(first, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
  const isSameYear = first.slice(0, 4) === last.slice(0, 4)
  const isSameMonth = isSameYear && first.slice(5, 7) === last.slice(5, 7)
  const begin = format(first, {
    day: 'numeric',
    ...(!isSameMonth && { month: 'long' }),
    ...(!isSameYear && { year: 'numeric' }),
  })
  return `${begin} to ${format(last, { day: 'numeric', month: 'long', year: 'numeric' })}`
}

/** `30 Nov to 6 Dec`, for a button. */
export function periodInShort(first: string, last: string): string {
  const short = (day: string) => format(day, { day: 'numeric', month: 'short' })
  return first === last ? short(first) : `${short(first)} to ${short(last)}`
}

/** What a round is called that nobody has named. */
export function periodName(first: string, last: string | null): string {
  const isWeek = last !== null && first === mondayOf(first) && addDays(first, 6) === last
  if (isWeek) return `Week of ${format(first, { day: 'numeric', month: 'long' })}`
  return periodInWords(first, last)
}

/** The days that a round planned now would have: after the latest one, and not before next Monday. */
export function nextPeriod(
  latest: { assignmentDate: string; endsOn: string | null } | null,
  nextMonday: string,
): { from: string; to: string } {
  if (latest === null) return { from: nextMonday, to: addDays(nextMonday, 6) }
  const last = latest.endsOn ?? latest.assignmentDate
  const length = (Date.parse(last) - Date.parse(latest.assignmentDate)) / 86_400_000
  const from = last >= nextMonday ? addDays(last, 1) : nextMonday
  return { from, to: addDays(from, length) }
}
