import { Alert, Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Problem, request, useSession } from '#platform/console'
import { type Role, refreshRoles, rolesQuery, titleOf } from './role-queries.ts'

/** Makes a role, empty or as another one is, and goes to it. */
export function NewRole({ from, close }: { from?: Role; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const { can } = useSession()
  const { data: roles = [] } = useQuery(rolesQuery)
  const [name, setName] = useState(from ? `Copy of ${from.name}`.slice(0, 50) : '')
  const [isTold, setIsTold] = useState(false)
  const [fromId, setFromId] = useState(from?.id ?? '')
  const source = roles.find(({ id }) => id === fromId)
  const lacking = source?.permissions.filter(permission => !can(permission)) ?? []
  const making = useMutation({
    mutationFn: () =>
      request<Role>('/roles', {
        method: 'POST',
        body: {
          name: name.trim(),
          permissions: source?.permissions.filter(can) ?? [],
          ...(source && { description: source.description, scopes: source.scopes }),
        },
      }),
    onSuccess: async ({ id }) => {
      await refreshRoles(client)
      close()
      await navigate({ to: `/roles/${id}` })
    },
  })
  const fields = making.error instanceof Problem ? making.error.fields : {}
  return (
    <Modal opened onClose={close} title="Make a role" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (name.trim() !== '') making.mutate()
          else setIsTold(true)
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            value={name}
            maxLength={50}
            required
            data-autofocus
            error={fields.name ?? (isTold && name.trim() === '' && 'Give the role a name.')}
            onChange={event => setName(event.currentTarget.value)}
          />
          <NativeSelect
            label="Start from"
            value={fromId}
            onChange={event => setFromId(event.currentTarget.value)}
            data={[
              { value: '', label: 'No permissions' },
              ...roles.map(role => ({ value: role.id, label: titleOf(role) })),
            ]}
          />
          {lacking.length > 0 && (
            <Alert variant="light" color="yellow">
              {lacking.length === 1 ? 'One permission is' : `${lacking.length} permissions are`} left out, because you
              do not hold {lacking.length === 1 ? 'it' : 'them'} yourself.
            </Alert>
          )}
          {making.error && !fields.name && (
            <Alert color="red" variant="light" role="alert">
              {making.error.message}
            </Alert>
          )}
        </Stack>
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={making.isPending}>
            Make the role
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
