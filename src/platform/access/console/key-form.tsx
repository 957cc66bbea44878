import { Modal, MultiSelect, NativeSelect, Radio, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormFoot, formatInstantDay, Problem, Refusal, request, SecretDialog, useSession } from '#platform/console'
import type { NewApiKey, ServiceAccount } from './own-keys.ts'

const lives = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
]
const day = 24 * 3600_000

/** Makes a key: of a service account, or without one of one's own; shows it once. */
export function KeyForm({ owner, close }: { owner?: ServiceAccount; close: () => void }) {
  const client = useQueryClient()
  const { permissions } = useSession()
  const [made, setMade] = useState<NewApiKey>()
  const form = useForm({
    initialValues: { name: '', reach: 'some' as 'some' | 'all', scopes: [] as string[], days: '90' },
    validate: {
      name: value => (value.trim() ? null : 'Give the key a name, such as what uses it.'),
      scopes: (value, { reach }) => (reach === 'all' || value.length > 0 ? null : 'Choose at least one scope.'),
    },
  })
  const making = useMutation({
    mutationFn: ({ name, reach, scopes, days }: typeof form.values) =>
      request<NewApiKey>(owner ? `/service-accounts/${owner.id}/keys` : '/me/api-keys', {
        method: 'POST',
        body: {
          name: name.trim(),
          scopes: reach === 'all' ? ['*'] : scopes,
          expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * day).toISOString(),
        },
      }),
    onSuccess: async key => {
      setMade(key)
      await client.invalidateQueries({ queryKey: ['api-keys'] })
      await client.invalidateQueries({ queryKey: ['service-accounts'] })
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  if (made) return <KeyShown made={made} close={close} />
  return (
    <Modal
      opened
      onClose={close}
      title={owner ? `New key of ${owner.name}` : 'New key of mine'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(values => making.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="What uses it: you will know the key by this."
            maxLength={100}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('name')}
          />
          <Radio.Group label="What it may do" {...form.getInputProps('reach')}>
            <Stack gap="xs" mt="xs">
              <Radio value="some" label="Only what is chosen here" />
              <Radio value="all" label={`All that ${owner ? 'the service account' : 'I'} may`} />
            </Stack>
          </Radio.Group>
          {form.values.reach === 'some' && (
            <MultiSelect
              label="Scopes"
              description={`A family such as contractors.* takes in what is added to it later. ${
                owner ? `What the roles of ${owner.name} do not permit, no scope permits.` : ''
              }`}
              data={scopesFor(permissions)}
              searchable
              clearable
              clearButtonProps={{ 'aria-label': 'Remove all scopes' }}
              nothingFoundMessage="No scope of this name"
              comboboxProps={{ withinPortal: true }}
              maxDropdownHeight={220}
              {...form.getInputProps('scopes')}
            />
          )}
          <NativeSelect
            label="Ends after"
            data={owner ? [...lives, { value: '', label: 'Never' }] : lives}
            {...form.getInputProps('days')}
          />
          <Refusal error={making.error} />
          <FormFoot close={close} isPending={making.isPending}>
            Make the key
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

/** The families of the permissions that I hold, and these themselves. */
function scopesFor(permissions: readonly string[]) {
  const modules = [...new Set(permissions.map(name => name.split('.')[0] ?? ''))].toSorted()
  return modules.map(module => ({
    group: module,
    items: [`${module}.*`, ...permissions.filter(name => name.startsWith(`${module}.`)).toSorted()],
  }))
}

/** A key as it is shown this once. */
export function KeyShown({ made, close }: { made: NewApiKey; close: () => void }) {
  return (
    <SecretDialog title={`The key “${made.name}”`} label="API key" secret={made.key} close={close}>
      Copy it now to where your program finds it: it is not shown again.
      {made.expiresAt && ` It ends on ${formatInstantDay(made.expiresAt)}.`}
    </SecretDialog>
  )
}
