// Days on which rounds of a schedule begin: calendar dates alone, no clock and no zone.

export type Rhythm = {
  every: number
  unit: 'day' | 'week' | 'month'
  startsOn: string
  endsOn: string | null
  periodDays: number
}

const dayMs = 86_400_000

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10)

/** The last day of a round. */
export const lastDayOf = ({ periodDays }: Pick<Rhythm, 'periodDays'>, startsOn: string): string =>
  addDays(startsOn, periodDays - 1)

/**
 * The first turn that begins after `after` and is not over before `today`; null where there is none. `passed` are the turns
 * between that are over.
 */
export function nextTurn(
  rhythm: Rhythm,
  { after, today }: { after: string | null; today: string },
): { startsOn: string | null; passed: string[] } {
  const passed: string[] = []
  for (let turn = firstTurnAfter(rhythm, after); ; turn++) {
    const startsOn = dayOfTurn(rhythm, turn)
    if (rhythm.endsOn !== null && startsOn > rhythm.endsOn) return { startsOn: null, passed }
    if (lastDayOf(rhythm, startsOn) >= today) return { startsOn, passed }
    passed.push(startsOn)
  }
}

function firstTurnAfter(rhythm: Rhythm, after: string | null): number {
  if (after === null || after < rhythm.startsOn) return 0
  // So many turns have begun at least.
  const longest = { day: 1, week: 7, month: 31 }[rhythm.unit] * rhythm.every
  let turn = Math.floor((Date.parse(after) - Date.parse(rhythm.startsOn)) / dayMs / longest)
  while (dayOfTurn(rhythm, turn) <= after) turn++
  return turn
}

/** Counted from the first, so that of a schedule that begins on the 31st each month has its last day, and March the 31st again. */
function dayOfTurn({ startsOn, unit, every }: Rhythm, turn: number): string {
  if (unit !== 'month') return addDays(startsOn, turn * every * (unit === 'week' ? 7 : 1))
  const [year = 0, month = 1, day = 1] = startsOn.split('-').map(Number)
  const last = new Date(Date.UTC(year, month + turn * every, 0)).getUTCDate()
  return new Date(Date.UTC(year, month - 1 + turn * every, Math.min(day, last))).toISOString().slice(0, 10)
}
