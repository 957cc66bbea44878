import { Alert, Anchor, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { formatCount } from './amounts.ts'
import { Icon, type IconName } from './icons.tsx'
import { PageLink } from './links.tsx'
import { confirmPerson } from './requests.ts'
import { type ClosedWorkspace, sessionQuery, signOut, switchTenant, useSession } from './session.ts'
import { usePageTitle } from './titles.ts'

type Reason = { icon: IconName; title: (name: string) => string; text: (closed: ClosedWorkspace) => string }

const reasons: Readonly<Record<string, Reason>> = {
  'accounts.tenant_suspended': {
    icon: 'lock',
    title: name => `${name} is suspended`,
    text: () =>
      'Nobody can work in it until it is opened again. Nothing of it is lost. Its owners got a mail with the reason; whoever runs this installation can open it.',
  },
  'accounts.tenant_pending_deletion': {
    icon: 'lock',
    title: name => `${name} waits for its deletion`,
    text: () => 'Nothing is removed yet. Its owners can see when that begins, and cancel it.',
  },
  'accounts.address_refused': {
    icon: 'globe',
    title: name => `${name} is not open from here`,
    text: ({ detail }) =>
      `${detail} Use a network that it allows, such as that of your office, then try again; or ask one of its administrators.`,
  },
  'accounts.second_factor_required': {
    icon: 'shield',
    title: name => `${name} asks for a second factor`,
    text: () =>
      'You have none yet: an authenticator app, or a passkey. It takes about two minutes to set one up, then you can go on here.',
  },
  'accounts.second_factor_unconfirmed': {
    icon: 'shield',
    title: name => `${name} asks for your second factor`,
    text: () =>
      'You have one, and have not shown one that counts here since you signed in. Confirm with a code of your authenticator app, or with a passkey.',
  },
}

const other: Reason = { icon: 'lock', title: name => `${name} is closed to you now`, text: ({ detail }) => detail }

/** Stands in the place of every page of a workspace that may not be used now: what is wrong, and what to do. */
export function ClosedWorkspacePage({ closed }: { closed: ClosedWorkspace }) {
  const session = useSession()
  const client = useQueryClient()
  const { icon, title, text } = reasons[closed.code] ?? other
  usePageTitle(title(closed.tenantName))
  const look = () => client.invalidateQueries(sessionQuery)
  const confirm = useMutation({ mutationFn: () => confirmPerson('second_factor'), onSuccess: look })
  const again = useMutation({ mutationFn: look })
  const open = useMutation({ mutationFn: (id: string) => switchTenant(id, '/') })
  const leave = useMutation({ mutationFn: signOut })
  const error = open.error ?? leave.error ?? confirm.error
  const others = session.tenants.filter(({ id, isActive }) => id !== closed.tenantId && isActive)
  return (
    <Stack maw={560} gap="lg" py="lg">
      <span style={{ color: 'var(--mantine-color-dimmed)' }}>
        <Icon name={icon} size={34} />
      </span>
      <div>
        <Title order={1}>{title(closed.tenantName)}</Title>
        <Text mt="xs">{text(closed)}</Text>
      </div>
      {error && (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert">
          {error instanceof Error ? error.message : 'Try again.'}
        </Alert>
      )}
      <Group gap="xs">
        {closed.code === 'accounts.second_factor_required' && (
          <Button component={Link} to="/account/security" leftSection={<Icon name="shield" />}>
            Set up a second factor
          </Button>
        )}
        {closed.code === 'accounts.second_factor_unconfirmed' && (
          <Button leftSection={<Icon name="shield" />} loading={confirm.isPending} onClick={() => confirm.mutate()}>
            Confirm
          </Button>
        )}
        {closed.code === 'accounts.tenant_pending_deletion' && (
          <Button component={PageLink} to="/settings/deletion" search={{ tenant: closed.tenantId }}>
            See the deletion
          </Button>
        )}
        <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
          Try again
        </Button>
        <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
          Sign out
        </Button>
      </Group>
      {others.length > 0 && (
        <div>
          <Title order={2} size="h4" mb="xs">
            Your other workspaces
          </Title>
          <Group gap="xs">
            {others.map(({ id, name }) => (
              <Button key={id} variant="default" disabled={open.isPending} onClick={() => open.mutate(id)}>
                {name}
              </Button>
            ))}
          </Group>
        </div>
      )}
    </Stack>
  )
}

/** Above the pages about oneself, while the workspace is closed. */
export function ClosedWorkspaceBanner({ closed }: { closed: ClosedWorkspace }) {
  const { icon, title } = reasons[closed.code] ?? other
  return (
    <Alert variant="light" icon={<Icon name={icon} />} mb="lg" title={title(closed.tenantName)}>
      <Anchor component={PageLink} to="/" size="sm" underline="always">
        See what to do
      </Anchor>
    </Alert>
  )
}

/** MT-15: how long one may go on without a second factor, above every page. */
export function SecondFactorGraceBanner() {
  const { secondFactorGrace: grace, tenant } = useSession()
  if (!grace) return null
  return (
    <Alert variant="light" color="yellow" icon={<Icon name="shield" />} mb="lg" role="status">
      <Text size="sm">
        {tenant?.name ?? 'This workspace'} asks for a second factor, and you have none.{' '}
        {graceInWords(grace.loginsLeft, new Date(grace.endsAt), new Date())}{' '}
        <Anchor component={PageLink} to="/account/security" size="sm" underline="always">
          Set one up
        </Anchor>
      </Text>
    </Alert>
  )
}

/** `2 sign-ins or 5 days left.` */
export function graceInWords(logins: number, endsAt: Date, now: Date): string {
  const hours = Math.max(0, (endsAt.getTime() - now.getTime()) / 3600_000)
  const time = hours >= 36 ? counted(Math.round(hours / 24), 'day') : counted(Math.max(1, Math.round(hours)), 'hour')
  if (logins === 0) return `You can go on for ${time}, or until you are signed out: the next sign-in wants one.`
  return `You have ${counted(logins, 'more sign-in')} or ${time} left, whichever ends first.`
}

const counted = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
