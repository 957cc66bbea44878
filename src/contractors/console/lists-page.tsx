import { ActionIcon, Badge, Button, Group, Menu, Skeleton, Text, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import {
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
import { ListDeletion } from './list-deletion.tsx'
import { ListForm } from './list-form.tsx'
import { ListIcon } from './list-icon.tsx'
import classes from './lists.module.css'
import { addItem, inOrder, type List, useLists } from './lists.ts'

/** `create` opens the form for a new list; a contractor's id there is put into it. */
const readSearch = (search: Search) => ({ create: oneOf(search.create) })

export function Page() {
  const { can } = useSession()
  const mayWrite = can('contractors.lists.write')
  const [{ create }, change] = useAddress(readSearch)
  const navigate = useNavigate()
  const { data, isPending, error, refetch } = useLists()
  const lists = inOrder(data ?? [])
  const mine = lists.filter(list => list.isMine)
  const others = lists.filter(list => !list.isMine)

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
      {isPending ? (
        <div role="status" aria-label="Loading the lists">
          <Skeleton height={60} mb={8} />
          <Skeleton height={60} mb={8} />
          <Skeleton height={60} />
        </div>
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <>
          <Lists title="Mine" lists={mine} mayWrite={mayWrite}>
            {mine.length < 2 && mayWrite && (
              <Text size="sm" c="dimmed" p="md">
                Make a list for each question you are working on: a recompete, possible partners, a market.
              </Text>
            )}
          </Lists>
          {others.length > 0 && <Lists title="Public lists of colleagues" lists={others} mayWrite={false} />}
        </>
      )}
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

function Lists({ title, lists, mayWrite, children }: ListsProps) {
  return (
    <section aria-label={title} style={{ marginBottom: 28 }}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      <div className="panel">
        {lists.map(list => (
          <Row key={list.id} list={list} mayWrite={mayWrite} />
        ))}
        {children}
      </div>
    </section>
  )
}

type ListsProps = { title: string; lists: readonly List[]; mayWrite: boolean; children?: React.ReactNode }

function Row({ list, mayWrite }: { list: List; mayWrite: boolean }) {
  const [dialog, setDialog] = useState<'edit' | 'delete'>()
  const count = `${formatCount(list.itemCount)} ${list.itemCount === 1 ? 'contractor' : 'contractors'}`
  return (
    <div className={classes.list}>
      <ListIcon list={list} size={20} />
      <div style={{ minWidth: 0 }}>
        <Group gap="2px 8px">
          <PageLink to="/lists/$id" params={{ id: list.id }} className={classes.name}>
            {list.name}
          </PageLink>
          {list.isPublic && (
            <Badge variant="light" color="gray" size="sm" leftSection={<Icon name="globe" size={11} />}>
              public
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
          <Menu position="bottom-end" width={180}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Change ${list.name}`}>
                <Icon name="more" />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('edit')}>
                Edit
              </Menu.Item>
              {!list.isDefault && (
                <Menu.Item
                  color="red"
                  leftSection={<Icon name="trash" size={16} />}
                  onClick={() => setDialog('delete')}
                >
                  Delete
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {dialog === 'edit' && <ListForm list={list} close={() => setDialog(undefined)} />}
      {dialog === 'delete' && <ListDeletion list={list} close={() => setDialog(undefined)} />}
    </div>
  )
}
