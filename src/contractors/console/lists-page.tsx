import { ActionIcon, Badge, Button, Group, Menu, SegmentedControl, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { CSSProperties, ReactNode } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAmount,
  formatCompactAmount,
  formatCount,
  formatInstantDay,
  formatTime,
  Icon,
  oneOf,
  PageHeader,
  PageLink,
  type Search,
  useAddress,
  useSession,
} from '#platform/console'
import { ListActions } from './list-actions.tsx'
import { ListForm } from './list-form.tsx'
import { ListIcon } from './list-icon.tsx'
import classes from './lists.module.css'
import {
  addItem,
  archivedListsQuery,
  inOrder,
  type List,
  listsQuery,
  moveList,
  refreshLists,
  useLists,
} from './lists.ts'
import { Sortable, useSortableRow } from './sortable.tsx'

/** `create` opens the form for a new list; a contractor's id there is put into it. `show` is which of the lists. */
const readSearch = (search: Search) => ({ create: oneOf(search.create), show: oneOf(search.show) })

const views = [
  { value: 'all', label: 'All' },
  { value: 'mine', label: 'Mine' },
  { value: 'shared', label: 'Shared with me' },
  { value: 'public', label: 'Public' },
  { value: 'archived', label: 'Archived' },
] as const
type View = (typeof views)[number]['value']

export function Page() {
  const { can } = useSession()
  const mayWrite = can('contractors.lists.write')
  const [{ create, show }, change] = useAddress(readSearch)
  const view: View = views.find(each => each.value === show)?.value ?? 'all'
  const navigate = useNavigate()
  return (
    <>
      <PageHeader
        title="Lists"
        lead="Contractors kept together, with what you noted about them."
        actions={
          mayWrite && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => change({ create: 'new' })}>
              New list
            </Button>
          )
        }
      />
      <div className={classes.views}>
        <SegmentedControl
          aria-label="Which lists"
          size="xs"
          value={view}
          onChange={value => change({ show: value === 'all' ? '' : value })}
          data={[...views]}
        />
      </div>
      {view === 'archived' ? <Archived mayWrite={mayWrite} /> : <InUse view={view} mayWrite={mayWrite} />}
      {create && mayWrite && (
        <ListForm
          close={() => change({ create: '' }, true)}
          done={async list => {
            if (create !== 'new') await addItem(list.id, { contractorId: create })
            void navigate({ to: '/lists/$id', params: { id: list.id }, replace: true })
          }}
        />
      )}
    </>
  )
}

function InUse({ view, mayWrite }: { view: View; mayWrite: boolean }) {
  const { data, isPending, error, refetch } = useLists()
  if (isPending) return <Loading />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const lists = inOrder(data)
  const mine = lists.filter(list => list.access === 'own')
  const shared = lists.filter(list => list.access === 'shared')
  const open = lists.filter(list => list.access === 'public')
  const shows = (kind: View) => view === 'all' || view === kind
  return (
    <>
      {shows('mine') && (
        <Lists title="Mine">
          <Mine lists={mine} mayWrite={mayWrite} />
          {mine.length < 2 && mayWrite && (
            <Text size="sm" c="dimmed" p="md">
              Make a list for each question you are working on: a recompete, possible partners, a market.
            </Text>
          )}
        </Lists>
      )}
      {shows('shared') && (shared.length > 0 || view === 'shared') && (
        <Lists title="Shared with me">
          {shared.map(list => (
            <Row key={list.id} list={list} mayWrite={mayWrite} />
          ))}
          {shared.length === 0 && (
            <EmptyState icon="people" title="Nobody has shared a list with you">
              A colleague who shares one of his lists with you chooses whether you read it, comment on it, or work on
              it.
            </EmptyState>
          )}
        </Lists>
      )}
      {shows('public') && (open.length > 0 || view === 'public') && (
        <Lists title="Public lists of colleagues">
          {open.map(list => (
            <Row key={list.id} list={list} mayWrite={mayWrite} />
          ))}
          {open.length === 0 && (
            <EmptyState icon="globe" title="No colleague has a public list">
              Whoever opens a list of his to everybody in the workspace has it here.
            </EmptyState>
          )}
        </Lists>
      )}
    </>
  )
}

function Archived({ mayWrite }: { mayWrite: boolean }) {
  const { data, isPending, error, refetch } = useQuery(archivedListsQuery)
  if (isPending) return <Loading />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <Lists title="Archived">
      {data.map(list => (
        <Row key={list.id} list={list} mayWrite={mayWrite} />
      ))}
      {data.length === 0 && (
        <EmptyState icon="archive" title="No list is archived">
          A list that is done with can be archived: it is kept as it is, and out of the way.
        </EmptyState>
      )}
    </Lists>
  )
}

/** One's own in the order by hand; the favourites stay first. */
function Mine({ lists, mayWrite }: { lists: readonly List[]; mayWrite: boolean }) {
  const client = useQueryClient()
  const sortable = lists.filter(list => !list.isDefault)
  const move = async (id: string, after: string | null) => {
    const { queryKey } = listsQuery
    const before = client.getQueryData(queryKey)
    const moved = sortable.find(list => list.id === id)
    if (!before || !moved) return
    const rest = sortable.filter(list => list !== moved)
    const next = rest.toSpliced(after === null ? 0 : rest.findIndex(list => list.id === after) + 1, 0, moved)
    // Shown at once; what the server makes of it comes with the next answer.
    const places = new Map(next.map((list, i) => [list.id, i]))
    client.setQueryData(
      queryKey,
      before.map(list => ({ ...list, sortOrder: places.get(list.id) ?? list.sortOrder })),
    )
    try {
      await moveList(id, after)
    } catch (error) {
      client.setQueryData(queryKey, before)
      notifications.show({ color: 'red', title: 'Not moved', message: (error as Error).message })
    }
    await refreshLists(client)
  }
  return (
    <Sortable rows={sortable} move={(id, after) => void move(id, after)}>
      {lists.map(list =>
        list.isDefault || !mayWrite || sortable.length < 2 ? (
          <Row key={list.id} list={list} mayWrite={mayWrite} handle={<span />} />
        ) : (
          <SortableRow key={list.id} list={list} mayWrite={mayWrite} />
        ),
      )}
    </Sortable>
  )
}

function SortableRow(props: { list: List; mayWrite: boolean }) {
  const row = useSortableRow(props.list)
  return <Row {...props} {...row} />
}

function Lists({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} style={{ marginBottom: 28 }}>
      <Text component="h2" fw={600} size="lg" mb="xs">
        {title}
      </Text>
      <div className="panel">{children}</div>
    </section>
  )
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the lists">
      <Skeleton height={60} mb={8} />
      <Skeleton height={60} mb={8} />
      <Skeleton height={60} />
    </div>
  )
}

type RowProps = {
  list: List
  mayWrite: boolean
  handle?: ReactNode
  style?: CSSProperties
  ref?: (node: HTMLElement | null) => void
}

function Row({ list, mayWrite, handle, style, ref }: RowProps) {
  const count = `${formatCount(list.itemCount)} ${list.itemCount === 1 ? 'contractor' : 'contractors'}`
  return (
    <div className={classes.list} style={style} ref={ref}>
      <div className={classes.grip}>{handle}</div>
      <ListIcon list={list} size={20} />
      <div style={{ minWidth: 0 }}>
        <Group gap="2px 8px">
          <PageLink to="/lists/$id" params={{ id: list.id }} className={classes.name}>
            {list.name}
          </PageLink>
          {list.isDefault && list.isMine && (
            <Badge variant="light" color="gray" size="sm" tt="none">
              default
            </Badge>
          )}
          {list.isPublic && (
            <Badge variant="light" color="gray" size="sm" tt="none" leftSection={<Icon name="globe" size={11} />}>
              public
            </Badge>
          )}
          {list.access === 'shared' && (
            <Badge variant="light" color="gray" size="sm" tt="none" leftSection={<Icon name="people" size={11} />}>
              {list.mayEdit ? 'you may edit' : 'to read'}
            </Badge>
          )}
        </Group>
        {list.description && (
          <Text size="sm" c="dimmed" truncate>
            {list.description}
          </Text>
        )}
        <Text size="xs" c="dimmed" className={classes.countInline}>
          {count}
        </Text>
      </div>
      <div className={classes.count}>{count}</div>
      <div className={classes.value}>
        <Text span size="sm" fw={550} title={formatAmount(list.totalValue)} className={classes.above}>
          {formatCompactAmount(list.totalValue)}
        </Text>
      </div>
      <div className={classes.last}>
        <Text size="xs" c="dimmed">
          {list.lastItemAddedAt ? (
            <time dateTime={list.lastItemAddedAt} title={formatTime(list.lastItemAddedAt)}>
              added {formatInstantDay(list.lastItemAddedAt)}
            </time>
          ) : (
            'empty'
          )}
        </Text>
      </div>
      <div className={classes.above}>
        {mayWrite && (
          <Menu position="bottom-end" width={220}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Change ${list.name}`}>
                <Icon name="more" />
              </ActionIcon>
            </Menu.Target>
            <ListActions list={list} />
          </Menu>
        )}
      </div>
    </div>
  )
}
