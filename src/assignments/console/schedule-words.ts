import { nextTurn } from '../schedules/turns.ts'
import type { Schedule } from './schedules.ts'
import type { Words } from './wire-types.ts'

export type Unit = Schedule['unit']
export type ScheduleFields = Pick<
  Schedule,
  'name' | 'every' | 'unit' | 'periodDays' | 'startsOn' | 'endsOn' | 'leadDays' | 'publishes' | 'strategy' | 'isActive'
>

const units: Readonly<Record<Unit, readonly [string, string]>> = {
  day: ['day', 'days'],
  week: ['week', 'weeks'],
  month: ['month', 'months'],
}

export const unitWord = (unit: Unit, count: number) => units[unit][count === 1 ? 0 : 1]

/** `Every 2 weeks a round of 14 days …`: what will happen, in one sentence. */
export function sentenceOf(fields: ScheduleFields, words: Words): string {
  const { every, unit, periodDays, startsOn, endsOn, leadDays, publishes } = fields
  const rhythm = every === 1 ? `Every ${unitWord(unit, 1)}` : `Every ${every} ${unitWord(unit, every)}`
  const span = periodDays === 1 ? 'one day' : `${periodDays} days`
  const lead =
    leadDays === 0 ? 'on the day on which it begins' : `${leadDays} ${unitWord('day', leadDays)} before it begins`
  const outcome = publishes
    ? `published at once: ${words.participant.plural} are told`
    : 'kept as a draft, until somebody looks at it and publishes it'
  const end = endsOn === null ? '' : ` The last one begins on ${formatDate(endsOn)} at the latest.`
  return `${rhythm} from ${formatDate(startsOn)} on, ${withArticle(words.assignment.singular)} of ${span} is planned ${lead}, and ${outcome}.${end}`
}

const withArticle = (noun: string) => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`

/** The first days of the next rounds, `YYYY-MM-DD`: those after `after` that are not over today. */
export function nextDates(fields: ScheduleFields, today: string, after: string | null, count: number): string[] {
  const dates: string[] = []
  while (dates.length < count) {
    const { startsOn } = nextTurn(fields, { after: dates.at(-1) ?? after, today })
    if (startsOn === null) break
    dates.push(startsOn)
  }
  return dates
}

const withWeekday = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

/** `Mon, 30 Nov 2026`. */
export const formatDate = (date: string) => withWeekday.format(new Date(`${date}T00:00:00Z`))
