import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { formatDay, type OnTheWire, request, requestAll } from '#platform/console'
import type { Schedule as Served } from '../schedules/schedules.ts'
import { nextTurn } from '../schedules/turns.ts'
import type { Words } from './wire-types.ts'

export type Schedule = OnTheWire<Served>
export type Unit = Schedule['unit']
export type ScheduleFields = Pick<
  Schedule,
  'name' | 'every' | 'unit' | 'periodDays' | 'startsOn' | 'endsOn' | 'leadDays' | 'publishes' | 'strategy' | 'isActive'
>

const pathOf = (id: string) => `/assignment-schedules/${encodeURIComponent(id)}`
const key = ['assignments', 'schedules']

export const schedulesQuery = (domainId: string) =>
  queryOptions({
    queryKey: [...key, domainId],
    queryFn: ({ signal }) => requestAll<Schedule>('/assignment-schedules', signal, { domainId }),
  })

/** Any write to a schedule; the list is read anew after it. */
function useWrite<Input, Answer>(write: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: write, onSettled: () => client.invalidateQueries({ queryKey: key }) })
}

/** Makes one in a domain, or changes what is given of an old one. */
export const useSaving = () =>
  useWrite(({ id, ...body }: Partial<ScheduleFields> & ({ id: string } | { id?: never; domainId: string })) =>
    id === undefined
      ? request<Schedule>('/assignment-schedules', { method: 'POST', body })
      : request<Schedule>(pathOf(id), { method: 'PATCH', body }),
  )

/** Makes the round of a date, which is the next one. */
export const useRunning = () =>
  useWrite(({ id }: { id: string; date: string }) =>
    request<{ assignmentId: string | null; isWaiting: boolean }>(`${pathOf(id)}/run`, { method: 'POST' }),
  )

export const useDeletion = () => useWrite((id: string) => request(pathOf(id), { method: 'DELETE' }))

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
  const end = endsOn === null ? '' : ` The last one begins on ${formatDay(endsOn)} at the latest.`
  return `${rhythm} from ${formatDay(startsOn)} on, ${withArticle(words.assignment.singular)} of ${span} is planned ${lead}, and ${outcome}.${end}`
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
