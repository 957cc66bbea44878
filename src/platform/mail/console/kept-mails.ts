import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { KeptMailContent as Content, KeptMail as Listed } from '../mailbox.ts'

export type KeptMail = OnTheWire<Listed>
export type KeptMailContent = OnTheWire<Content>

export const readMailbox = (search: Search) => ({ q: oneOf(search.q), mail: oneOf(search.mail) })
export type Mailbox = ReturnType<typeof readMailbox>

export const keptMailsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['mailbox', q],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: readonly KeptMail[]; nextCursor: string | null }>('/mailbox', {
        query: { q, limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    staleTime: 0,
    // Whoever has this page open waits for a mail.
    refetchInterval: query => (query.state.status === 'error' ? false : 4000),
  })

export const keptMailQuery = (id: string) =>
  queryOptions({
    queryKey: ['mailbox-mail', id],
    queryFn: ({ signal }) => request<KeptMailContent>(`/mailbox/${encodeURIComponent(id)}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
