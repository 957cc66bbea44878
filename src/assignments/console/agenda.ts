import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { dayOf, type OnTheWire, request } from '#platform/console'
import type { Agenda as Served } from '../boards/agendas.ts'
import { addDays, mondayOf, monthOf } from './days.ts'

export type Agenda = OnTheWire<Served>
export type AgendaItem = Agenda['items'][number]
type Period = { from: string; to: string }

/** Whose agenda: of somebody, of what people are assigned to, or of who is signed in. */
export type AgendaPath =
  | `/participants/${string}/assignments`
  | `/assignment-targets/${string}/assignments`
  | '/me/assignments'

export const agendaQuery = (path: AgendaPath, period: Period) =>
  queryOptions({
    queryKey: ['assignments', 'agenda', path, period],
    queryFn: ({ signal }) => request<Agenda>(path, { query: period, signal }),
    placeholderData: keepPreviousData,
  })

export const today = () => dayOf(new Date().toISOString())

/** Half a year back and half a year ahead: the longest that is asked for at once. */
export const aroundToday = (): Period => ({ from: addDays(today(), -182), to: addDays(today(), 183) })

/** The whole weeks that a month touches. */
export function weeksOf(month: string): Period {
  const { from, to } = monthOf(month)
  return { from: mondayOf(from), to: addDays(mondayOf(to), 6) }
}

/** The day in whose place it stands: of what is on no certain day the first of its round. */
export const dayOfItem = ({ date, assignment }: AgendaItem) => date ?? assignment.startsOn

/** The last day on which it can still be done. */
export const lastDayOf = ({ date, assignment }: AgendaItem) => date ?? assignment.endsOn

export const keyOfItem = ({ date, target, assignment }: AgendaItem) => `${assignment.id} ${target.id} ${date ?? ''}`
