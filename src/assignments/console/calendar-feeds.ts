import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { request } from '#platform/console'

export type CalendarFeed = { createdAt: string; lastReadAt: string | null }

/** Of anybody for who plans, of oneself for everybody. */
export type FeedPath = `/participants/${string}/calendar-feed` | `/me/participants/${string}/calendar-feed`

export const feedQuery = (path: FeedPath) =>
  queryOptions({
    queryKey: ['assignments', 'calendar-feed', path],
    queryFn: ({ signal }) => request<{ feed: CalendarFeed | null }>(path, { signal }),
    // Calendars read it while nobody looks.
    staleTime: 0,
  })

/** Makes an address, in the place of the one before it. It is answered this once. */
export function useNewFeed(path: FeedPath) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request<{ address: string }>(path, { method: 'PUT' }),
    onSettled: () => client.invalidateQueries({ queryKey: feedQuery(path).queryKey }),
  })
}

export function useFeedRemoval(path: FeedPath) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request(path, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: feedQuery(path).queryKey }),
  })
}
