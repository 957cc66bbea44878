import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { manyOf, type OnTheWire, oneOf, Problem, request, type Search, useSession } from '#platform/console'
import type { AdditionReport as ServedReport } from '../lists/additions.ts'
import type { BulkChange } from '../lists/bulk-changes.ts'
import type { FieldValue, ListField, ListSettings } from '../lists/fields.ts'
import type { ListedItem } from '../lists/items.ts'
import type { ListSummary as ServedSummary } from '../lists/list-summaries.ts'
import type { List as ServedList } from '../lists/lists.ts'
import type { Removal } from '../lists/removals.ts'
import type { SearchAddition as ServedAddition } from '../lists/search-additions.ts'
import type { SheetReport as ServedSheet } from '../lists/sheets.ts'
import type { Contractor, Page } from './contractors.ts'

export type { FieldValue, ListField, ListSettings }
export type List = OnTheWire<Omit<ServedList, 'settings'>> & { settings: ListSettings }
export type ListItem = OnTheWire<Omit<ListedItem, 'customData'>> & { customData: Readonly<Record<string, FieldValue>> }
export type AdditionReport = OnTheWire<ServedReport>
export type SheetReport = OnTheWire<ServedSheet>
export type SearchAddition = OnTheWire<ServedAddition>
export type ListSummary = OnTheWire<ServedSummary>
/** What one notes about a contractor in a list; values of the list's own fields stand under `field:` and their id. */
export type Remarks = Pick<ListItem, 'notes' | 'tags' | 'rating' | 'priority'> & {
  [field: `field:${string}`]: FieldValue | null
}
export type Priority = NonNullable<Remarks['priority']>

export const priorities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Priority[]
export const priorityNames: Readonly<Record<Priority, string>> = {
  critical: 'Critical',
  high: 'High priority',
  medium: 'Medium priority',
  low: 'Low priority',
}

export const remarkLabels = { notes: 'Notes', tags: 'Tags', rating: 'Rating', priority: 'Priority' }

export type ListDraft = Pick<List, 'name' | 'description' | 'color' | 'icon' | 'isPublic'>

export const listsQuery = queryOptions({
  queryKey: ['lists'],
  queryFn: ({ signal }) => allPages<List>('/contractor-lists', signal),
})

export const archivedListsQuery = queryOptions({
  queryKey: ['lists', 'archived'],
  queryFn: ({ signal }) => allPages<List>('/contractor-lists', signal, { archived: true }),
})

const pathOf = (id: string) => `/contractor-lists/${encodeURIComponent(id)}`

/** The entity tags under which lists were read last, to change them only as they were shown. */
const etags = new Map<string, string | undefined>()

export const listQuery = (id: string) =>
  queryOptions({
    queryKey: ['lists', id],
    queryFn: ({ signal }) => request<List>(pathOf(id), { signal, onEtag: etag => etags.set(id, etag) }),
  })

export const etagOfList = (id: string) => etags.get(id)

/** Which items of a list the address asks for, and in which order. */
export const readItemFilters = (search: Search) => ({
  q: oneOf(search.q).slice(0, 200),
  tag: manyOf(search.tag).slice(0, 10),
  priority: manyOf(search.priority).filter(each => priorities.some(priority => priority === each)),
  state: manyOf(search.state).filter(each => /^[a-z]{2}$/i.test(each)),
  minRating: /^[1-5]$/.test(oneOf(search.minRating)) ? oneOf(search.minRating) : '',
  sort: /^(manual|added|name|value|rating|priority|views|field:[a-z0-9]{1,20})$/.test(oneOf(search.sort))
    ? oneOf(search.sort)
    : '',
  direction: /^(asc|desc)$/.test(oneOf(search.direction)) ? oneOf(search.direction) : '',
  tab: oneOf(search.tab),
})
export type ItemFilters = ReturnType<typeof readItemFilters>

export const filterCount = ({ q, tag, priority, state, minRating }: ItemFilters) =>
  (q ? 1 : 0) + tag.length + priority.length + state.length + (minRating ? 1 : 0)

const filtersOnly = ({ q, tag, priority, state, minRating }: ItemFilters) => ({ q, tag, priority, state, minRating })

export const itemsQuery = (id: string, filters: ItemFilters) => {
  const { tab: _, ...asked } = filters
  return infiniteQueryOptions({
    queryKey: ['lists', id, 'items', asked],
    queryFn: ({ pageParam, signal }) =>
      request<Page<ListItem>>(`${pathOf(id)}/items`, { query: { ...asked, limit: 100, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })
}

export const summaryQuery = (id: string) =>
  queryOptions({
    queryKey: ['lists', id, 'summary'],
    queryFn: ({ signal }) => request<ListSummary>(`${pathOf(id)}/summary`, { signal }),
  })

/** The ids of all items that the filters leave, beyond those that are shown. */
export async function allItemIds(id: string, filters: ItemFilters): Promise<string[]> {
  const { items } = await request<{ items: readonly { id: string }[] }>(`${pathOf(id)}/item-ids`, {
    query: filtersOnly(filters),
  })
  return items.map(item => item.id)
}

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
      const { items } = await request<{ items: readonly { id: string; contractorId: string }[] }>(
        `${pathOf(list?.id ?? '')}/item-ids`,
        { signal },
      )
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
export async function addItem(listId: string, item: { contractorId: string }): Promise<void> {
  await request(`${pathOf(listId)}/items`, { method: 'POST', body: item }).catch(error => {
    if (!(error instanceof Problem) || error.code !== 'contractors.already_in_list') throw error
  })
}

export async function removeItem(listId: string, itemId: string): Promise<void> {
  await request(`${pathOf(listId)}/items/${itemId}`, { method: 'DELETE' })
}

/** Takes items out; the answer is what puts them back. */
export const removeItems = (listId: string, itemIds: readonly string[]) =>
  request<OnTheWire<Removal>>(`${pathOf(listId)}/removals`, { method: 'POST', body: { itemIds } })

export const restoreItems = (listId: string, removalId: string) =>
  request<{ restored: number; alreadyIn: number }>(`${pathOf(listId)}/removals/${removalId}/restoration`, {
    method: 'POST',
  })

export const changeItems = (listId: string, itemIds: readonly string[], change: BulkChange) =>
  request<{ changed: number }>(`${pathOf(listId)}/changes`, { method: 'POST', body: { itemIds, ...change } })

export const transferItems = (listId: string, itemIds: readonly string[], toListId: string, move: boolean) =>
  request<{ added: number; alreadyIn: number; moved: number; removalId: string | null }>(
    `${pathOf(listId)}/transfers`,
    { method: 'POST', body: { itemIds, toListId, move } },
  )

/** Puts an item behind another one, or first. */
export const moveItem = (listId: string, itemId: string, after: string | null) =>
  request(`${pathOf(listId)}/items/${itemId}/position`, { method: 'PUT', body: { after } })

export const moveList = (listId: string, after: string | null) =>
  request<List>(`${pathOf(listId)}/position`, { method: 'PUT', body: { after } })

/** Says that the item is opened; outlives the page that is left by it. */
export const countView = (listId: string, itemId: string) =>
  request(`${pathOf(listId)}/items/${itemId}/views`, { method: 'POST', keepalive: true }).catch(() => {})

export type Addition = { contractorIds?: readonly string[]; text?: string; listId?: string; tags?: readonly string[] }

export const addMany = (listId: string, addition: Addition, trial = false) =>
  request<AdditionReport>(`${pathOf(listId)}/additions`, { method: 'POST', body: { ...addition, trial } })

export const addSheet = (
  listId: string,
  sheet: Blob,
  query: { mode: 'trial' | 'valid' | 'all'; updates: boolean } & Readonly<Record<string, string | boolean>>,
) =>
  request<SheetReport>(`${pathOf(listId)}/sheets`, {
    method: 'POST',
    body: new Blob([sheet], { type: 'text/csv' }),
    query,
  })

/** Has all that a search finds put into a list; it goes on by itself. */
export const addSearch = (listId: string, search: object) =>
  request<SearchAddition>(`${pathOf(listId)}/search-additions`, { method: 'POST', body: { search } })

/** What searches have found on its way into a list; looked at often while something is under way. */
export const searchAdditionsQuery = (listId: string) =>
  queryOptions({
    queryKey: ['list-additions', listId],
    queryFn: ({ signal }) =>
      request<{ items: readonly SearchAddition[] }>(`${pathOf(listId)}/search-additions`, { signal }),
    refetchInterval: query => (query.state.data?.items.some(each => each.finishedAt === null) ? 800 : false),
  })

/** Changes a list as far as it is as it was read, or whatever it is now. */
export const changeList = (id: string, change: object, ifMatch?: string) =>
  request<List>(pathOf(id), { method: 'PATCH', body: change, ifMatch })

export const copyList = (id: string, name: string) =>
  request<List>(`${pathOf(id)}/copy`, { method: 'POST', body: { name } })

export const mergeLists = (id: string, fromListId: string, afterwards: 'keep' | 'archive' | 'delete') =>
  request<{ added: number; combined: number; unchanged: number }>(`${pathOf(id)}/merge`, {
    method: 'POST',
    body: { fromListId, afterwards },
  })

/** The remarks of an item, side by side. */
export function remarksOf({
  notes,
  tags,
  rating,
  priority,
  customData,
}: Pick<ListItem, 'notes' | 'tags' | 'rating' | 'priority' | 'customData'>): Remarks {
  return {
    notes,
    tags,
    rating,
    priority,
    ...Object.fromEntries(Object.entries(customData).map(([id, value]) => [`field:${id}`, value])),
  }
}

/** Changes an item unless it is no longer as `etag` names it. `keepalive` lets the change outlive the page. */
export async function changeItem(
  listId: string,
  item: Pick<ListItem, 'id' | 'etag'>,
  change: Partial<Remarks>,
  keepalive = false,
): Promise<void> {
  const path = `${pathOf(listId)}/items/${item.id}`
  await request(path, { method: 'PATCH', body: changeOf(change), ifMatch: item.etag, keepalive })
}

/** A change of remarks as it is sent. */
export function changeOf(change: Partial<Remarks>): object {
  const own = Object.entries(change).filter(([name]) => name.startsWith('field:'))
  const fixed = Object.entries(change).filter(([name]) => !name.startsWith('field:'))
  const customData = Object.fromEntries(own.map(([name, value]) => [name.slice('field:'.length), value]))
  return { ...Object.fromEntries(fixed), ...(own.length > 0 && { customData }) }
}

/** What remarks are called, the list's own fields too. */
export const labelsOf = (fields: readonly ListField[]): Readonly<Record<string, string>> => ({
  ...remarkLabels,
  ...Object.fromEntries(fields.map(({ id, name }) => [`field:${id}`, name])),
})

/** The item as the server has it now. */
export async function refreshItem(client: QueryClient, listId: string, id: string): Promise<ListItem | undefined> {
  const queryKey = ['lists', listId, 'items']
  await client.refetchQueries({ queryKey, type: 'active' })
  const pages = client.getQueriesData<{ pages: readonly Page<ListItem>[] }>({ queryKey, type: 'active' })
  return pages
    .flatMap(([, data]) => data?.pages ?? [])
    .flatMap(page => page.items)
    .find(item => item.id === id)
}

export function refreshLists(client: QueryClient): Promise<unknown> {
  return Promise.all([
    client.invalidateQueries({ queryKey: ['lists'] }),
    client.invalidateQueries({ queryKey: ['holding-lists'] }),
  ])
}

async function allPages<T>(path: string, signal: AbortSignal, query: Record<string, boolean> = {}): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page<T> = await request<Page<T>>(path, { query: { ...query, limit: 100, cursor }, signal })
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}
