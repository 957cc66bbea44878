import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, Problem, request } from '#platform/console'
import type {
  ListedSharedItem as ServedItem,
  SharedList as ServedList,
  SharedRemarks as ServedRemarks,
} from '../sharing/shared-lists.ts'
import type { Page } from './contractors.ts'
import type { FieldValue, ListField } from './lists.ts'

export type SharedList = OnTheWire<Omit<ServedList, 'fields'>> & { fields: readonly ListField[] }
export type SharedItem = OnTheWire<Omit<ServedItem, 'customData'>> & {
  customData: Readonly<Record<string, FieldValue>>
}
/** A change of what is noted about a contractor; values of the list's own fields stand under `field:` and their id. */
export type SharedRemarks = OnTheWire<Omit<ServedRemarks, 'customData'>> & {
  [field: `field:${string}`]: FieldValue | null
}

const pathOf = (id: string) => `/shared-lists/${encodeURIComponent(id)}`

export const sharedListQuery = (id: string) =>
  queryOptions({
    queryKey: ['shared-list', id],
    queryFn: ({ signal }) => request<SharedList>(pathOf(id), { signal }),
    retry: (count, error) => count < 2 && !(error instanceof Problem && error.status < 500 && error.status !== 0),
  })

export const sharedItemsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['shared-list', id, 'items'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<SharedItem>>(`${pathOf(id)}/items`, { query: { limit: 50, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })
