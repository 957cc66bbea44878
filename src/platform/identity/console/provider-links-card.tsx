import { Alert, Button, Card, Group, Modal, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  ErrorState,
  formatInstantDay,
  Icon,
  leaveForProvider,
  oneOf,
  Refusal,
  request,
  type Search,
  useAddress,
} from '#platform/console'
import { Ago } from './moment.tsx'
import classes from './passkeys-card.module.css'

type ProviderLink = {
  id: string
  tenantName: string
  providerName: string
  externalEmail: string | null
  syncStatus: 'pending' | 'synced' | 'failed' | 'disabled'
  createdAt: string
  lastSignInAt: string | null
}

const linksQuery = queryOptions({
  queryKey: ['own', 'provider-links'],
  queryFn: ({ signal }) =>
    request<{ items: readonly ProviderLink[]; linkable: readonly { id: string; name: string }[] }>(
      '/me/provider-links',
      { signal },
    ),
})

/** The identity providers of workspaces by which one comes in: to link and unlink. Not there where there is none. */
export function ProviderLinksCard() {
  const { data, error, refetch } = useQuery(linksQuery)
  const [failure, forget] = useReturn()
  const link = useMutation({
    mutationFn: (providerId: string) =>
      leaveForProvider('/me/provider-links', { providerId, next: '/account/security?provider_linked=1' }),
    onMutate: forget,
  })
  const refusal = link.error?.message ?? failure
  if (!error && !failure && (!data || (data.items.length === 0 && data.linkable.length === 0))) return null
  return (
    <Card withBorder component="section" aria-labelledby="provider-links">
      <Title order={2} size="h4" id="provider-links">
        Identity providers of your workspaces
      </Title>
      <Text c="dimmed" size="sm" mt={4}>
        By one you come into its own workspace. The settings of your account, and your other workspaces, stay out of its
        reach.
      </Text>
      {refusal && (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert" mt="sm">
          {refusal}
        </Alert>
      )}
      {error && <ErrorState error={error} retry={() => void refetch()} />}
      {data && data.items.length > 0 && (
        <ul className={classes.items} style={{ marginTop: 'var(--mantine-spacing-sm)' }}>
          {data.items.map(item => (
            <Item key={item.id} item={item} />
          ))}
        </ul>
      )}
      {data && data.linkable.length > 0 && (
        <Group gap="xs" mt="sm">
          {data.linkable.map(({ id, name }) => (
            <Button
              key={id}
              size="xs"
              variant="default"
              leftSection={<Icon name="plus" size={15} />}
              loading={link.isPending && link.variables === id}
              onClick={() => link.mutate(id)}
            >
              Link {name}
            </Button>
          ))}
        </Group>
      )}
    </Card>
  )
}

function Item({ item }: { item: ProviderLink }) {
  const [isAsked, setIsAsked] = useState(false)
  const { providerName, tenantName, externalEmail, createdAt, lastSignInAt, syncStatus } = item
  return (
    <li className={classes.item}>
      <Icon name="building" size={22} />
      <div className={classes.what}>
        <div className={classes.name}>{providerName}</div>
        <div className={classes.about}>
          <span>{tenantName}</span>
          {externalEmail && <span>{externalEmail}</span>}
          {syncStatus === 'disabled' && <span>closed by an administrator</span>}
          <span>linked {formatInstantDay(createdAt)}</span>
          <span>
            {lastSignInAt ? (
              <>
                used <Ago instant={lastSignInAt} />
              </>
            ) : (
              'not used yet'
            )}
          </span>
        </div>
      </div>
      <Button variant="default" size="xs" onClick={() => setIsAsked(true)} aria-label={`Unlink ${providerName}`}>
        Unlink
      </Button>
      {isAsked && <Unlinking item={item} close={() => setIsAsked(false)} />}
    </li>
  )
}

function Unlinking({ item: { id, providerName }, close }: { item: ProviderLink; close: () => void }) {
  const client = useQueryClient()
  const unlink = useMutation({
    mutationFn: () => request(`/me/provider-links/${id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `${providerName} was unlinked.` })
      close()
      await client.invalidateQueries({ queryKey: linksQuery.queryKey })
    },
  })
  return (
    <Modal opened onClose={close} title={`Unlink ${providerName}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Refusal error={unlink.error} mb="md" />
      <Text size="sm">
        You cannot come in through it any more, and what you opened through it is signed out. You can link it again.
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={unlink.isPending} onClick={() => unlink.mutate()}>
          Unlink
        </Button>
      </Group>
    </Modal>
  )
}

/** What came of the way through the provider, once: the address is rid of it. */
function useReturn(): [string | undefined, () => void] {
  const [{ provider_linked: linked, link_failed: code }, change] = useAddress(readReturn)
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    const isOurs = code?.startsWith('federation.')
    if (!linked && !isOurs) return
    if (linked) notifications.show({ id: 'linked', message: 'The identity provider is linked.' })
    if (code && isOurs) setFailure(failures[code] ?? 'That did not work. Try again.')
    change({ provider_linked: undefined, ...(isOurs && { link_failed: undefined }) }, true)
  }, [linked, code, change])
  return [failure, () => setFailure(undefined)]
}

const readReturn = (search: Search) => ({
  provider_linked: oneOf(search.provider_linked) || undefined,
  link_failed: oneOf(search.link_failed) || undefined,
})

/** The address holds a code only, for it must not hold words of a stranger. */
const failures: Readonly<Record<string, string>> = {
  'federation.declined': 'You came back from the identity provider without signing in.',
  'federation.not_begun_here': 'That took too long, or was begun in another session. Try again.',
  'federation.refused': 'The answer of the identity provider could not be verified. Ask who administers it.',
  'federation.unavailable': 'The identity provider cannot be reached at this moment. Try again soon.',
  'federation.subject_taken': 'That account of the identity provider is linked with somebody else here.',
  'federation.user_linked':
    'You are linked with another account of this identity provider already. Unlink that one first.',
  'federation.not_a_member': 'You are not a member of that workspace any more.',
  'federation.mapping_disabled': 'An administrator of the workspace has closed this way in for you.',
  'federation.not_fresh': 'The identity provider did not ask you anew, which confirms nothing. Confirm in another way.',
  'federation.of_another': 'That was somebody else at the identity provider.',
}
