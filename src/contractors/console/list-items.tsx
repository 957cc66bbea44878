import { Anchor, Button, Group, Loader, MultiSelect, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { type InfiniteData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ComponentProps, useCallback, useMemo, useRef, useState } from 'react'
import { EmptyState, ErrorState, formatCount, Icon, LoadMore, PageLink } from '#platform/console'
import type { Page } from './contractors.ts'
import { ExportButton } from './export-button.tsx'
import { Item } from './item.tsx'
import { BulkChange, offerUndo, Transfer, undoRemoval } from './item-bulk.tsx'
import { columnsOf, sortNames } from './item-columns.ts'
import classes from './lists.module.css'
import {
  allItemIds,
  filterCount,
  type ItemFilters,
  itemsQuery,
  type List,
  type ListItem,
  moveItem,
  priorities,
  priorityNames,
  refreshLists,
  removeItems,
  summaryQuery,
} from './lists.ts'
import { SelectionAction, SelectionBar, useTicks } from './selection-bar.tsx'
import { Sortable, useSortableRow } from './sortable.tsx'
import { useWindowRows } from './window-rows.ts'

type ItemsProps = {
  list: List
  filters: ItemFilters
  change: (filters: Partial<ItemFilters>, replace?: boolean) => void
}

/** The contractors of a list with their remarks: filtered, in any order, ticked, and put in order by hand. */
export function Items({ list, filters, change }: ItemsProps) {
  const sorting = sortingOf(list, filters)
  const asked = { ...filters, ...sorting }
  const query = useInfiniteQuery(itemsQuery(list.id, asked))
  const items = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const ids = useMemo(() => items.map(item => item.id), [items])
  const ticks = useTicks(JSON.stringify([list.id, asked]), ids)
  const [dialog, setDialog] = useState<'change' | 'transfer'>()
  const held = useRef(new Set<string>())
  const hold = useCallback((id: string, isHeld: boolean) => {
    if (isHeld) held.current.add(id)
    else held.current.delete(id)
  }, [])
  const picked = useRef<string>(undefined)
  const rows = useWindowRows<HTMLUListElement>({
    keys: ids,
    height: 110,
    more: query.hasNextPage
      ? { load: () => void query.fetchNextPage(), isLoading: query.isFetching, error: query.error }
      : undefined,
    // What is dragged, and what is not saved yet.
    kept: () => [...held.current, ...(picked.current ? [picked.current] : [])],
  })
  const remove = useRemoval(list)
  const { mutate } = remove
  const takeOut = useCallback((item: ListItem) => mutate({ ids: [item.id], name: item.contractor.name }), [mutate])
  const move = useMove(list, asked)
  const isFiltered = filterCount(filters) > 0
  const columns = useMemo(() => columnsOf(list.settings), [list.settings])
  const isByHand = sorting.sort === 'manual' && sorting.direction === 'asc' && !isFiltered && list.mayEdit
  const exported = ticks.isWhole
    ? { listId: list.id }
    : { listId: list.id, ids: items.filter(item => ticks.isTicked(item.id)).map(item => item.contractorId) }
  const selected = async () => (ticks.isWhole ? await allItemIds(list.id, filters) : ticks.ids)

  if (query.isPending) return <Skeleton height={260} />
  if (query.isError && items.length === 0) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  if (items.length === 0 && !isFiltered) return <Empty list={list} />
  return (
    <>
      <Toolbar list={list} filters={filters} change={change} isStale={query.isPlaceholderData} />
      {items.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="filter"
            title="Nothing in this list is like that"
            action={
              <Button variant="default" onClick={() => change(noFilters)}>
                Clear the filters
              </Button>
            }
          >
            {formatCount(list.itemCount)} contractors are in it without the filters.
          </EmptyState>
        </div>
      ) : (
        <Sortable
          rows={items.map(item => ({ id: item.id, name: item.contractor.name }))}
          total={isFiltered ? undefined : list.itemCount}
          isOff={!isByHand}
          move={(id, after) => move.mutate({ id, after })}
          picked={id => {
            picked.current = id
          }}
        >
          <ul
            ref={rows.list}
            className={`panel ${classes.items}`}
            style={{ height: rows.total }}
            aria-label={`Contractors in ${list.name}`}
            aria-busy={query.isPlaceholderData}
          >
            {rows.shown.map(({ index, key, top }) => {
              const item = items[index]
              if (!item) return null
              const row = {
                list,
                item,
                columns,
                remove: takeOut,
                tick: { isTicked: ticks.isTicked(item.id), toggle: (reach: boolean) => ticks.toggle(item.id, reach) },
                hold,
                place: { index, top, count: isFiltered ? -1 : list.itemCount, measure: rows.measure },
              }
              return isByHand ? <SortableItem key={key} {...row} /> : <Item key={key} {...row} />
            })}
          </ul>
        </Sortable>
      )}
      {query.hasNextPage && (
        <p className="on-paper">
          The first {formatCount(items.length)} of {isFiltered ? 'those that fit' : formatCount(list.itemCount)}. An
          export as PDF or as a spreadsheet has all of them.
        </p>
      )}
      <LoadMore query={query} label="Load more" />
      <SelectionBar ticks={ticks} total={isFiltered ? undefined : { count: list.itemCount }}>
        {list.mayEdit && <SelectionAction onClick={() => setDialog('change')}>Change</SelectionAction>}
        <SelectionAction onClick={() => setDialog('transfer')}>Copy or move</SelectionAction>
        <ExportButton size="xs" selection={exported} />
        {list.mayEdit && (
          <SelectionAction
            loading={remove.isPending}
            onClick={() => void selected().then(ids => remove.mutate({ ids }, { onSuccess: ticks.clear }))}
          >
            Take out
          </SelectionAction>
        )}
      </SelectionBar>
      {dialog === 'change' && (
        <BulkChange list={list} itemIds={selected} close={() => setDialog(undefined)} done={ticks.clear} />
      )}
      {dialog === 'transfer' && (
        <Transfer list={list} itemIds={selected} close={() => setDialog(undefined)} done={ticks.clear} />
      )}
    </>
  )
}

function SortableItem(props: ComponentProps<typeof Item>) {
  const row = useSortableRow({ id: props.item.id, name: props.item.contractor.name })
  return <Item {...props} {...row} />
}

function Empty({ list }: { list: List }) {
  return (
    <div className="panel">
      <EmptyState
        icon="list"
        title="Nothing is in this list yet"
        action={
          <Button component={PageLink} to="/contractors">
            Search contractors
          </Button>
        }
      >
        {list.mayEdit
          ? 'Add contractors above by name or UEI, or many at once; or find them in the search and put them in by their list menu.'
          : 'Its owner has not put a contractor here.'}
      </EmptyState>
    </div>
  )
}

const noFilters = { q: '', tag: [], priority: [], state: [], minRating: '' }

/** The order that the address asks for, else that in which the list opens. */
function sortingOf({ settings }: List, { sort, direction }: ItemFilters) {
  if (sort) return { sort, direction: direction || 'asc' }
  return { sort: settings.sort?.by ?? 'added', direction: settings.sort?.direction ?? 'desc' }
}

function Toolbar({ list, filters, change, isStale }: ItemsProps & { isStale: boolean }) {
  const summary = useQuery(summaryQuery(list.id))
  const [text, setText] = useState(filters.q)
  const settle = useDebouncedCallback((q: string) => change({ q: q.trim() }, filters.q !== ''), 250)
  const { sort, direction } = sortingOf(list, filters)
  const orders = sortNames(list.settings.fields)
  const order = `${sort} ${direction}`
  return (
    <Group className={classes.toolbar} gap="xs" align="flex-end">
      <TextInput
        className={classes.toolbarSearch}
        size="xs"
        aria-label="Filter the list"
        placeholder="Words in names, notes or tags"
        leftSection={isStale ? <Loader size={13} /> : <Icon name="filter" size={15} />}
        value={text}
        maxLength={200}
        onChange={event => {
          setText(event.currentTarget.value)
          settle(event.currentTarget.value)
        }}
      />
      {(summary.data?.tags.length ?? 0) > 0 && (
        <MultiSelect
          size="xs"
          aria-label="Tags"
          placeholder={filters.tag.length === 0 ? 'Tags' : undefined}
          className={classes.toolbarChoice}
          data={[...new Set([...(summary.data?.tags.map(tag => tag.value) ?? []), ...filters.tag])]}
          value={[...filters.tag]}
          onChange={tag => change({ tag })}
          searchable
        />
      )}
      <NativeSelect
        size="xs"
        aria-label="Only of priority"
        value={filters.priority[0] ?? ''}
        onChange={event => change({ priority: event.currentTarget.value ? [event.currentTarget.value] : [] })}
        data={[
          { value: '', label: 'Any priority' },
          ...priorities.map(value => ({ value, label: priorityNames[value] })),
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label="Only rated"
        value={filters.minRating}
        onChange={event => change({ minRating: event.currentTarget.value })}
        data={[
          { value: '', label: 'Any rating' },
          ...[5, 4, 3, 2, 1].map(stars => ({
            value: String(stars),
            label: stars === 5 ? '5 stars' : `${stars} or more`,
          })),
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label="Order"
        value={order}
        onChange={event => {
          const [sort = '', direction = ''] = event.currentTarget.value.split(' ')
          change({ sort, direction })
        }}
        data={[
          ...orders,
          ...(orders.some(({ value }) => value === order) ? [] : [{ value: order, label: 'Another order' }]),
        ]}
      />
      {filterCount(filters) > 0 && (
        <Anchor
          component="button"
          type="button"
          size="sm"
          onClick={() => {
            setText('')
            change(noFilters)
          }}
        >
          Clear the filters
        </Anchor>
      )}
    </Group>
  )
}

/** Takes items out at once and offers, for a while, to put them back with all that was noted. */
function useRemoval(list: List) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ ids }: { ids: readonly string[]; name?: string }) => removeItems(list.id, ids),
    onSuccess: (removal, { name }) => {
      const who = name ?? `${formatCount(removal.itemCount)} contractors`
      offerUndo(`${who} ${name || removal.itemCount === 1 ? 'was' : 'were'} removed.`, async () => {
        await undoRemoval(list.id, removal.id)
        await refreshLists(client)
      })
    },
    onError: error => notifications.show({ color: 'red', title: 'Not removed', message: error.message }),
    onSettled: () => refreshLists(client),
  })
}

/** Shows the new order at once; if it was not taken, the old one again. */
function useMove(list: List, asked: ItemFilters) {
  const client = useQueryClient()
  const { queryKey } = itemsQuery(list.id, asked)
  return useMutation({
    scope: { id: `order of ${list.id}` },
    mutationFn: ({ id, after }: { id: string; after: string | null }) => moveItem(list.id, id, after),
    onMutate: async ({ id, after }) => {
      await client.cancelQueries({ queryKey })
      const before = client.getQueryData<InfiniteData<Page<ListItem>>>(queryKey)
      const all = before?.pages.flatMap(page => page.items) ?? []
      const moved = all.find(item => item.id === id)
      if (!before || !moved) return { before }
      const rest = all.filter(item => item !== moved)
      const next = rest.toSpliced(after === null ? 0 : rest.findIndex(item => item.id === after) + 1, 0, moved)
      let from = 0
      const pages = before.pages.map(page => {
        const items = next.slice(from, from + page.items.length)
        from += page.items.length
        return { ...page, items }
      })
      client.setQueryData(queryKey, { ...before, pages } as never)
      return { before }
    },
    onError: (error, _, context) => {
      if (context?.before) client.setQueryData(queryKey, context.before as never)
      notifications.show({ color: 'red', title: 'Not moved', message: error.message })
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['lists', list.id, 'items'] }),
  })
}
