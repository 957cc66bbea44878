const minutesOfDay = 24 * 60

/** Minutes, hours, days, months and weekdays: the least and the greatest. */
const bounds = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const

/** The longest pause between two times of a line of cron (UTC), in seconds. Fields of numbers, lists, ranges and steps. */
export function longestPause(cron: string): number {
  const fields = cron.trim().split(/\s+/)
  const [minutes, hours, days, months, weekdays] = bounds.map(([least, most], at) =>
    valuesOf(fields[at] ?? '', least, most),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>]
  const times = Array.from({ length: minutesOfDay }, (_, minute) => minute).filter(
    minute => hours.has(Math.floor(minute / 60)) && minutes.has(minute % 60),
  )
  const [isEachDay, isEachWeekday] = [fields[2] === '*', fields[4] === '*']
  let longest = 0
  let last: number | undefined
  // Two years of days: each month, and each weekday of it, comes again in between.
  for (let day = 0; day < 731; day++) {
    const date = new Date(Date.UTC(2026, 0, 1 + day))
    const isDay = days.has(date.getUTCDate())
    const isWeekday = weekdays.has(date.getUTCDay()) || (date.getUTCDay() === 0 && weekdays.has(7))
    // Where both are given either will do.
    const fits = isEachDay || isEachWeekday ? isDay && isWeekday : isDay || isWeekday
    if (!fits || !months.has(date.getUTCMonth() + 1)) continue
    for (const minute of times) {
      const at = day * minutesOfDay + minute
      if (last !== undefined) longest = Math.max(longest, at - last)
      last = at
    }
  }
  return longest * 60
}

function valuesOf(field: string, least: number, most: number): Set<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [, range, step] = /^(\*|\d+(?:-\d+)?)(?:\/(\d+))?$/.exec(part) ?? []
    if (range === undefined) throw new Error(`${field} is no field of cron`)
    const [from, to] = range === '*' ? [least, most] : range.split('-').map(Number)
    const end = to ?? (step === undefined ? (from as number) : most)
    for (let value = from as number; value <= end; value += Number(step ?? 1)) values.add(value)
  }
  return values
}
