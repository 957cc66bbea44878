import { Alert, Modal, NativeSelect, Radio, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { FormFoot, Icon, Refusal, request } from '#platform/console'
import { formatWords, type GroupSettings, type GroupState, groupKey } from './own-groups.ts'

/** What the products do, for whoever sets the claim up there. */
const advice: Readonly<Record<string, string>> = {
  okta: 'Okta sends a groups claim once one is set up for the application. It ends at 100 groups without a word: use a filter there that leaves fewer.',
  azure:
    'Entra sends object ids, and beyond 200 groups none: let it send only the groups assigned to the application, or use app roles (claim “roles”, as names).',
  auth0: 'An Action of yours writes the claim. Its name must be an address, such as https://acme.example/groups.',
  google: 'Google sends no groups when somebody signs in, and none by SCIM: roles are given here by hand.',
  custom_oidc: 'The name of the claim is taken to the letter: dots and slashes are part of it.',
}

/** Where the groups of a provider's people are read. */
export function SettingsForm({ state, close }: { state: GroupState; close: () => void }) {
  const client = useQueryClient()
  const { provider, source, claim, format } = state
  const form = useForm<GroupSettings>({
    initialValues: { source, claim, format },
    validate: { claim: (value, { source }) => (source === 'scim' || value ? null : 'Name the claim.') },
  })
  const saving = useMutation({
    mutationFn: (body: GroupSettings) =>
      request(`/federation/providers/${provider.id}/group-settings`, { method: 'PUT', body }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: groupKey(provider.id) })
      close()
      notifications.show({ message: 'Saved. It counts from the next sign-in on.' })
    },
  })
  return (
    <Modal opened onClose={close} title="Where groups are read" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => saving.mutate(values))} noValidate>
        <Stack gap="md">
          <Alert variant="light" color="gray" icon={<Icon name="info" />}>
            {advice[provider.type]}
          </Alert>
          <Radio.Group label="Read them" {...form.getInputProps('source')}>
            <Stack gap="xs" mt="xs">
              <Radio value="claim" label="When somebody signs in" />
              <Radio value="scim" label="As the provider sends them by SCIM" />
            </Stack>
          </Radio.Group>
          {form.values.source === 'claim' && (
            <TextInput
              label="Claim"
              description="To the letter."
              maxLength={255}
              autoComplete="off"
              {...form.getInputProps('claim')}
            />
          )}
          <NativeSelect
            label="Form of the groups"
            data={Object.entries(formatWords).map(([value, label]) => ({ value, label }))}
            {...form.getInputProps('format')}
          />
          <Refusal error={saving.error} />
          <FormFoot close={close} isPending={saving.isPending}>
            Save
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
