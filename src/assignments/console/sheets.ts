import type { Board, BoardTarget, Occurrence } from './board.ts'
import { addDays, mondayOf } from './days.ts'

/** A week of a round, as it hangs on a wall. */
export type Sheet = {
  monday: string
  /** The days of the round in this week on which something happens at a certain time or day. */
  days: readonly string[]
  /** What is on certain days: by day, what happens on it. */
  timetable: readonly { id: string; name: string; byDay: ReadonlyMap<string, readonly Occurrence[]> }[]
  /** What is done on any day of it. */
  anyDay: readonly { id: string; name: string; description: string | null; occurrence: Occurrence }[]
}

/** One for each week of a round, from Monday; of a week without anything of the round there is none. */
export function sheetsOf(board: Board, roundId: string, { from, to }: { from: string; to: string }): Sheet[] {
  const targets = board.targets
    .map(target => ({
      ...target,
      occurrences: target.occurrences.filter(({ assignmentId }) => assignmentId === roundId),
    }))
    .filter(({ occurrences }) => occurrences.length > 0)
  const mondays: string[] = []
  for (let monday = mondayOf(from); monday <= to; monday = addDays(monday, 7)) mondays.push(monday)
  return mondays.map(monday => sheetOf(targets, monday)).filter(sheet => sheet.days.length + sheet.anyDay.length > 0)
}

function sheetOf(targets: readonly BoardTarget[], monday: string): Sheet {
  const sunday = addDays(monday, 6)
  const isHere = ({ date }: Occurrence) => date !== null && date >= monday && date <= sunday
  const timetable = targets
    .map(({ id, name, occurrences }) => ({
      id,
      name,
      byDay: Map.groupBy(occurrences.filter(isHere), ({ date }) => date as string),
    }))
    .filter(({ byDay }) => byDay.size > 0)
  return {
    monday,
    days: [...new Set(timetable.flatMap(({ byDay }) => [...byDay.keys()]))].toSorted(),
    timetable,
    anyDay: targets.flatMap(({ id, name, description, occurrences }) => {
      const occurrence = occurrences.find(({ date }) => date === null)
      return occurrence ? [{ id, name, description, occurrence }] : []
    }),
  }
}
