import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { Notification as Told, UnreadCount } from '../notifications.ts'

export type Notification = OnTheWire<Told>
export type Filter = { state: 'all' | 'unread'; kind: string }
type Page = { items: readonly Notification[]; nextCursor: string | null }

const key = ['notifications'] as const

export const unreadQuery = queryOptions({
  queryKey: [...key, 'unread'],
  queryFn: ({ signal }) => request<UnreadCount>('/notifications/unread-count', { signal }),
})

/** For the list under the bell. */
export const latestQuery = queryOptions({
  queryKey: [...key, 'latest'],
  queryFn: ({ signal }) => request<Page>('/notifications', { query: { limit: 8 }, signal }),
})

export const listQuery = ({ state, kind }: Filter) =>
  infiniteQueryOptions({
    queryKey: [...key, 'list', state, kind],
    queryFn: ({ pageParam, signal }) =>
      request<Page>('/notifications', { query: { limit: 25, state, kind, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

/** Everything that is shown of notifications is asked for again. */
export function lookAgain(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: key })
}

function useChange<Variables>(change: (variables: Variables) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSettled: () => lookAgain(client) })
}

export const useMarking = () =>
  useChange(({ id, isRead }: { id: string; isRead: boolean }) =>
    request(`/notifications/${id}/read`, { method: isRead ? 'POST' : 'DELETE', keepalive: true }),
  )

/** Up to the newest that is shown: what comes meanwhile stays unread. */
export const useMarkingAll = () =>
  useChange((upTo: string) => request('/notifications/read-all', { method: 'POST', body: { upTo } }))

export const useRemoval = () => useChange((id: string) => request(`/notifications/${id}`, { method: 'DELETE' }))

export const unreadInWords = ({ unread, isCapped }: UnreadCount) => (isCapped ? '99+' : String(unread))
