import { Badge, Button, Group, Modal, NativeSelect, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatAgo, formatTime, Refusal, request, useSession } from '#platform/console'
import { SecretShown } from './client-form.tsx'
import classes from './clients.module.css'
import { type Client, type ClientSecret, type NewClientSecret, type Owner, secretsQuery } from './own-clients.ts'

type Props = { owner: Owner; client: Client }

/** By what a client shows who it is: the secrets that work now, never they themselves. */
export function Secrets({ owner, client }: Props) {
  const { can } = useSession()
  const [isRotating, setIsRotating] = useState(false)
  const [ending, setEnding] = useState<ClientSecret>()
  const { data, error, refetch } = useQuery(secretsQuery(owner, client.id))
  const mayWrite = can(owner.write)
  return (
    <section aria-labelledby="client-secrets" className={classes.section}>
      <Group justify="space-between" align="flex-end" mb="xs" gap="xs">
        <div>
          <Title order={2} id="client-secrets">
            Secrets
          </Title>
          <Text size="sm" c="dimmed">
            Each is shown once, when it is made. To replace one without a gap, let the old one go on until every part of
            your system has the new one.
          </Text>
        </div>
        {mayWrite && (
          <Button variant="default" size="xs" onClick={() => setIsRotating(true)}>
            New secret
          </Button>
        )}
      </Group>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={64} aria-label="Loading the secrets" />
      ) : (
        <ul className={`panel ${classes.items}`} aria-label="Secrets">
          {data.items.length === 0 && (
            <li className={classes.item}>
              <Text size="sm">No secret works: the application gets no token until you make one.</Text>
            </li>
          )}
          {data.items.map(secret => (
            <li key={secret.id} className={classes.item}>
              <div>
                <Group gap={8}>
                  <span className="mono">…{secret.hint}</span>
                  {secret.expiresAt && (
                    <Badge color="yellow" variant="light" size="sm" tt="none" autoContrast>
                      ends {formatTime(secret.expiresAt)}
                    </Badge>
                  )}
                </Group>
                <div className={classes.about}>
                  <span>
                    made {formatAgo(secret.createdAt)}
                    {secret.createdByName && ` by ${secret.createdByName}`}
                  </span>
                  <span>{secret.lastUsedAt ? `used ${formatAgo(secret.lastUsedAt)}` : 'never used'}</span>
                </div>
              </div>
              {mayWrite && (
                <Button
                  size="xs"
                  variant="default"
                  aria-label={`End it, the secret …${secret.hint}`}
                  onClick={() => setEnding(secret)}
                >
                  End it
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {isRotating && <Rotation owner={owner} client={client} close={() => setIsRotating(false)} />}
      {ending && <Ending owner={owner} client={client} secret={ending} close={() => setEnding(undefined)} />}
    </section>
  )
}

const overlaps = [
  { value: '0', label: 'Ends at once' },
  { value: '1', label: 'Works for one hour more' },
  { value: '24', label: 'Works for one day more' },
  { value: '168', label: 'Works for seven days more' },
  { value: '720', label: 'Works for thirty days more' },
]

function Rotation({ owner, client, close }: Props & { close: () => void }) {
  const queries = useQueryClient()
  const [overlap, setOverlap] = useState('24')
  const [made, setMade] = useState<NewClientSecret>()
  const rotation = useMutation({
    mutationFn: () =>
      request<NewClientSecret>(`${owner.api}/${client.id}/secrets`, {
        method: 'POST',
        body: { overlapHours: Number(overlap) },
      }),
    onSuccess: async next => {
      setMade(next)
      await queries.invalidateQueries(secretsQuery(owner, client.id))
    },
  })
  if (made) return <SecretShown name={client.name} secret={made.secret} close={close} />
  return (
    <Modal opened onClose={close} title="Make another secret?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" mb="md">
        Both work until the old one ends. One that is being replaced already ends now.
      </Text>
      <NativeSelect
        label="The old secret"
        value={overlap}
        data={overlaps}
        data-autofocus
        onChange={event => setOverlap(event.currentTarget.value)}
      />
      <Refusal error={rotation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
          Make the new secret
        </Button>
      </Group>
    </Modal>
  )
}

function Ending({ owner, client, secret, close }: Props & { secret: ClientSecret; close: () => void }) {
  const queries = useQueryClient()
  const ending = useMutation({
    mutationFn: () => request(`${owner.api}/${client.id}/secrets/${secret.id}`, { method: 'DELETE' }),
    onSuccess: async () => {
      close()
      notifications.show({ message: `The secret …${secret.hint} has ended.` })
      await queries.invalidateQueries(secretsQuery(owner, client.id))
    },
  })
  return (
    <Modal
      opened
      onClose={close}
      title={`End the secret …${secret.hint}?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">
        Whatever still uses it gets no new token from now on
        {secret.expiresAt === null && '; the application has no other that stays, so make a new one then'}. Tokens that
        it has go on until they end: to stop those too, switch the application off.
      </Text>
      <Refusal error={ending.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red.9" loading={ending.isPending} onClick={() => ending.mutate()}>
          End it
        </Button>
      </Group>
    </Modal>
  )
}
