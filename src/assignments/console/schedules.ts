import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { type OnTheWire, request, requestAll } from '#platform/console'
import type { Schedule as Served } from '../schedules/schedules.ts'
import type { ScheduleFields } from './schedule-words.ts'

export type Schedule = OnTheWire<Served>
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
