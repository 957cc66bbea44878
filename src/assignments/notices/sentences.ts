import type { Occurrence } from '../boards/occurrences.ts'
import { nounFor, type Telling, type ToldRound } from './tellings.ts'

/** `8 to 14 March 2027`, `29 March to 4 April 2027`, `8 March 2027`. */
export function periodInWords(startsOn: string, endsOn: string): string {
  const words = (day: string, fields: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { ...fields, timeZone: 'UTC' }).format(new Date(day))
  const [day, month, year] = [{ day: 'numeric' }, { month: 'long' }, { year: 'numeric' }] as const
  const last = words(endsOn, { ...day, ...month, ...year })
  if (startsOn === endsOn) return last
  if (startsOn.slice(0, 7) === endsOn.slice(0, 7)) return `${words(startsOn, day)} to ${last}`
  const isSameYear = startsOn.slice(0, 4) === endsOn.slice(0, 4)
  return `${words(startsOn, isSameYear ? { ...day, ...month } : { ...day, ...month, ...year })} to ${last}`
}

/** What somebody is told, the title in one line. Names in it are as people wrote them. */
export function sentencesOf(round: ToldRound, telling: Telling): { title: string; lines: string[] } {
  const { kind, places, gone } = telling
  const when = periodInWords(round.startsOn, round.endsOn)
  const names = listed((kind === 'first' || kind === 'changed' ? places.map(({ name }) => name) : gone).filter(Boolean))
  const noun = nounFor(round, places.length)
  const titles: Record<Telling['kind'], string> = {
    first: `Your ${noun} ${when}: ${names}`,
    changed: `Changed: your ${noun} ${when}: ${names}`,
    removed: `You are no longer on ${names}, ${when}`,
    cancelled: `Cancelled: ${names}, ${when}`,
  }
  const timed = places.filter(({ times }) => times.length > 0)
  return {
    title: titles[kind],
    lines: [
      ...timed.map(({ name, times }) => `${name}: ${timesInWords(times)}`),
      ...(kind === 'changed' && gone.length > 0 ? [`No longer: ${listed(gone)}`] : []),
    ],
  }
}

/** So many days are named one by one. */
const mostDays = 6

function timesInWords(times: readonly Occurrence[]): string {
  const days = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC' })
  const named = times.slice(0, mostDays).map(({ date }) => days.format(new Date(date ?? '')))
  const { startsAt = null, endsAt = null } = times[0] ?? {}
  const more = times.length - named.length
  const on = listed([...named, ...(more > 0 ? [`${more} more`] : [])])
  return startsAt === null ? on : `${on}, ${startsAt} to ${endsAt}`
}

const listed = (words: readonly string[]) => new Intl.ListFormat('en-GB').format(words)
