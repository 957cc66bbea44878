import type { Occurrence } from './board.ts'
import { addDays, mondayOf } from './days.ts'

type Placed = { readonly name: string; readonly occurrences: readonly Pick<Occurrence, 'date' | 'startsAt'>[] }

const byName = new Intl.Collator('en', { numeric: true })

/**
 * What is on no certain day first, by name (2 before 10); then by day and time, so that a clinic's Monday stands above its Friday. A month
 * is ordered as its first whole week, whatever weekday it begins on.
 */
export function inOrderOfTheWeek<T extends Placed>(
  targets: readonly T[],
  { from, to }: { from: string; to: string },
): T[] {
  const monday = mondayOf(addDays(from, 6))
  const begin = addDays(monday, 6) <= to ? monday : from
  const firstOf = ({ occurrences }: T) => {
    const times = occurrences.map(({ date, startsAt }) => `${date ?? ''} ${startsAt ?? ''}`).toSorted()
    return times.find(time => time >= begin || time.startsWith(' ')) ?? times[0] ?? ''
  }
  const sorted = targets.map(target => ({ target, first: firstOf(target) }))
  return sorted
    .toSorted((one, other) => {
      if (one.first !== other.first) return one.first < other.first ? -1 : 1
      return byName.compare(one.target.name, other.target.name)
    })
    .map(({ target }) => target)
}
