import { Alert, Anchor, Button, Group, Modal, Skeleton, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import {
  CopyButton,
  ErrorState,
  formatTime,
  Icon,
  oneOf,
  PageHeader,
  PageLink,
  Refusal,
  request,
  type Search,
  useAddress,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { type IdentityProvider, type ProviderCheck, providerQuery, typeNames } from './own-providers.ts'
import { CheckResult } from './provider-check.tsx'
import { ClientForm, SettingsForm } from './provider-forms.tsx'
import { ProviderTabs } from './provider-tabs.tsx'
import { StatusBadge } from './providers.tsx'

/** One identity provider: registered, checked, tried, switched on. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(providerQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the identity provider">
        <Skeleton height={240} />
      </div>
    )
  }
  return <Details provider={data} />
}

const readReturn = (search: Search) => ({ test_failed: oneOf(search.test_failed) || undefined })

function Details({ provider }: { provider: IdentityProvider }) {
  const { can } = useSession()
  const mayWrite = can('federation.providers.write')
  const { name, type, issuer, status, hasSecret, lastError, lastErrorAt } = provider
  return (
    <>
      <Anchor component={PageLink} to="/identity-providers" size="sm" mb="xs" display="inline-block">
        Single sign-on
      </Anchor>
      <PageHeader
        title={name}
        lead={
          <Group gap={8}>
            <StatusBadge provider={provider} />
            <span>{typeNames[type]}</span>
            <span style={{ overflowWrap: 'anywhere' }}>{issuer}</span>
          </Group>
        }
        actions={mayWrite && <Actions provider={provider} />}
      />
      <ProviderTabs id={provider.id} />
      <Stack gap="xl">
        {status === 'error' && lastError && (
          <Alert variant="light" color="red" icon={<Icon name="alert" />} title="The last try failed">
            {lastError} {lastErrorAt && formatTime(lastErrorAt)}. It is tried again with the next sign-in.
          </Alert>
        )}
        <section aria-labelledby="registration">
          <Title order={2} id="registration" mb="xs">
            Registration
          </Title>
          <div className={`panel ${classes.reading}`}>
            <Stack gap="md">
              <Text size="sm">
                Make a web application for this at {typeNames[type]} and register this redirect URI there, to the
                letter:
              </Text>
              <Group gap="xs">
                <code style={{ overflowWrap: 'anywhere' }}>{provider.redirectUri}</code>
                <CopyButton text={provider.redirectUri} label="Copy the redirect URI" />
              </Group>
              {type === 'azure' && (
                <Text size="sm" c="dimmed">
                  Add the optional claims email and xms_edov to the ID token: without them Entra does not say that an
                  address is its person’s, and nobody gets an account here by himself.
                </Text>
              )}
              {mayWrite ? (
                <ClientForm provider={provider} />
              ) : (
                <Text size="sm">{hasSecret ? `Registered as ${provider.clientId}.` : 'Not registered yet.'}</Text>
              )}
            </Stack>
          </div>
        </section>
        <CheckAndTest provider={provider} mayWrite={mayWrite} />
        <section aria-labelledby="settings">
          <Title order={2} id="settings" mb="xs">
            Who comes in
          </Title>
          <div className={`panel ${classes.reading}`}>
            <SettingsForm provider={provider} mayWrite={mayWrite} />
          </div>
        </section>
      </Stack>
    </>
  )
}

function CheckAndTest({ provider, mayWrite }: { provider: IdentityProvider; mayWrite: boolean }) {
  const { id, hasSecret, lastTest } = provider
  const client = useQueryClient()
  const [{ test_failed: code }, change] = useAddress(readReturn)
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    if (!code) return
    setFailure(failures[code] ?? 'The sign-in that you tried did not work.')
    change({ test_failed: undefined }, true)
  }, [code, change])
  const check = useMutation({
    mutationFn: () => request<ProviderCheck>(`/federation/providers/${id}/check`, { method: 'POST' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['federation', 'providers'] }),
  })
  const test = useMutation({
    mutationFn: async () => {
      const { url } = await request<{ url: string }>(`/federation/providers/${id}/test`, { method: 'POST' })
      window.location.assign(url)
    },
  })
  return (
    <section aria-labelledby="check">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="check">
          Check
        </Title>
        {mayWrite && (
          <Group gap="xs">
            <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
              Check it
            </Button>
            <Button variant="default" loading={test.isPending} disabled={!hasSecret} onClick={() => test.mutate()}>
              Try a sign-in
            </Button>
          </Group>
        )}
      </Group>
      <div className={`panel ${classes.reading}`}>
        <Stack gap="md">
          <Refusal error={check.error ?? test.error} />
          {failure && (
            <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert">
              {failure}
            </Alert>
          )}
          {check.data ? (
            <CheckResult check={check.data} />
          ) : (
            <Text size="sm" c="dimmed">
              {provider.checkedAt
                ? `Last checked ${formatTime(provider.checkedAt)}.`
                : 'Not checked yet. The check asks the provider about itself and says what is wrong.'}
            </Text>
          )}
          {lastTest && (
            <dl className={classes.facts}>
              <dt>Last try</dt>
              <dd>{formatTime(lastTest.at)}</dd>
              <dt>Who came</dt>
              <dd>{lastTest.name ?? 'no name'}</dd>
              <dt>Address</dt>
              <dd>
                {lastTest.email ?? 'none'} (
                {lastTest.isEmailVerified ? 'the provider vouches for it' : 'the provider does not vouch for it'})
              </dd>
              <dt>Subject</dt>
              <dd>{lastTest.subject}</dd>
              <dt>Second factor</dt>
              <dd>{lastTest.hasSecondFactor ? 'shown there' : 'nothing said'}</dd>
              <dt>Claims</dt>
              <dd>{lastTest.claims.join(', ')}</dd>
            </dl>
          )}
        </Stack>
      </div>
    </section>
  )
}

/** The address holds a code only, for it must not hold words of a stranger. */
const failures: Readonly<Record<string, string>> = {
  'federation.declined': 'You came back from the provider without signing in.',
  'federation.not_begun_here': 'That took too long, or was begun in another session. Try again.',
  'federation.refused': 'The answer of the provider could not be verified. The last error above says why.',
  'federation.unavailable': 'The provider cannot be reached at this moment.',
}

function Actions({ provider }: { provider: IdentityProvider }) {
  const { id, status, hasSecret } = provider
  const client = useQueryClient()
  const [isAsked, setIsAsked] = useState(false)
  const isOn = status !== 'inactive'
  const turn = useMutation({
    mutationFn: () => request(`/federation/providers/${id}`, { method: 'PATCH', body: { isActive: !isOn } }),
    onSuccess: () => notifications.show({ message: isOn ? 'It is off, and its sessions have ended.' : 'It is on.' }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['federation'] }),
  })
  return (
    <>
      <Button
        variant={isOn ? 'default' : 'filled'}
        disabled={!hasSecret}
        loading={turn.isPending}
        onClick={() => turn.mutate()}
      >
        {isOn ? 'Switch off' : 'Switch on'}
      </Button>
      <Button variant="default" onClick={() => setIsAsked(true)}>
        Remove
      </Button>
      {isAsked && <Removal provider={provider} close={() => setIsAsked(false)} />}
    </>
  )
}

function Removal({ provider: { id, name, people }, close }: { provider: IdentityProvider; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const removal = useMutation({
    mutationFn: () => request(`/federation/providers/${id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      await navigate({ to: '/identity-providers', replace: true })
      await client.invalidateQueries({ queryKey: ['federation'] })
      notifications.show({ message: `${name} is removed.` })
    },
  })
  return (
    <Modal opened onClose={close} title={`Remove ${name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          {people === 0
            ? 'Nobody comes in by it yet.'
            : 'Who came in by it is signed out, and comes in by “Forgot password” only.'}{' '}
          The accounts and what belongs to them stay.
        </Text>
        <Refusal error={removal.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="red.9" loading={removal.isPending} onClick={() => removal.mutate()}>
            Remove it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
