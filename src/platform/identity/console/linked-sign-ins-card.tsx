import { Alert, Button, Card, Group, Modal, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type RefObject, useEffect, useRef, useState } from 'react'
import {
  ErrorState,
  formatInstantDay,
  Icon,
  type OnTheWire,
  oneOf,
  Refusal,
  request,
  type Search,
  useAddress,
} from '#platform/console'
import type { ExternalIdentity } from '../external-identities.ts'
import { Ago } from './moment.tsx'
import classes from './passkeys-card.module.css'

type LinkedSignIn = OnTheWire<ExternalIdentity>

const linkedSignInsQuery = queryOptions({
  queryKey: ['own', 'external-identities'],
  queryFn: ({ signal }) =>
    request<{ items: readonly LinkedSignIn[]; google: { isConfigured: boolean } }>('/me/external-identities', {
      signal,
    }),
})

/** The Google accounts that one may sign in with: to link and unlink. Not there where nothing is linked nor can be. */
export function LinkedSignInsCard() {
  const { data, error, refetch } = useQuery(linkedSignInsQuery)
  const [failure, forget] = useReturn()
  const link = useMutation({ mutationFn: leaveToLink, onMutate: forget })
  const refusal = link.error?.message ?? failure
  const add = useRef<HTMLButtonElement>(null)
  const card = useRef<HTMLDivElement>(null)
  const isShown = data !== undefined
  useEffect(() => {
    // On a phone it stands below the fold.
    if (failure && isShown) card.current?.scrollIntoView({ block: 'center' })
  }, [failure, isShown])
  if (!error && !failure && (!data || (data.items.length === 0 && !data.google.isConfigured))) return null
  const button = data?.google.isConfigured && (
    <Button
      ref={add}
      size="xs"
      variant="default"
      leftSection={<Icon name="plus" size={15} />}
      loading={link.isPending}
      onClick={() => link.mutate()}
    >
      Link a Google account
    </Button>
  )
  return (
    <Card ref={card} withBorder component="section" aria-labelledby="linked-sign-ins">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size="h4" id="linked-sign-ins">
            Linked sign-ins
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            Sign in with a Google account instead of a password.
          </Text>
        </div>
        {button}
      </Group>
      {refusal && (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert" mt="sm">
          {refusal}
        </Alert>
      )}
      {error && <ErrorState error={error} retry={() => void refetch()} />}
      {data && data.items.length > 0 && (
        <ul className={classes.items} style={{ marginTop: 'var(--mantine-spacing-sm)' }}>
          {data.items.map(item => (
            <Item key={item.id} item={item} afterwards={add} />
          ))}
        </ul>
      )}
      {data?.items.length === 0 && (
        <Text size="sm" mt="sm">
          None is linked yet.
        </Text>
      )}
    </Card>
  )
}

type ItemProps = { item: LinkedSignIn; afterwards: RefObject<HTMLButtonElement | null> }

function Item({ item, afterwards }: ItemProps) {
  const [isAsked, setIsAsked] = useState(false)
  const name = nameOf(item)
  return (
    <li className={classes.item}>
      <Icon name="globe" size={22} />
      <div className={classes.what}>
        <div className={classes.name}>{name}</div>
        <div className={classes.about}>
          {item.email && <span>{providerOf(item)}</span>}
          <span>linked {formatInstantDay(item.createdAt)}</span>
          <span>
            {item.lastLoginAt ? (
              <>
                used <Ago instant={item.lastLoginAt} />
              </>
            ) : (
              'not used yet'
            )}
          </span>
        </div>
      </div>
      <Button variant="default" size="xs" onClick={() => setIsAsked(true)} aria-label={`Unlink ${name}`}>
        Unlink
      </Button>
      {isAsked && <Unlinking item={item} close={() => setIsAsked(false)} afterwards={afterwards} />}
    </li>
  )
}

function Unlinking({ item, close, afterwards }: ItemProps & { close: () => void }) {
  const client = useQueryClient()
  const unlink = useMutation({
    mutationFn: () => request(`/me/external-identities/${item.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      notifications.show({ message: `${nameOf(item)} was unlinked.` })
      close()
      await client.invalidateQueries({ queryKey: linkedSignInsQuery.queryKey })
      // The button that had the focus is gone with its item.
      requestAnimationFrame(() => afterwards.current?.focus())
    },
  })
  return (
    <Modal opened onClose={close} title={`Unlink ${nameOf(item)}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Refusal error={unlink.error} mb="md" />
      <Text size="sm">
        Nobody can sign in to your account with it any more. The account at {providerOf(item)} stays as it is, and you
        can link it again.
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

const providerOf = ({ issuer }: LinkedSignIn) => {
  const host = URL.parse(issuer)?.host ?? issuer
  return host === 'accounts.google.com' ? 'Google' : host
}
const nameOf = (item: LinkedSignIn) => item.email ?? `An account at ${providerOf(item)}`

async function leaveToLink(): Promise<void> {
  const body = { next: '/account/security?linked=1' }
  const { url } = await request<{ url: string }>('/me/external-identities/google', { method: 'POST', body })
  window.location.assign(url)
}

/** What came of the way through Google, once: the address is rid of it, and a page loaded anew says nothing of it. */
function useReturn(): [string | undefined, () => void] {
  const [{ linked, link_failed: code }, change] = useAddress(readReturn)
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    if (!linked && !code) return
    if (code?.startsWith('federation.')) return
    if (linked) notifications.show({ id: 'linked', message: 'Your Google account is linked.' })
    if (code) setFailure(failures[code] ?? 'That did not work. Try again.')
    change({ linked: undefined, link_failed: undefined }, true)
  }, [linked, code, change])
  return [failure, () => setFailure(undefined)]
}

const readReturn = (search: Search) => ({
  linked: oneOf(search.linked) || undefined,
  link_failed: oneOf(search.link_failed) || undefined,
})

/** The address holds a code only, for it must not hold words of a stranger. */
const failures: Readonly<Record<string, string>> = {
  'identity.google_declined': 'You came back from Google without choosing an account.',
  'identity.google_not_begun_here': 'That took too long, or was begun in another session. Try again.',
  'identity.google_refused': 'The answer of Google could not be verified. Try again.',
  'identity.google_unavailable': 'Google cannot be reached at this moment. Try again soon.',
  'identity.google_not_fresh':
    'Google did not ask you to sign in again, which confirms nothing. Confirm in another way, or sign out and in again.',
  'identity.external_identity_taken':
    'That Google account is linked to another account here. Sign in to that one and unlink it first.',
  'accounts.google_of_another':
    'That Google account is not linked to your account, so it cannot confirm that it is you.',
}
