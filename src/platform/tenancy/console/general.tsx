import { Anchor, Button, Group, Modal, Skeleton, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatInstantDay, Problem, Refusal, request, useSession } from '#platform/console'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'
import { type Addresses, addressesQuery, refreshTenant, type Tenant, tenantQuery } from './tenants.ts'

/** Name, settings and address of the workspace. */
export function Page() {
  const { data, error, refetch } = useQuery(tenantQuery)
  return (
    <SettingsFrame>
      <Stack gap="md" maw={640}>
        {error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : data ? (
          <Details key={data.etag} tenant={data.tenant} etag={data.etag} />
        ) : (
          <Skeleton height={320} aria-label="Loading the settings" />
        )}
        <Address />
      </Stack>
    </SettingsFrame>
  )
}

function Details({ tenant, etag }: { tenant: Tenant; etag: string | undefined }) {
  const client = useQueryClient()
  const { can } = useSession()
  const mayWrite = can('tenancy.settings.write')
  const { settings } = tenant
  const form = useForm({
    initialValues: {
      name: tenant.name,
      description: settings.description ?? '',
      website: settings.website ?? '',
      contactEmail: settings.contactEmail ?? '',
      timezone: settings.timezone ?? '',
    },
    validate: {
      name: value => (value.trim() ? null : 'Name the workspace.'),
      website: value => (value === '' || /^https?:\/\/[^\s/]+/.test(value) ? null : 'Begin with https://'),
      contactEmail: value => (value === '' || /^[^@\s]+@[^@\s]+$/.test(value) ? null : 'This is no e-mail address.'),
    },
  })
  const save = useMutation({
    mutationFn: ({ name, ...rest }: typeof form.values) =>
      request('/tenant', {
        method: 'PATCH',
        body: {
          name,
          settings: Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, value.trim() || null])),
        },
        ...(etag && { ifMatch: etag }),
      }),
    onSuccess: async () => {
      notifications.show({ message: 'The settings are saved.' })
      await refreshTenant(client)
    },
    onError: error => error instanceof Problem && form.setErrors(error.fields),
  })
  return (
    <SettingCard title="Workspace" lead={mayWrite ? undefined : 'Your role lets you see this, not change it.'}>
      <form onSubmit={form.onSubmit(values => save.mutate(values))} noValidate>
        <Stack gap="sm">
          <TextInput label="Name" maxLength={255} disabled={!mayWrite} {...form.getInputProps('name')} />
          <Textarea
            label="Description"
            description="A sentence or two, for its members."
            autosize
            minRows={2}
            maxLength={500}
            disabled={!mayWrite}
            {...form.getInputProps('description')}
          />
          <TextInput
            label="Website"
            type="url"
            maxLength={300}
            placeholder="https://"
            disabled={!mayWrite}
            {...form.getInputProps('website')}
          />
          <TextInput
            label="Address for questions"
            description="Whom members write to about the workspace."
            type="email"
            maxLength={255}
            disabled={!mayWrite}
            {...form.getInputProps('contactEmail')}
          />
          <TextInput
            label="Time zone"
            description="For example Europe/Berlin."
            maxLength={50}
            disabled={!mayWrite}
            {...form.getInputProps('timezone')}
          />
          <Refusal
            error={save.error}
            title="This is not saved"
            showTheirs={() => void client.invalidateQueries(tenantQuery)}
          />
          {mayWrite && (
            <Group gap="xs">
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                Save
              </Button>
              {form.isDirty() && (
                <Button variant="default" onClick={() => form.reset()}>
                  Undo
                </Button>
              )}
            </Group>
          )}
        </Stack>
      </form>
    </SettingCard>
  )
}

function Address() {
  const { can } = useSession()
  const { data, error, refetch } = useQuery(addressesQuery)
  const [isChanging, setIsChanging] = useState(false)
  return (
    <SettingCard title="Address" lead="The short name of the workspace in addresses.">
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={60} />
      ) : (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {data.url ? (
              <Anchor href={data.url} size="sm">
                {data.url}
              </Anchor>
            ) : (
              <span className="mono">{data.slug}</span>
            )}
          </Text>
          {data.formerSlugs.length > 0 && (
            <Text size="sm" c="dimmed" mt={6}>
              {data.formerSlugs
                .map(({ slug, heldUntil }) =>
                  heldUntil === null
                    ? `${slug} leads here for good`
                    : `${slug} leads here until ${formatInstantDay(heldUntil)}`,
                )
                .join('; ')}
              .
            </Text>
          )}
          {can('tenancy.settings.write') && (
            <Button variant="default" size="xs" mt="md" onClick={() => setIsChanging(true)}>
              Change the address
            </Button>
          )}
          {isChanging && <ChangeAddress addresses={data} close={() => setIsChanging(false)} />}
        </>
      )}
    </SettingCard>
  )
}

function ChangeAddress({ addresses, close }: { addresses: Addresses; close: () => void }) {
  const client = useQueryClient()
  const form = useForm({
    initialValues: { slug: addresses.slug },
    validate: {
      slug: value =>
        /^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$/.test(value)
          ? null
          : 'Use 2 to 50 small letters, digits and hyphens; a hyphen neither first nor last.',
    },
  })
  const change = useMutation({
    mutationFn: (body: { slug: string }) => request<Addresses>('/tenant/slug', { method: 'PUT', body }),
    onSuccess: async ({ slug, url }) => {
      close()
      notifications.show({ message: `The workspace is at ${url ?? slug} now.` })
      await refreshTenant(client)
    },
    onError: error => {
      if (error instanceof Problem)
        form.setErrors(error.code.startsWith('tenancy.slug') ? { slug: error.message } : error.fields)
    },
  })
  const isTold = change.error instanceof Problem && change.error.code.startsWith('tenancy.slug')
  return (
    <Modal opened onClose={close} title="Change the address" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => change.mutate(values))} noValidate>
        <Stack gap="sm">
          <Text size="sm">
            The present address leads to the new one for 30 days, and no other workspace can take it meanwhile. Then it
            is free for everybody, unless applications sign people in here: they know the workspace by it, so it stays
            yours for good.
          </Text>
          <TextInput
            label="New address"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            maxLength={50}
            data-autofocus
            {...form.getInputProps('slug')}
          />
          {!isTold && <Refusal error={change.error} title="This is not saved" />}
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={change.isPending} disabled={form.values.slug === addresses.slug}>
              Change it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
