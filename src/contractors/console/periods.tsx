import { formatDay } from '#platform/console'
import { nameSource } from './fields.ts'

type Seen = { firstSeen: string | null; lastSeen: string | null; sources: readonly string[]; records: number }

/** `2010 to 2015`, with the days for those who point at it. */
export function Period({ firstSeen, lastSeen }: Pick<Seen, 'firstSeen' | 'lastSeen'>) {
  if (firstSeen === null || lastSeen === null) return <>not dated</>
  const [first, last] = [formatDay(firstSeen), formatDay(lastSeen)]
  return <span className="figures">{first === last ? first : `${first} to ${last}`}</span>
}

/** Where something was seen. */
export const sourcesOf = ({ sources }: Pick<Seen, 'sources'>) =>
  [...new Set(sources.map(source => nameSource(source).short))].join(', ')
