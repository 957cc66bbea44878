import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FormFoot, Problem, Refusal, RolesField, request } from '#platform/console'
import type { ServiceAccount } from './own-keys.ts'

/** Makes a service account, or changes one. */
export function ServiceAccountForm({ account, close }: { account?: ServiceAccount; close: () => void }) {
  const client = useQueryClient()
  const form = useForm({
    initialValues: {
      name: account?.name ?? '',
      description: account?.description ?? '',
      roleIds: account?.roles.map(({ id }) => id) ?? [],
    },
    validate: { name: value => (value.trim() ? null : 'Give it a name, such as that of the program.') },
  })
  const saving = useMutation({
    mutationFn: ({ name, description, roleIds }: typeof form.values) =>
      request<ServiceAccount>(account ? `/service-accounts/${account.id}` : '/service-accounts', {
        method: account ? 'PATCH' : 'POST',
        body: { name: name.trim(), description: description.trim() || null, roleIds },
      }),
    onSuccess: async saved => {
      await client.invalidateQueries({ queryKey: ['service-accounts'] })
      close()
      notifications.show({
        message: account ? `${saved.name} is changed.` : `${saved.name} is there. Make a key for it next.`,
      })
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  return (
    <Modal
      opened
      onClose={close}
      title={account ? `Change ${account.name}` : 'New service account'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(values => saving.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput label="Name" maxLength={100} autoComplete="off" data-autofocus {...form.getInputProps('name')} />
          <Textarea
            label="What it is for"
            maxLength={500}
            autosize
            minRows={2}
            {...form.getInputProps('description')}
          />
          <RolesField {...form.getInputProps('roleIds')} />
          <Refusal error={saving.error} />
          <FormFoot close={close} isPending={saving.isPending}>
            {account ? 'Save' : 'Make it'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

export function ServiceAccountDeletion({ account, close }: { account: ServiceAccount; close: () => void }) {
  const client = useQueryClient()
  const deletion = useMutation({
    mutationFn: () => request(`/service-accounts/${account.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `${account.name} is deleted.` })
      close()
      await client.invalidateQueries({ queryKey: ['service-accounts'] })
      await client.invalidateQueries({ queryKey: ['api-keys'] })
    },
  })
  return (
    <Modal opened onClose={close} title={`Delete ${account.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        Its keys end at once, and programs that use them are refused. What it has made stays, and the audit log keeps
        its name.
      </Text>
      <Refusal error={deletion.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={deletion.isPending} onClick={() => deletion.mutate()}>
          Delete it
        </Button>
      </Group>
    </Modal>
  )
}
