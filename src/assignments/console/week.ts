// The ordinary week of a participant: what the availability's document says, as stretches that a grid can show and paint.
import type { AvailabilityJson, Weekday } from './wire-types.ts'

export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const satisfies readonly Weekday[]

export const weekdayNames: Readonly<Record<Weekday, string>> = {
  monday: 'Monday',
  tuesday: 'Tuesday',
  wednesday: 'Wednesday',
  thursday: 'Thursday',
  friday: 'Friday',
  saturday: 'Saturday',
  sunday: 'Sunday',
}

/** Minutes since midnight; `to` up to 1,440. */
export type Stretch = { from: number; to: number }

/** Seven days from Monday on, of each when somebody is there, in order and apart. Null: always. */
export type Week = readonly (readonly Stretch[])[] | null

export const emptyWeek: readonly (readonly Stretch[])[] = weekdays.map(() => [])

export const endOfDay = 1_440

/** As the API keeps it: a weekday that is not there is a day off; no weekday at all means always. */
export function weekOf(availability: AvailabilityJson): Week {
  if (!weekdays.some(day => availability[day])) return null
  return weekdays.map(day => {
    const changes = Object.entries(availability[day] ?? {})
      .map(([time, state]) => ({ at: minuteOf(time), isThere: state === 'available' }))
      .sort((a, b) => a.at - b.at)
    return changes
      .map(({ at, isThere }, index) => ({ from: at, to: changes[index + 1]?.at ?? endOfDay, isThere }))
      .reduce<Stretch[]>((found, { from, to, isThere }) => (isThere ? add(found, { from, to }) : found), [])
  })
}

/** Back into the document; what it says beside the weekdays stays. */
export function availabilityOf(week: Week, before: AvailabilityJson): AvailabilityJson {
  const beside = Object.fromEntries(Object.entries(before).filter(([day]) => !weekdays.some(each => each === day)))
  if (week === null) return beside
  const days = weekdays.flatMap((day, index) => {
    const stretches = week[index] ?? []
    if (stretches.length === 0) return []
    const changes = stretches.flatMap(({ from, to }) => [
      [timeOf(from), 'available'] as const,
      ...(to < endOfDay ? [[timeOf(to), 'unavailable'] as const] : []),
    ])
    return [[day, Object.fromEntries(changes)] as const]
  })
  // Never there is a week with a day without times: with no day at all it would be always.
  return { ...(days.length === 0 ? { monday: {} } : Object.fromEntries(days)), ...beside }
}

/** How much of a stretch of a day somebody is there. */
export function presence(
  week: readonly (readonly Stretch[])[],
  day: number,
  { from, to }: Stretch,
): 'all' | 'some' | 'none' {
  const there = (week[day] ?? []).reduce(
    (sum, stretch) => sum + Math.max(0, Math.min(stretch.to, to) - Math.max(stretch.from, from)),
    0,
  )
  if (there === 0) return 'none'
  return there === to - from ? 'all' : 'some'
}

/** The week in which somebody is there, or away, on these days between these minutes. */
export function paint(
  week: readonly (readonly Stretch[])[],
  days: readonly number[],
  { from, to }: Stretch,
  isThere: boolean,
): readonly (readonly Stretch[])[] {
  return week.map((stretches, day) => {
    if (!days.includes(day)) return stretches
    const others = stretches.flatMap(stretch => [
      ...(stretch.from < from ? [{ from: stretch.from, to: Math.min(stretch.to, from) }] : []),
      ...(stretch.to > to ? [{ from: Math.max(stretch.from, to), to: stretch.to }] : []),
    ])
    const all = isThere ? [...others, { from, to }] : others
    return all.sort((a, b) => a.from - b.from).reduce<Stretch[]>(add, [])
  })
}

/** `Mon–Fri 9:00–17:00, Sat 10:00–12:00`. */
export function describeWeek(week: Week): string {
  if (week === null) return 'Always available'
  const days = week.map(stretches => stretches.map(inWords).join(' and '))
  const groups: { first: number; last: number; times: string }[] = []
  for (const [day, times] of days.entries()) {
    const before = groups.at(-1)
    if (before && before.last === day - 1 && before.times === times) before.last = day
    else if (times !== '') groups.push({ first: day, last: day, times })
  }
  if (groups.length === 0) return 'Never available'
  return groups
    .map(({ first, last, times }) => {
      const name = (day: number) => weekdayNames[weekdays[day] ?? 'monday'].slice(0, 3)
      return `${first === last ? name(first) : `${name(first)}–${name(last)}`} ${times}`
    })
    .join(', ')
}

export const inWords = ({ from, to }: Stretch): string =>
  from === 0 && to === endOfDay ? 'all day' : `${timeOf(from)}–${to === endOfDay ? '24:00' : timeOf(to)}`

/** `9:00`, as the document writes it. */
export const timeOf = (minute: number): string => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`

export function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

function add(found: Stretch[], stretch: Stretch): Stretch[] {
  const last = found.at(-1)
  if (last && stretch.from <= last.to) last.to = Math.max(last.to, stretch.to)
  else found.push({ ...stretch })
  return found
}
