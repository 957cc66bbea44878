import { Badge, Button, Card, Group, Modal, Skeleton, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { AccountFrame, ErrorState, formatCount, formatInstantDay, Icon, request, signOut } from '#platform/console'
import { LoginHistory } from './login-history.tsx'
import { Ago } from './moment.tsx'
import {
  deviceIcons,
  devicesQuery,
  type KnownDevice,
  methodsInWords,
  type OwnSession,
  sessionsQuery,
  whereabouts,
} from './own-sessions.ts'
import classes from './sessions.module.css'

/** Where one is signed in, which devices are trusted, and who has tried to come in. */
export function Page() {
  return (
    <AccountFrame>
      <Stack gap="md" maw={860}>
        <SessionsCard />
        <TrustedDevicesCard />
        <LoginHistory />
      </Stack>
    </AccountFrame>
  )
}

function SessionsCard() {
  const { data, isPending, error, refetch } = useQuery(sessionsQuery)
  const [isAsking, setIsAsking] = useState(false)
  const others = data?.items.filter(({ isCurrent }) => !isCurrent) ?? []
  return (
    <Card withBorder component="section" aria-labelledby="sessions">
      <Group justify="space-between" align="flex-start" gap="sm" mb="sm">
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size="h4" id="sessions">
            Where you are signed in
          </Title>
          <Text c="dimmed" size="sm" mt={4}>
            Sign out what you do not recognise or no longer use; it takes effect at once.
          </Text>
        </div>
        {others.length > 0 && (
          <Button variant="default" size="xs" onClick={() => setIsAsking(true)}>
            Sign out everywhere else
          </Button>
        )}
      </Group>
      {isPending ? (
        <Skeleton height={140} />
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <ul className={classes.items}>
          {data.items.map(session => (
            <SessionItem key={session.id} session={session} />
          ))}
        </ul>
      )}
      {others.length > 0 && <EndOthers opened={isAsking} count={others.length} close={() => setIsAsking(false)} />}
    </Card>
  )
}

function SessionItem({ session }: { session: OwnSession }) {
  const client = useQueryClient()
  const ending = useMutation({
    mutationFn: async () => {
      if (session.isCurrent) return await signOut()
      await request(`/me/sessions/${session.id}`, { method: 'DELETE' })
      notifications.show({ message: `${session.device.words} is signed out.` })
    },
    onError: error => notifications.show({ color: 'red', title: 'It was not signed out', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  })
  const where = whereabouts(session)
  return (
    <li className={classes.item}>
      <Icon name={deviceIcons[session.device.kind]} size={22} />
      <div className={classes.what}>
        <div className={classes.name}>
          {session.device.words}
          {session.isCurrent && (
            <Badge variant="light" size="sm" tt="none">
              This device
            </Badge>
          )}
        </div>
        {where && <div className={classes.about}>{where}</div>}
        <div className={classes.about}>
          <span>
            {session.isCurrent ? (
              'Active now'
            ) : (
              <>
                Active <Ago instant={session.lastSeenAt} />
              </>
            )}
          </span>
          <span>
            signed in <Ago instant={session.createdAt} /> {methodsInWords(session.methods)}
          </span>
        </div>
      </div>
      <Button
        variant="default"
        size="xs"
        loading={ending.isPending}
        onClick={() => ending.mutate()}
        aria-label={`Sign out ${session.isCurrent ? 'this device' : session.device.words}`}
      >
        Sign out
      </Button>
    </li>
  )
}

function EndOthers({ opened, count, close }: { opened: boolean; count: number; close: () => void }) {
  const client = useQueryClient()
  const ending = useMutation({
    mutationFn: () => request<{ ended: number }>('/me/sessions', { method: 'DELETE' }),
    onSuccess: ({ ended }) => {
      close()
      notifications.show({ message: `${devices(ended)} signed out.` })
    },
    onError: error => notifications.show({ color: 'red', title: 'They were not signed out', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsQuery.queryKey }),
  })
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Sign out everywhere else?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">
        {count === 1 ? 'The other device is' : `The ${formatCount(count)} other devices are`} signed out at once, and so
        are programs that use your account. You stay signed in here.
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Keep them
        </Button>
        <Button color="red.9" loading={ending.isPending} onClick={() => ending.mutate()}>
          Sign out everywhere else
        </Button>
      </Group>
    </Modal>
  )
}

const devices = (count: number) => (count === 1 ? 'One device is' : `${formatCount(count)} devices are`)

/** Not shown to who trusts none: most people, and all whose workspaces do not allow it. */
function TrustedDevicesCard() {
  const { data } = useQuery(devicesQuery)
  const trusted = data?.items.filter(({ trustedUntil }) => trustedUntil !== null) ?? []
  if (trusted.length === 0) return null
  return (
    <Card withBorder component="section" aria-labelledby="trusted">
      <Title order={2} size="h4" id="trusted">
        Trusted devices
      </Title>
      <Text c="dimmed" size="sm" mt={4} mb="sm">
        You sign in there without your second factor.
      </Text>
      <ul className={classes.items}>
        {trusted.map(device => (
          <TrustedDevice key={device.id} device={device} />
        ))}
      </ul>
    </Card>
  )
}

function TrustedDevice({ device }: { device: KnownDevice }) {
  const client = useQueryClient()
  const forgetting = useMutation({
    mutationFn: () => request(`/me/devices/${device.id}`, { method: 'DELETE' }),
    onError: error => notifications.show({ color: 'red', title: 'It was not forgotten', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: devicesQuery.queryKey }),
  })
  const where = whereabouts(device)
  return (
    <li className={classes.item}>
      <Icon name={deviceIcons[device.device.kind]} size={22} />
      <div className={classes.what}>
        <div className={classes.name}>
          {device.device.words}
          {device.isCurrent && (
            <Badge variant="light" size="sm" tt="none">
              This device
            </Badge>
          )}
        </div>
        <div className={classes.about}>
          {where && <span>{where}</span>}
          <span>
            last signed in <Ago instant={device.lastSeenAt} />
          </span>
          {device.trustedUntil && <span>trusted until {formatInstantDay(device.trustedUntil)}</span>}
        </div>
      </div>
      <Button
        variant="default"
        size="xs"
        loading={forgetting.isPending}
        onClick={() => forgetting.mutate()}
        aria-label={`Forget ${device.isCurrent ? 'this device' : device.device.words}`}
      >
        Forget
      </Button>
    </li>
  )
}
