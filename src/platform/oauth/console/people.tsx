import { Badge, Button, Group, Modal, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatAgo, LoadMore, Refusal, request, useSession } from '#platform/console'
import classes from './clients.module.css'
import { type AllowingPerson, peopleQuery } from './own-clients.ts'

type Props = { client: { id: string; name: string } }

/** Who allowed an application what, for who looks after the workspace. */
export function People({ client }: Props) {
  const { can } = useSession()
  const query = useInfiniteQuery(peopleQuery(client.id))
  const [taking, setTaking] = useState<AllowingPerson | 'everybody'>()
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const mayWrite = can('oauth.clients.write')
  return (
    <section aria-labelledby="client-people" className={classes.section}>
      <Group justify="space-between" align="flex-end" mb="xs" gap="xs">
        <div>
          <Title order={2} id="client-people">
            Who allowed it
          </Title>
          <Text size="sm" c="dimmed">
            What is taken back ends with all its tokens, at the next request; the application has to ask again.
          </Text>
        </div>
        {mayWrite && items.length > 0 && (
          <Button variant="default" size="xs" onClick={() => setTaking('everybody')}>
            Take back from everybody
          </Button>
        )}
      </Group>
      {query.error && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton height={64} aria-label="Loading who allowed it" />
      ) : (
        <div className="panel">
          <ul className={classes.items} aria-label="People who allowed it">
            {items.length === 0 && (
              <li className={classes.item}>
                <Text size="sm">Nobody has allowed it anything yet.</Text>
              </li>
            )}
            {items.map(person => (
              <li key={person.userId} className={classes.item}>
                <div>
                  <Group gap={8}>
                    <Text size="sm" fw={550}>
                      {person.name ?? 'Somebody who has left'}
                    </Text>
                    <ConnectionBadge isConnected={person.isConnected} />
                  </Group>
                  <div className={classes.about}>
                    <span>{person.scopes.join(', ')}</span>
                    <span>allowed {formatAgo(person.allowedAt)}</span>
                    {person.lastTokenAt && <span>last token {formatAgo(person.lastTokenAt)}</span>}
                  </div>
                </div>
                {mayWrite && (
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={`Take back what ${person.name ?? 'this person'} allowed`}
                    onClick={() => setTaking(person)}
                  >
                    Take back
                  </Button>
                )}
              </li>
            ))}
          </ul>
          <LoadMore query={query} label="Load more" />
        </div>
      )}
      {taking && <TakingBack client={client} taking={taking} close={() => setTaking(undefined)} />}
    </section>
  )
}

export function ConnectionBadge({ isConnected }: { isConnected: boolean }) {
  return (
    <Badge color={isConnected ? 'pine' : 'gray'} variant="light" size="sm" tt="none" autoContrast>
      {isConnected ? 'has tokens' : 'signed out'}
    </Badge>
  )
}

function TakingBack({ client, taking, close }: Props & { taking: AllowingPerson | 'everybody'; close: () => void }) {
  const queries = useQueryClient()
  const who = taking === 'everybody' ? 'everybody' : (taking.name ?? 'this person')
  const revocation = useMutation({
    mutationFn: () =>
      request(`/oauth/clients/${client.id}/people${taking === 'everybody' ? '' : `/${taking.userId}`}`, {
        method: 'DELETE',
      }),
    onSuccess: async () => {
      close()
      notifications.show({ message: `What ${who} allowed “${client.name}” is taken back.` })
      await queries.invalidateQueries({ queryKey: ['oauth-clients'] })
    },
  })
  return (
    <Modal
      opened
      onClose={close}
      title={`Take back what ${who} allowed “${client.name}”?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">
        All its tokens for {who === 'everybody' ? 'all people of this workspace' : who} end at once. Whoever uses it
        again is asked again.
      </Text>
      <Refusal error={revocation.error} mt="md" />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Leave it
        </Button>
        <Button color="red.9" loading={revocation.isPending} onClick={() => revocation.mutate()}>
          Take it back
        </Button>
      </Group>
    </Modal>
  )
}
