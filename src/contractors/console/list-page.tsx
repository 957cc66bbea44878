import { Anchor, Badge, Button, Group, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAmount,
  formatCount,
  Icon,
  LoadMore,
  NotFound,
  PageHeader,
  PageLink,
  usePageTitle,
  useSession,
} from '#platform/console'
import { isId } from './contractors.ts'
import { Item } from './item.tsx'
import { ListDeletion } from './list-deletion.tsx'
import { ListForm } from './list-form.tsx'
import { ListIcon } from './list-icon.tsx'
import classes from './lists.module.css'
import { addItem, itemsQuery, type List, type ListItem, listQuery, refreshLists, removeItem } from './lists.ts'

export function Page() {
  const { id = '' } = useParams({ strict: false })
  return isId(id) ? <KnownPage id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const { can } = useSession()
  const { data: list, isPending, error, refetch } = useQuery(listQuery(id))
  usePageTitle(list?.name)
  if (isPending) {
    return (
      <div role="status" aria-label="Loading the list">
        <Skeleton height={28} width="34%" mb={12} />
        <Skeleton height={14} width="22%" mb={28} />
        <Skeleton height={260} />
      </div>
    )
  }
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  const mayWrite = list.isMine && can('contractors.lists.write')
  return (
    <>
      <Anchor component={PageLink} to="/lists" size="sm" c="dimmed" display="inline-block" mb="xs">
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          All lists
        </Group>
      </Anchor>
      <Header list={list} mayWrite={mayWrite} />
      <Items list={list} mayWrite={mayWrite} />
    </>
  )
}

function Header({ list, mayWrite }: { list: List; mayWrite: boolean }) {
  const navigate = useNavigate()
  const [dialog, setDialog] = useState<'edit' | 'delete'>()
  return (
    <>
      <PageHeader
        title={
          <Group gap={10} wrap="nowrap" align="center">
            <ListIcon list={list} size={24} />
            <span style={{ overflowWrap: 'anywhere' }}>{list.name}</span>
          </Group>
        }
        lead={
          <>
            {list.description && <div>{list.description}</div>}
            <Group gap="4px 16px" mt={6} className="figures">
              <span>
                {formatCount(list.itemCount)} {list.itemCount === 1 ? 'contractor' : 'contractors'}
              </span>
              <span>{formatAmount(list.totalValue)} in contracts</span>
              {list.isPublic && (
                <Badge variant="light" color="gray" size="sm" leftSection={<Icon name="globe" size={11} />}>
                  {list.isMine ? 'public' : 'public list of a colleague'}
                </Badge>
              )}
            </Group>
          </>
        }
        actions={
          mayWrite && (
            <>
              <Button
                variant="default"
                leftSection={<Icon name="pencil" size={16} />}
                onClick={() => setDialog('edit')}
              >
                Edit
              </Button>
              {!list.isDefault && (
                <Button
                  variant="default"
                  leftSection={<Icon name="trash" size={16} />}
                  onClick={() => setDialog('delete')}
                >
                  Delete
                </Button>
              )}
            </>
          )
        }
      />
      {dialog === 'edit' && <ListForm list={list} close={() => setDialog(undefined)} />}
      {dialog === 'delete' && (
        <ListDeletion list={list} close={() => setDialog(undefined)} done={() => void navigate({ to: '/lists' })} />
      )}
    </>
  )
}

function Items({ list, mayWrite }: { list: List; mayWrite: boolean }) {
  const query = useInfiniteQuery(itemsQuery(list.id))
  const remove = useRemoval(list)
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  if (query.isPending) return <Skeleton height={260} />
  if (query.isError && items.length === 0) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  if (items.length === 0) {
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
          {mayWrite
            ? 'Find a contractor, then use its star or its list menu.'
            : 'Its owner has not put a contractor here.'}
        </EmptyState>
      </div>
    )
  }
  return (
    <>
      <ul className={`panel ${classes.items}`} aria-label={`Contractors in ${list.name}`}>
        {items.map(item => (
          <Item key={item.id} list={list} item={item} mayWrite={mayWrite} remove={() => remove(item)} />
        ))}
      </ul>
      <LoadMore query={query} label="Load more" />
    </>
  )
}

/** Takes an item out at once and offers, for a while, to put it back with its remarks. */
function useRemoval(list: List) {
  const client = useQueryClient()
  const restore = useMutation({
    mutationFn: ({ contractorId, notes, tags, rating, priority }: ListItem) =>
      addItem(list.id, {
        contractorId,
        tags,
        ...(notes && { notes }),
        ...(rating && { rating }),
        ...(priority && { priority }),
      }),
    onError: error => notifications.show({ color: 'red', title: 'Not put back', message: error.message }),
    onSettled: () => refreshLists(client),
  })
  const removal = useMutation({
    mutationFn: (item: ListItem) => removeItem(list.id, item.id),
    onSuccess: (_, item) => {
      const id = `removed-${item.id}`
      notifications.show({
        id,
        autoClose: 10_000,
        message: (
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm">{item.contractor.name} was removed.</Text>
            <Button
              size="compact-sm"
              variant="light"
              onClick={() => {
                notifications.hide(id)
                restore.mutate(item)
              }}
            >
              Undo
            </Button>
          </Group>
        ),
      })
    },
    onError: error => notifications.show({ color: 'red', title: 'Not removed', message: error.message }),
    onSettled: () => refreshLists(client),
  })
  return (item: ListItem) => removal.mutate(item)
}
