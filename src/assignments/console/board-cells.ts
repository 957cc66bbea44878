import type { Board, BoardRound, BoardTarget, Occurrence } from './board.ts'

/** A cell of a target's row: `length` days from the day at `start` on; without occurrences an empty day. */
export type Cell = { start: number; length: number; occurrences: readonly Occurrence[] }

/**
 * The cells of a row, from the first day to the last. What is on no certain day lies across its round; what would lie over
 * each other, as in two rounds of the same days, shares a cell.
 */
export function cellsOf(target: BoardTarget, { days, rounds }: Pick<Board, 'days' | 'rounds'>): Cell[] {
  const spans = target.occurrences
    .map(occurrence => ({ ...spanOf(occurrence, days, rounds), occurrence }))
    .filter(({ start, end }) => start >= 0 && end >= start)
    .toSorted((one, other) => one.start - other.start || one.end - other.end)
  const cells: Cell[] = []
  let next = 0
  const fillTo = (day: number) => {
    for (; next < day; next++) cells.push({ start: next, length: 1, occurrences: [] })
  }
  for (const { start, end, occurrence } of spans) {
    const last = cells.at(-1)
    if (last && start < next) {
      const length = Math.max(next, end + 1) - last.start
      cells[cells.length - 1] = { ...last, length, occurrences: [...last.occurrences, occurrence] }
    } else {
      fillTo(start)
      cells.push({ start, length: end - start + 1, occurrences: [occurrence] })
    }
    next = Math.max(next, end + 1)
  }
  fillTo(days.length)
  return cells
}

function spanOf({ date, assignmentId }: Occurrence, days: readonly string[], rounds: readonly BoardRound[]) {
  if (date !== null) return { start: days.indexOf(date), end: days.indexOf(date) }
  const round = rounds.find(({ id }) => id === assignmentId)
  const [first = '', last = ''] = [days[0], days.at(-1)]
  if (!round || round.startsOn > last || round.endsOn < first) return { start: -1, end: -1 }
  return {
    start: days.indexOf(round.startsOn < first ? first : round.startsOn),
    end: days.indexOf(round.endsOn > last ? last : round.endsOn),
  }
}
