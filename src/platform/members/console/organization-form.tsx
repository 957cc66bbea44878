import { Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FormFoot, Problem, Refusal, request } from '#platform/console'
import { type Organization, refreshOrganizations } from './organization-queries.ts'

type FormProps = {
  /** The one to be changed; without it a new one is made. */
  organization?: Organization
  /** Below which a new one is made. */
  parent: Organization | undefined
  close: () => void
  onSaved: (id: string) => void
}

export function OrganizationForm({ organization, parent, close, onSaved }: FormProps) {
  const client = useQueryClient()
  const form = useForm({
    initialValues: { name: organization?.name ?? '', description: organization?.description ?? '' },
    validate: { name: value => (value.trim() === '' ? 'Give it a name.' : null) },
  })
  const save = useMutation({
    mutationFn: ({ name, description }: { name: string; description: string }) => {
      const fields = { name, description: description.trim() || null }
      return organization
        ? request<Organization>(`/organizations/${organization.id}`, { method: 'PATCH', body: fields })
        : request<Organization>('/organizations', { method: 'POST', body: { ...fields, parentId: parent?.id ?? null } })
    },
    onSuccess: async ({ id, name }) => {
      notifications.show({ message: `${name} is saved.` })
      await refreshOrganizations(client)
      onSaved(id)
      close()
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  const title = organization
    ? `Change ${organization.name}`
    : parent
      ? `New organization below ${parent.name}`
      : 'New organization'
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(answers => save.mutate(answers))} noValidate>
        <Stack>
          <TextInput label="Name" maxLength={255} required data-autofocus {...form.getInputProps('name')} />
          <Textarea
            label="Description"
            maxLength={2000}
            autosize
            minRows={2}
            maxRows={8}
            {...form.getInputProps('description')}
          />
          <Refusal error={save.error} />
          <FormFoot close={close} isPending={save.isPending}>
            Save
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
