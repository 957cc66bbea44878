import { ActionIcon, Alert, Anchor, Badge, Button, Group, Menu, Skeleton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useIsMutating, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  ErrorState,
  formatAmount,
  formatCount,
  Icon,
  NotFound,
  PageHeader,
  PageLink,
  useAddress,
  usePageTitle,
  useSession,
} from '#platform/console'
import { isId } from './contractors.ts'
import { ExportButton } from './export-button.tsx'
import { ListActions } from './list-actions.tsx'
import { AddBox, AddMany } from './list-adding.tsx'
import { deletionKey } from './list-deletion.tsx'
import { ListForm } from './list-form.tsx'
import { ListIcon } from './list-icon.tsx'
import { Items } from './list-items.tsx'
import { SummaryLine } from './list-summary.tsx'
import classes from './lists.module.css'
import { changeList, type List, listQuery, readItemFilters, refreshLists } from './lists.ts'
import { Presence } from './live-presence.tsx'
import { useListUpdates } from './live-updates.ts'
import { SearchAdditions } from './search-additions.tsx'
import { ListParts } from './share-parts.tsx'

export function Page() {
  const { id = '' } = useParams({ strict: false })
  return isId(id) ? <KnownPage id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const { data: list, isPending, error, refetch } = useQuery(listQuery(id))
  const [filters, change] = useAddress(readItemFilters)
  const isLeaving = useIsMutating({ mutationKey: deletionKey(id) }) > 0
  const updates = useListUpdates(id, list !== undefined && !isLeaving)
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
  return (
    <>
      <Anchor
        component={PageLink}
        to="/lists"
        className="off-paper"
        size="sm"
        c="dimmed"
        display="inline-block"
        mb="xs"
      >
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          All lists
        </Group>
      </Anchor>
      <Header list={list} />
      {list.archivedAt !== null && <ArchivedNotice list={list} />}
      <Presence {...updates} />
      <SearchAdditions list={list} />
      <ListParts listId={id}>
        {list.itemCount > 0 && <SummaryLine list={list} filters={filters} change={change} />}
        <Items list={list} filters={filters} change={change} />
      </ListParts>
    </>
  )
}

function Header({ list }: { list: List }) {
  const { can } = useSession()
  const navigate = useNavigate()
  const [isEdited, setEdited] = useState(false)
  const [pasted, setPasted] = useState<string>()
  const mayWrite = can('contractors.lists.write')
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
                <Badge variant="light" color="gray" size="sm" tt="none" leftSection={<Icon name="globe" size={11} />}>
                  {list.isMine ? 'public' : 'public list of a colleague'}
                </Badge>
              )}
              {list.access === 'shared' && (
                <Badge variant="light" color="gray" size="sm" tt="none" leftSection={<Icon name="people" size={11} />}>
                  {list.mayEdit ? 'shared with you, you may edit' : 'shared with you, to read'}
                </Badge>
              )}
            </Group>
          </>
        }
        actions={
          <>
            {list.itemCount > 0 && <ExportButton selection={{ listId: list.id }} />}
            {mayWrite && (
              <>
                {list.isMine && list.archivedAt === null && (
                  <Button
                    variant="default"
                    leftSection={<Icon name="pencil" size={16} />}
                    onClick={() => setEdited(true)}
                  >
                    Edit
                  </Button>
                )}
                <Menu position="bottom-end" width={230}>
                  <Menu.Target>
                    <ActionIcon variant="default" size={36} aria-label={`More to do with ${list.name}`}>
                      <Icon name="more" />
                    </ActionIcon>
                  </Menu.Target>
                  <ListActions list={list} leave={() => navigate({ to: '/lists' })} />
                </Menu>
              </>
            )}
          </>
        }
      />
      {mayWrite && list.mayEdit && (
        <Group gap="xs" mb="md" wrap="nowrap">
          <AddBox list={list} addPasted={setPasted} />
          <Button
            className={classes.addMany}
            variant="default"
            leftSection={<Icon name="upload" size={16} />}
            onClick={() => setPasted('')}
          >
            Add many
          </Button>
        </Group>
      )}
      {isEdited && <ListForm list={list} close={() => setEdited(false)} />}
      {pasted !== undefined && <AddMany list={list} pasted={pasted} close={() => setPasted(undefined)} />}
    </>
  )
}

function ArchivedNotice({ list }: { list: List }) {
  const client = useQueryClient()
  const { can } = useSession()
  const unarchive = useMutation({
    mutationFn: () => changeList(list.id, { isArchived: false }),
    onSuccess: () => refreshLists(client),
    onError: error => notifications.show({ color: 'red', title: 'Not changed', message: error.message }),
  })
  return (
    <Alert variant="light" color="gray" icon={<Icon name="archive" />} title="This list is archived" mb="md">
      It is kept as it is, and nobody changes it.
      {list.isMine && can('contractors.lists.write') && (
        <Button
          size="xs"
          variant="default"
          mt="xs"
          display="block"
          loading={unarchive.isPending}
          onClick={() => unarchive.mutate()}
        >
          Take out of the archive
        </Button>
      )}
    </Alert>
  )
}
