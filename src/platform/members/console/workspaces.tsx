import { Badge, Button, Card, Group, Modal, Skeleton, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  AccountFrame,
  EmptyState,
  ErrorState,
  formatInstantDay,
  formatTime,
  PageLink,
  request,
  sessionQuery,
  switchTenant,
  useSession,
} from '#platform/console'
import { type OwnTenant, ownTenantsQuery } from './members.ts'
import classes from './workspaces.module.css'

/** The workspaces that I belong to: go there, start there, leave. */
export function Page() {
  return (
    <AccountFrame>
      <Stack maw={860}>
        <WorkspacesCard />
      </Stack>
    </AccountFrame>
  )
}

function WorkspacesCard() {
  const { data, error, refetch } = useQuery(ownTenantsQuery)
  const [leaving, setLeaving] = useState<OwnTenant>()
  return (
    <Card withBorder component="section" aria-labelledby="workspaces">
      <Group justify="space-between" align="flex-start" gap="sm" mb="sm">
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size="h4" id="workspaces">
            Your workspaces
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            After signing in you start in the default one.
          </Text>
        </div>
        <Button component={PageLink} to="/workspaces/new" variant="default" size="xs">
          New workspace
        </Button>
      </Group>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={140} aria-label="Loading the workspaces" />
      ) : data.items.length === 0 ? (
        <EmptyState icon="briefcase" title="You are in no workspace" order={2}>
          Make one, or ask somebody to invite you to theirs.
        </EmptyState>
      ) : (
        <ul className={classes.items}>
          {data.items.map(tenant => (
            <WorkspaceItem key={tenant.id} tenant={tenant} leave={() => setLeaving(tenant)} />
          ))}
        </ul>
      )}
      {leaving && <Leaving tenant={leaving} close={() => setLeaving(undefined)} />}
    </Card>
  )
}

function WorkspaceItem({ tenant, leave }: { tenant: OwnTenant; leave: () => void }) {
  const session = useSession()
  const client = useQueryClient()
  const { id, name, isActive, isDefault, hasEnded, isLastOwner } = tenant
  const isOpen = isActive && !hasEnded
  const isHere = session.tenantId === id
  const choosing = useMutation({
    mutationFn: () => request('/me/default-tenant', { method: 'PUT', body: { tenantId: id } }),
    onSuccess: async () => {
      notifications.show({ message: `From now on you start in ${name}.` })
      await Promise.all([client.invalidateQueries(ownTenantsQuery), client.invalidateQueries(sessionQuery)])
    },
    onError: error => notifications.show({ color: 'red', title: 'Not saved', message: error.message }),
  })
  const switching = useMutation({
    mutationFn: () => switchTenant(id, '/'),
    onError: error => notifications.show({ color: 'red', title: 'Not possible', message: error.message }),
  })
  return (
    <li className={classes.item}>
      <div className={classes.what}>
        <div className={classes.name}>
          {name}
          {isHere && (
            <Badge variant="light" size="sm" tt="none" autoContrast>
              You are here
            </Badge>
          )}
          {isDefault && (
            <Badge variant="default" size="sm" tt="none">
              Default
            </Badge>
          )}
          {!isActive && (
            <Badge variant="light" color="yellow" size="sm" tt="none" autoContrast>
              Closed
            </Badge>
          )}
        </div>
        <div className={classes.about}>
          <span>{tenant.roles.join(', ') || 'no role'}</span>
          <span>since {formatInstantDay(tenant.joinedAt)}</span>
          {tenant.expiresAt && (
            <span>
              {hasEnded ? 'ended' : 'ends'} {formatTime(tenant.expiresAt)}
            </span>
          )}
          {isLastOwner && <span>you are its last owner</span>}
        </div>
      </div>
      <Group gap="xs">
        {isOpen && !isHere && (
          <Button
            size="xs"
            variant="default"
            loading={switching.isPending}
            onClick={() => switching.mutate()}
            aria-label={`Go there: ${name}`}
          >
            Go there
          </Button>
        )}
        {isOpen && !isDefault && (
          <Button
            size="xs"
            variant="default"
            loading={choosing.isPending}
            onClick={() => choosing.mutate()}
            aria-label={`Make default: ${name}`}
          >
            Make default
          </Button>
        )}
        {!isLastOwner && (
          <Button size="xs" variant="default" onClick={leave} aria-label={`Leave ${name}`}>
            Leave
          </Button>
        )}
      </Group>
    </li>
  )
}

function Leaving({ tenant, close }: { tenant: OwnTenant; close: () => void }) {
  const session = useSession()
  const client = useQueryClient()
  const leaving = useMutation({
    mutationFn: () => request(`/me/tenants/${tenant.id}/leave`, { method: 'POST' }),
    onSuccess: async () => {
      // What this window has loaded belongs to a workspace that is not open any more.
      if (session.tenantId === tenant.id) return window.location.assign('/')
      notifications.show({ message: `You have left ${tenant.name}.` })
      close()
      await Promise.all([client.invalidateQueries(ownTenantsQuery), client.invalidateQueries(sessionQuery)])
    },
    onError: error => notifications.show({ color: 'red', title: 'You have not left', message: error.message }),
  })
  return (
    <Modal opened onClose={close} title={`Leave ${tenant.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm">
        You lose access to it at once; only somebody there can let you in again. What you made stays: lists that others
        see get another owner, your private ones wait for your return.
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Stay
        </Button>
        <Button color="red.9" loading={leaving.isPending} onClick={() => leaving.mutate()}>
          Leave
        </Button>
      </Group>
    </Modal>
  )
}
