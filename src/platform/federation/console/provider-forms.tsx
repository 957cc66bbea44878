import {
  Button,
  Checkbox,
  Group,
  NativeSelect,
  PasswordInput,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { formatTime, PageLink, Refusal, request, useSession } from '#platform/console'
import { domainsQuery, type IdentityProvider } from './own-providers.ts'

function useChange(id: string, done: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: object) => request(`/federation/providers/${id}`, { method: 'PATCH', body }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['federation'] })
      notifications.show({ message: done })
    },
  })
}

/** As which application we are known there, and the secret; an empty one leaves what is kept. */
export function ClientForm({ provider }: { provider: IdentityProvider }) {
  const change = useChange(provider.id, 'The registration is saved.')
  const form = useForm({
    initialValues: { clientId: provider.clientId ?? '', clientSecret: '' },
    validate: {
      clientId: value => (value.trim() ? null : 'Enter the client id.'),
      clientSecret: value => (value || provider.hasSecret ? null : 'Enter the client secret.'),
    },
  })
  const save = ({ clientId, clientSecret }: typeof form.values) =>
    change.mutate(
      { clientId: clientId.trim(), ...(clientSecret && { clientSecret }) },
      { onSuccess: () => form.setFieldValue('clientSecret', '') },
    )
  return (
    <form onSubmit={form.onSubmit(save)} noValidate>
      <Stack gap="sm" maw={480}>
        <TextInput label="Client id" autoComplete="off" maxLength={500} {...form.getInputProps('clientId')} />
        <PasswordInput
          label={provider.hasSecret ? 'New client secret' : 'Client secret'}
          description={
            provider.secretChangedAt
              ? `Set ${formatTime(provider.secretChangedAt)}. Leave it empty to keep that one.`
              : 'It is kept encrypted and never shown.'
          }
          autoComplete="new-password"
          maxLength={2000}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the secret', tabIndex: 0 }}
          {...form.getInputProps('clientSecret')}
        />
        <Refusal error={change.error} />
        <Group>
          <Button type="submit" loading={change.isPending}>
            Save the registration
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Whose addresses lead there, and what those get who come for the first time. */
export function SettingsForm({ provider, mayWrite }: { provider: IdentityProvider; mayWrite: boolean }) {
  const { can } = useSession()
  const domains = useQuery({ ...domainsQuery, enabled: can('tenancy.settings.read') })
  const change = useChange(provider.id, 'The settings are saved.')
  const form = useForm({
    initialValues: {
      name: provider.name,
      domains: [...provider.domains],
      createsAccounts: provider.createsAccounts,
      defaultRole: provider.defaultRole,
      trustsSecondFactor: provider.trustsSecondFactor,
      secondFactorAcr: [...provider.secondFactorAcr],
      scopes: [...provider.scopes],
    },
    validate: { name: value => (value.trim() ? null : 'Enter a name.') },
  })
  const proven = (domains.data?.items ?? []).filter(({ provenAt }) => provenAt !== null).map(({ domain }) => domain)
  const choices = [...new Set([...proven, ...provider.domains])].sort()
  return (
    <form onSubmit={form.onSubmit(values => change.mutate(values))} noValidate>
      <Stack gap="md" maw={560}>
        <TextInput label="Name" maxLength={100} disabled={!mayWrite} {...form.getInputProps('name')} />
        <Checkbox.Group
          label="Domains"
          description="Who has an address of one of them is sent here by the sign-in page."
          {...form.getInputProps('domains')}
        >
          <Stack gap="xs" mt="xs">
            {choices.map(domain => (
              <Checkbox key={domain} value={domain} label={domain} disabled={!mayWrite} />
            ))}
            {choices.length === 0 && (
              <Text size="sm">
                This workspace has no proven domain yet. <PageLink to="/settings/domains">Prove one</PageLink>
              </Text>
            )}
          </Stack>
        </Checkbox.Group>
        <Switch
          label="Make accounts for who comes for the first time"
          description="Only with an address of a proven domain that the provider vouches for, and that no account has."
          disabled={!mayWrite}
          {...form.getInputProps('createsAccounts', { type: 'checkbox' })}
        />
        <NativeSelect
          label="First role"
          description="What they may do beyond it is told by their groups."
          data={[
            { value: 'viewer', label: 'Viewer' },
            { value: 'member', label: 'Member' },
          ]}
          disabled={!mayWrite}
          {...form.getInputProps('defaultRole')}
        />
        <Switch
          label="A second factor that was shown there counts here"
          description="Where the provider says so (amr: mfa, or one of the values below)."
          disabled={!mayWrite}
          {...form.getInputProps('trustsSecondFactor', { type: 'checkbox' })}
        />
        <TagsInput
          label="Values of acr that mean a second factor"
          maxTags={20}
          disabled={!mayWrite}
          {...form.getInputProps('secondFactorAcr')}
        />
        <TagsInput
          label="Scopes beside openid, email and profile"
          description="Such as groups."
          maxTags={20}
          disabled={!mayWrite}
          {...form.getInputProps('scopes')}
        />
        <Refusal error={change.error} />
        {mayWrite && (
          <Group>
            <Button type="submit" loading={change.isPending}>
              Save
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
