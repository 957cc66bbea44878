import { Button, Group, Modal, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  AccountFrame,
  EmptyState,
  ErrorState,
  formatAgo,
  formatTime,
  Refusal,
  request,
  useSession,
} from '#platform/console'
import classes from './clients.module.css'
import { type AllowedApplication, allowedQuery, scopesQuery } from './own-clients.ts'
import { ConnectionBadge } from './people.tsx'

/** What I allowed applications to do for me, and how to take it back. */
export function Page() {
  const { data, error, refetch } = useQuery(allowedQuery)
  const [taking, setTaking] = useState<AllowedApplication>()
  return (
    <AccountFrame>
      <Text size="sm" c="dimmed" mb="sm">
        These programs may act as you, each in one workspace and within what you allowed it there.
      </Text>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div role="status" aria-label="Loading the applications">
          <Skeleton height={120} />
        </div>
      ) : data.items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="device" title="You have allowed no application anything">
            When a program wants to sign you in here or work for you, it sends you to a page that asks you. What you
            allow appears here.
          </EmptyState>
        </div>
      ) : (
        <ul className={`panel ${classes.items}`} aria-label="Applications that I allowed">
          {data.items.map(application => (
            <Row
              key={`${application.tenant.id} ${application.id}`}
              application={application}
              take={() => setTaking(application)}
            />
          ))}
        </ul>
      )}
      {taking && <TakingBack application={taking} close={() => setTaking(undefined)} />}
    </AccountFrame>
  )
}

function Row({ application, take }: { application: AllowedApplication; take: () => void }) {
  const { tenants } = useSession()
  const scopes = useQuery(scopesQuery)
  const { name, tenant, allowedAt, lastTokenAt, isConnected, isActive, isOfPlatform } = application
  const inWords = application.scopes.map(
    scope => scopes.data?.items.find(known => known.name === scope)?.description ?? scope,
  )
  return (
    <li className={classes.item}>
      <div>
        <Group gap={8}>
          <Text fw={550} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Text>
          <ConnectionBadge isConnected={isConnected && isActive} />
        </Group>
        <div className={classes.about}>
          <span>in {tenants.find(({ id }) => id === tenant.id)?.name ?? tenant.name}</span>
          {isOfPlatform && <span>of this installation</span>}
          <span>allowed {formatAgo(allowedAt)}</span>
          {lastTokenAt && (
            <time dateTime={lastTokenAt} title={formatTime(lastTokenAt)}>
              last token {formatAgo(lastTokenAt)}
            </time>
          )}
        </div>
        <ul style={{ margin: '6px 0 0', paddingLeft: 18 }}>
          {inWords.map(words => (
            <li key={words}>
              <Text size="sm">{words}</Text>
            </li>
          ))}
        </ul>
      </div>
      <Button size="xs" variant="default" aria-label={`Take back what ${name} may do`} onClick={take}>
        Take back
      </Button>
    </li>
  )
}

function TakingBack({ application, close }: { application: AllowedApplication; close: () => void }) {
  const queries = useQueryClient()
  const { id, name, tenant } = application
  const revocation = useMutation({
    mutationFn: () => request(`/me/applications/${tenant.id}/${id}`, { method: 'DELETE', tenantId: tenant.id }),
    onSuccess: async () => {
      close()
      notifications.show({ message: `“${name}” may do nothing for you any more.` })
      await queries.invalidateQueries(allowedQuery)
    },
  })
  return (
    <Modal
      opened
      onClose={close}
      title={`Take back what “${name}” may do?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">
        It is signed out and can do nothing more for you in {tenant.name}, from its next request on. What it has done or
        copied already stays. If you use it again, it asks you again.
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
