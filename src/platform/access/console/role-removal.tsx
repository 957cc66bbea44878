import { Button, Group, Modal, NativeSelect, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Refusal, request } from '#platform/console'
import { holdersQuery, type Role, refreshRoles, roleQuery, rolesQuery, titleOf } from './role-queries.ts'

/** Asks before a role goes, and which one its members get instead. */
export function RoleRemoval({ role, close, done }: { role: Role; close: () => void; done: () => Promise<void> }) {
  const client = useQueryClient()
  const { data: roles = [] } = useQuery(rolesQuery)
  const [replacementId, setReplacementId] = useState('')
  const isHeld = role.memberCount > 0
  const removal = useMutation({
    mutationFn: () =>
      request(`/roles/${role.id}${isHeld ? `?replacementId=${replacementId}` : ''}`, { method: 'DELETE' }),
    onSuccess: async () => {
      // Away from its page first, which would ask once more for what is gone.
      await done()
      notifications.show({ message: `The role ${role.name} is removed.` })
      client.removeQueries(roleQuery(role.id))
      client.removeQueries({ queryKey: holdersQuery(role.id).queryKey })
      await refreshRoles(client)
    },
  })
  return (
    <Modal opened onClose={close} title={`Remove the role ${role.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        {isHeld
          ? role.memberCount === 1
            ? 'One member has it, and gets another one instead.'
            : `${formatCount(role.memberCount)} members have it, and get another one instead.`
          : 'Nobody has it.'}{' '}
        This cannot be undone.
      </Text>
      {isHeld && (
        <NativeSelect
          mt="md"
          label="They get"
          value={replacementId}
          onChange={event => setReplacementId(event.currentTarget.value)}
          data={[
            { value: '', label: 'Choose a role' },
            ...roles.filter(({ id }) => id !== role.id).map(each => ({ value: each.id, label: titleOf(each) })),
          ]}
        />
      )}
      <Refusal error={removal.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button
          color="red.9"
          loading={removal.isPending}
          disabled={isHeld && replacementId === ''}
          onClick={() => removal.mutate()}
        >
          Remove the role
        </Button>
      </Group>
    </Modal>
  )
}
