import { Button, Group, Modal, NativeSelect, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Refusal, request, useSession } from '#platform/console'
import { type Organization, refreshOrganizations, withBelow } from './organization-queries.ts'

type MoveProps = { organization: Organization; organizations: readonly Organization[]; close: () => void }

/** Where else in the tree an organization may stand: not below itself, and only where one may manage. */
export function OrganizationMove({ organization, organizations, close }: MoveProps) {
  const { can } = useSession()
  const client = useQueryClient()
  const [parentId, setParentId] = useState(organization.parentId ?? '')
  const moved = withBelow(organizations, organization.id)
  const moving = useMutation({
    mutationFn: () =>
      request(`/organizations/${organization.id}`, { method: 'PATCH', body: { parentId: parentId || null } }),
    onSuccess: async () => {
      notifications.show({ message: `${organization.name} is moved.` })
      await refreshOrganizations(client)
      close()
    },
  })
  return (
    <Modal opened onClose={close} title={`Move ${organization.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack>
        <NativeSelect
          label="Below"
          description={
            moved.size > 1
              ? `What stands below it (${formatCount(moved.size - 1)}) moves along.`
              : 'Its members stay as they are.'
          }
          value={parentId}
          onChange={event => setParentId(event.currentTarget.value)}
          data={[
            ...(can('members.organizations.write') ? [{ value: '', label: 'Nothing: at the top' }] : []),
            ...organizations
              .filter(each => each.mayManage && !moved.has(each.id))
              .map(({ id, name, level }) => ({ value: id, label: `${'\u2003'.repeat(level - 1)}${name}` })),
          ]}
        />
        <Refusal error={moving.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            loading={moving.isPending}
            disabled={parentId === (organization.parentId ?? '')}
            onClick={() => moving.mutate()}
          >
            Move
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type DeletionProps = { organization: Organization; close: () => void; onDeleted: () => void }

export function OrganizationDeletion({ organization, close, onDeleted }: DeletionProps) {
  const client = useQueryClient()
  const { id, name, organizationsBelow: below } = organization
  const deleting = useMutation({
    mutationFn: () => request(`/organizations/${id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `${name} is deleted.` })
      onDeleted()
      await refreshOrganizations(client)
    },
  })
  return (
    <Modal opened onClose={close} title={`Delete ${name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        {below === 0
          ? 'It goes for good.'
          : `It goes for good, with ${below === 1 ? 'the one' : `all ${formatCount(below)}`} below it.`}{' '}
        Its people stay members of the workspace, with the roles that they have.
      </Text>
      <Refusal error={deleting.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={deleting.isPending} onClick={() => deleting.mutate()}>
          Delete
        </Button>
      </Group>
    </Modal>
  )
}
