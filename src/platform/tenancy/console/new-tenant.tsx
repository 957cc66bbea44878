import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Problem, Refusal, request, templatesQuery } from '#platform/console'
import { refreshTenants, type TenantDetails } from './tenants.ts'

/** A workspace made for somebody who has an account. */
export function NewTenant({ close }: { close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const templates = useQuery(templatesQuery).data?.items ?? []
  const form = useForm({
    initialValues: { name: '', ownerEmail: '', template: 'standard' },
    validate: {
      name: value => (value.trim() ? null : 'Name the workspace.'),
      ownerEmail: value => (value.includes('@') ? null : 'Enter the address of an account.'),
    },
  })
  const create = useMutation({
    mutationFn: (body: typeof form.values) => request<TenantDetails>('/installation/tenants', { method: 'POST', body }),
    onSuccess: async ({ id, name }) => {
      notifications.show({ message: `${name} is made; its owner gets a mail.` })
      await refreshTenants(client)
      close()
      await navigate({ to: `/tenants/${id}` })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      form.setErrors(error.code === 'accounts.account_unknown' ? { ownerEmail: error.message } : error.fields)
    },
  })
  const isTold = create.error instanceof Problem && create.error.code === 'accounts.account_unknown'
  return (
    <Modal opened onClose={close} title="New workspace" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => create.mutate(values))} noValidate>
        <Stack gap="sm">
          <TextInput label="Name" maxLength={255} data-autofocus {...form.getInputProps('name')} />
          <TextInput
            label="Owner"
            description="The e-mail address of an account; its owner gets a mail."
            type="email"
            maxLength={255}
            {...form.getInputProps('ownerEmail')}
          />
          {templates.length > 1 && (
            <NativeSelect
              label="Start with"
              description={templates.find(({ name }) => name === form.values.template)?.description}
              data={templates.map(({ name, label }) => ({ value: name, label }))}
              {...form.getInputProps('template')}
            />
          )}
          {!isTold && <Refusal error={create.error} />}
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Create the workspace
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
