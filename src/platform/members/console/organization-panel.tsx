import { ActionIcon, Button, Group, Menu, NativeSelect, Select, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, LoadMore, request, useSession } from '#platform/console'
import { type Member, nameOf } from './members.ts'
import { OrganizationForm } from './organization-form.tsx'
import { OrganizationDeletion, OrganizationMove } from './organization-moves.tsx'
import {
  type Organization,
  type OrganizationMember,
  placesQuery,
  refreshOrganizations,
} from './organization-queries.ts'
import { peopleInWords } from './organization-tree.tsx'
import classes from './organizations.module.css'
import { PersonLine } from './person.tsx'

type PanelProps = {
  organization: Organization
  organizations: readonly Organization[]
  choose: (id: string) => void
}

/** One organization: what it is, who belongs to it, and what may be done with it. */
export function OrganizationPanel({ organization, organizations, choose }: PanelProps) {
  const { can } = useSession()
  const [dialog, setDialog] = useState<'add' | 'change' | 'move' | 'delete'>()
  const close = () => setDialog(undefined)
  const { id, name, description, mayManage, memberCount, memberCountWithBelow, parentId } = organization
  const managesAbove =
    can('members.organizations.write') || organizations.some(each => each.id === parentId && each.mayManage)
  return (
    <Stack gap="md" p="md">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Title>
          <Text size="sm" c="dimmed">
            {peopleInWords(memberCount)} here
            {memberCountWithBelow !== memberCount && `, ${peopleInWords(memberCountWithBelow)} with all below`}
          </Text>
        </div>
        {mayManage && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" size="xs" rightSection={<Icon name="chevronDown" size={15} />}>
                Actions
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setDialog('add')}>New organization below</Menu.Item>
              <Menu.Item onClick={() => setDialog('change')}>Change</Menu.Item>
              {managesAbove && <Menu.Item onClick={() => setDialog('move')}>Move</Menu.Item>}
              {managesAbove && (
                <Menu.Item color="red" onClick={() => setDialog('delete')}>
                  Delete
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {description && (
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {description}
        </Text>
      )}
      {mayManage && can('members.members.read') && <Adding organizationId={id} />}
      <Places organization={organization} />
      {dialog === 'add' && <OrganizationForm parent={organization} close={close} onSaved={choose} />}
      {dialog === 'change' && (
        <OrganizationForm organization={organization} parent={undefined} close={close} onSaved={choose} />
      )}
      {dialog === 'move' && (
        <OrganizationMove organization={organization} organizations={organizations} close={close} />
      )}
      {dialog === 'delete' && (
        <OrganizationDeletion organization={organization} close={close} onDeleted={() => choose(parentId ?? '')} />
      )}
    </Stack>
  )
}

function Places({ organization }: { organization: Organization }) {
  const query = useInfiniteQuery(placesQuery(organization.id))
  const places = query.data?.pages.flatMap(page => page.items) ?? []
  if (query.isPending) return <Skeleton height={120} aria-label="Loading the people" />
  if (query.error) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (places.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nobody belongs to it directly.
      </Text>
    )
  }
  return (
    <>
      <ul className={classes.places} aria-label={`People of ${organization.name}`}>
        {places.map(place => (
          <PlaceItem key={place.userId} organization={organization} place={place} />
        ))}
      </ul>
      <LoadMore query={query} label="Load more people" />
    </>
  )
}

function PlaceItem({ organization, place }: { organization: Organization; place: OrganizationMember }) {
  const client = useQueryClient()
  const session = useSession()
  const path = `/organizations/${organization.id}/members/${place.userId}`
  const changing = useMutation({
    mutationFn: (role: string | undefined) =>
      role === undefined ? request(path, { method: 'DELETE' }) : request(path, { method: 'PATCH', body: { role } }),
    onError: error => notifications.show({ color: 'red', title: 'Not saved', message: error.message }),
    onSettled: () => refreshOrganizations(client),
  })
  const isSelf = place.userId === session.user.id
  return (
    <li className={classes.place}>
      <PersonLine person={place} />
      <Group gap={6} wrap="nowrap">
        {organization.mayManage ? (
          <NativeSelect
            size="xs"
            w={96}
            aria-label={`What ${nameOf(place)} is here`}
            value={place.role}
            disabled={changing.isPending}
            onChange={event => changing.mutate(event.currentTarget.value)}
            data={[
              { value: 'member', label: 'Member' },
              { value: 'admin', label: 'Admin' },
            ]}
          />
        ) : (
          <Text size="sm" c="dimmed">
            {place.role === 'admin' ? 'Admin' : 'Member'}
          </Text>
        )}
        {(organization.mayManage || isSelf) && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={isSelf ? `Leave ${organization.name}` : `Take ${nameOf(place)} out of ${organization.name}`}
            disabled={changing.isPending}
            onClick={() => changing.mutate(undefined)}
          >
            <Icon name="close" size={16} />
          </ActionIcon>
        )}
      </Group>
    </li>
  )
}

/** Somebody of the workspace, found by how the name or the address begins. */
function Adding({ organizationId }: { organizationId: string }) {
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed, 250)
  const found = useQuery({
    queryKey: ['members', 'found', q],
    queryFn: ({ signal }) => request<{ items: readonly Member[] }>('/members', { query: { q, limit: 10 }, signal }),
    enabled: q.trim() !== '',
  })
  const adding = useMutation({
    mutationFn: (userId: string) =>
      request<OrganizationMember>(`/organizations/${organizationId}/members`, { method: 'POST', body: { userId } }),
    onSuccess: async place => {
      setTyped('')
      notifications.show({ message: `${nameOf(place)} belongs to it now.` })
      await refreshOrganizations(client)
    },
    onError: error => notifications.show({ color: 'red', title: 'Not added', message: error.message }),
  })
  const items = q.trim() === '' ? [] : (found.data?.items ?? [])
  return (
    <Select
      label="Add somebody"
      placeholder="Name or address"
      searchable
      value={null}
      searchValue={typed}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      data={items.map(member => ({
        value: member.userId,
        label: member.fullName === null ? member.email : `${member.fullName} (${member.email})`,
      }))}
      nothingFoundMessage={q.trim() !== '' && found.isFetched ? 'Nobody found' : undefined}
      disabled={adding.isPending}
      onChange={userId => userId !== null && adding.mutate(userId)}
    />
  )
}
