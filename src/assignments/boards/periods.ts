import { Type } from 'typebox'
import { date } from '#platform/http'
import { errors } from '../errors.ts'
import { daysOf } from '../rounds/calendar.ts'

export const Period = Type.Object({
  from: { ...date, description: 'The first day' },
  to: { ...date, description: 'The last day, at most a year later' },
})
export type Period = { from: string; to: string }

const mostDays = 366

/** All days of a period. Refuses one that ends before it starts, or is longer than a year. */
export function daysBetween({ from, to }: Period): string[] {
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1
  if (days < 1 || days > mostDays) throw errors.periodRefused({ from, to })
  return daysOf(from, to)
}
