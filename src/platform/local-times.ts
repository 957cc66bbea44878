// Node and browsers know the same zones; PostgreSQL need not.

const dayMs = 86_400_000
const formats = new Map<string | undefined, Intl.DateTimeFormat>()

/** How far the clocks of a zone are ahead of UTC at a moment, ms; without a zone those of this machine. */
export function offsetAt(moment: Date, timeZone?: string): number {
  let format = formats.get(timeZone)
  if (!format) {
    const numeric = 'numeric'
    const fields = {
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    } as const
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields })
    formats.set(timeZone, format)
  }
  const parts = format.formatToParts(moment)
  const part = (type: string) => Number(parts.find(each => each.type === type)?.value)
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return local - Math.floor(moment.getTime() / 1000) * 1000
}

/** What the clocks of a zone show at a moment, in the UTC fields of the result. */
export const wallTimeAt = (moment: Date, timeZone?: string): Date =>
  new Date(moment.getTime() + offsetAt(moment, timeZone))

/**
 * When the clocks of a zone show this (`wall`, in its UTC fields). Of a time that comes twice, because they are put back, the
 * first; of one that they leave out the moment at which they would show it had they not been put forward.
 */
export function instantOf(wall: Date, timeZone?: string): Date {
  const offsets = [-dayMs, dayMs].map(away => offsetAt(new Date(wall.getTime() + away), timeZone))
  const [before = 0] = offsets
  const found = offsets
    .map(offset => new Date(wall.getTime() - offset))
    .filter(moment => wallTimeAt(moment, timeZone).getTime() === wall.getTime())
    .sort((one, other) => one.getTime() - other.getTime())[0]
  return found ?? new Date(wall.getTime() - before)
}
