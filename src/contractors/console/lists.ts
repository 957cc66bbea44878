import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { type OnTheWire, Problem, request, useSession } from '#platform/console'
import type { ListedItem } from '../lists/items.ts'
import type { List as ServedList } from '../lists/lists.ts'
import type { Contractor, Page } from './contractors.ts'

export type List = OnTheWire<ServedList>
export type ListItem = OnTheWire<ListedItem>
/** What one notes about a contractor in a list. */
export type Remarks = Pick<ListItem, 'notes' | 'tags' | 'rating' | 'priority'>
export type Priority = NonNullable<Remarks['priority']>

export const priorities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Priority[]
export const priorityNames: Readonly<Record<Priority, string>> = {
  critical: 'Critical',
  high: 'High priority',
  medium: 'Medium priority',
  low: 'Low priority',
}

export type ListDraft = Pick<List, 'name' | 'description' | 'color' | 'icon' | 'isPublic'>

export const listsQuery = queryOptions({
  queryKey: ['lists'],
  queryFn: ({ signal }) => allPages<List>('/contractor-lists', signal),
})

export const listQuery = (id: string) =>
  queryOptions({
    queryKey: ['lists', id],
    queryFn: ({ signal }) => request<List>(`/contractor-lists/${encodeURIComponent(id)}`, { signal }),
  })

export const itemsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['lists', id, 'items'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<ListItem>>(`/contractor-lists/${encodeURIComponent(id)}/items`, {
        query: { limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

/** The lists that hold a contractor. */
export const holdingListsQuery = (contractorId: string) =>
  queryOptions({
    queryKey: ['holding-lists', contractorId],
    queryFn: ({ signal }) =>
      request<{ items: readonly { id: string; name: string; itemId: string }[] }>(
        `/contractors/${encodeURIComponent(contractorId)}/lists`,
        { signal },
      ),
  })

/** Which contractors my favourites hold, to their items there: one question for all stars on a page. */
export function useFavourites() {
  const lists = useLists()
  const list = lists.data?.find(each => each.isDefault && each.isMine)
  const items = useQuery({
    queryKey: ['lists', list?.id, 'contractors'],
    queryFn: async ({ signal }) => {
      const items = await allPages<ListItem>(`/contractor-lists/${list?.id}/items`, signal)
      return new Map(items.map(item => [item.contractorId, item.id]))
    },
    enabled: list !== undefined,
  })
  return { list, itemOf: (contractorId: string) => items.data?.get(contractorId) }
}

/** Favourites first, then my own, then the colleagues' public ones, each by name. */
export function inOrder(lists: readonly List[]): List[] {
  const rank = (list: List) => (list.isDefault && list.isMine ? 0 : list.isMine ? 1 : 2)
  return lists.toSorted((a, b) => rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name))
}

export function useLists() {
  const { can } = useSession()
  return useQuery({ ...listsQuery, enabled: can('contractors.lists.read') })
}

/** Puts a contractor into a list or takes it out; what shows either is asked for anew. */
export function useHolding(contractor: Pick<Contractor, 'id'>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ listId, itemId }: { listId: string; itemId: string | undefined }) => {
      if (itemId) await removeItem(listId, itemId)
      else await addItem(listId, { contractorId: contractor.id })
    },
    onSettled: () => refreshLists(client),
  })
}

/** Already there is what was wanted; anything else is told. */
export async function addItem(listId: string, item: { contractorId: string } & Partial<Remarks>): Promise<void> {
  await request(`/contractor-lists/${listId}/items`, { method: 'POST', body: item }).catch(error => {
    if (!(error instanceof Problem) || error.code !== 'contractors.already_in_list') throw error
  })
}

export async function removeItem(listId: string, itemId: string): Promise<void> {
  await request(`/contractor-lists/${listId}/items/${itemId}`, { method: 'DELETE' })
}

/** Changes an item unless it is no longer as `etag` names it. `keepalive` lets the change outlive the page. */
export async function changeItem(
  listId: string,
  item: Pick<ListItem, 'id' | 'etag'>,
  change: Partial<Remarks>,
  keepalive = false,
): Promise<void> {
  const path = `/contractor-lists/${listId}/items/${item.id}`
  await request(path, { method: 'PATCH', body: change, ifMatch: item.etag, keepalive })
}

/** The item as the server has it now. */
export async function refreshItem(client: QueryClient, listId: string, id: string): Promise<ListItem | undefined> {
  const { queryKey } = itemsQuery(listId)
  await client.refetchQueries({ queryKey, exact: true })
  return client
    .getQueryData(queryKey)
    ?.pages.flatMap(page => page.items)
    .find(item => item.id === id)
}

export function refreshLists(client: QueryClient): Promise<unknown> {
  return Promise.all([
    client.invalidateQueries({ queryKey: ['lists'] }),
    client.invalidateQueries({ queryKey: ['holding-lists'] }),
  ])
}

async function allPages<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page<T> = await request<Page<T>>(path, { query: { limit: 100, cursor }, signal })
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}
