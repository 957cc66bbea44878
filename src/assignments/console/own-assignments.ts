import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { OwnDropOut as ServedDropOut } from '../own/own-drop-outs.ts'
import type { OwnParticipant as ServedParticipant } from '../own/own-participants.ts'
import type { AgendaItem } from './agenda.ts'

export type OwnParticipant = OnTheWire<ServedParticipant>
export type OwnDropOut = OnTheWire<ServedDropOut>

export const ownParticipantsQuery = queryOptions({
  queryKey: ['assignments', 'own', 'participants'],
  queryFn: ({ signal }) => request<{ items: readonly OwnParticipant[] }>('/me/participants', { signal }),
})

/** Where I have said that I cannot come, as far as it is ahead. */
export const ownDropOutsQuery = queryOptions({
  queryKey: ['assignments', 'own', 'drop-outs'],
  queryFn: ({ signal }) => request<{ items: readonly OwnDropOut[] }>('/me/drop-outs', { signal }),
})

function useWrite<Input>(write: (input: Input) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: write,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['assignments', 'own'] }),
        client.invalidateQueries({ queryKey: ['assignments', 'agenda'] }),
      ]),
  })
}

export const useDroppingOut = () =>
  useWrite(({ item, reason }: { item: AgendaItem; reason: string }) =>
    request('/me/drop-outs', {
      method: 'POST',
      body: { assignmentId: item.assignment.id, targetId: item.target.id, reason: reason.trim() || null },
    }),
  )

export const useComingAfterAll = () =>
  useWrite((id: string) => request(`/me/drop-outs/${encodeURIComponent(id)}`, { method: 'DELETE' }))
