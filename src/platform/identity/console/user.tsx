import { Alert, Anchor, Badge, Button, Card, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import {
  directory,
  ErrorState,
  formatCount,
  formatInstantDay,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  usePageTitle,
  useSession,
} from '#platform/console'
import { type AccountAction, ActionDialog, actionsFor } from './account-actions.tsx'
import {
  type AccountEvent,
  accountEventsQuery,
  accountQuery,
  nameOf,
  statusWords,
  type UserDetails,
  workspacesQuery,
} from './accounts.ts'
import { StatusBadge } from './users.tsx'

/** One account: what it is, how its owner comes in, what happened, and what can be done. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data: user, error, refetch } = useQuery(accountQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!user) {
    return (
      <div role="status" aria-label="Loading the account">
        <Skeleton height={420} />
      </div>
    )
  }
  return <Account user={user} />
}

function Account({ user }: { user: UserDetails }) {
  const session = useSession()
  const [action, setAction] = useState<AccountAction>()
  const isOneself = session.user.id === user.id
  const actions = actionsFor(user, isOneself)
  usePageTitle(nameOf(user))
  return (
    <>
      <Anchor component={PageLink} to="/users" size="sm" mb="xs" display="inline-block">
        All accounts
      </Anchor>
      <PageHeader
        title={nameOf(user)}
        lead={
          <Group gap="xs">
            {user.email}
            <StatusBadge status={user.status} isOperator={user.isOperator} />
          </Group>
        }
      />
      <Stack gap="md" maw={860}>
        <StatusNote user={user} />
        <Section id="account" title="Account">
          <Facts user={user} />
        </Section>
        <Section
          id="ways"
          title="Ways in"
          lead="Help for somebody who cannot get in. Make sure that it is really the owner who asks."
          actions={actions.ways}
          choose={setAction}
        >
          <Ways user={user} />
        </Section>
        <Workspaces id={user.id} />
        <Section
          id="status"
          title="Status"
          lead={
            isOneself
              ? 'This is your own account. You delete it under My data; for the rest ask another operator.'
              : 'What you do here is kept in the log with your name and a reason.'
          }
          actions={actions.status}
          choose={setAction}
        />
        <Events id={user.id} />
      </Stack>
      {action && <ActionDialog user={user} action={action} close={() => setAction(undefined)} />}
    </>
  )
}

function Section({ id, title, lead, actions = [], choose, children }: SectionProps) {
  return (
    <Card withBorder component="section" aria-labelledby={id}>
      <Title order={2} size="h4" id={id}>
        {title}
      </Title>
      {lead && (
        <Text c="dimmed" size="sm" mt={4}>
          {lead}
        </Text>
      )}
      {children && <div style={{ marginTop: 12 }}>{children}</div>}
      {actions.length > 0 && (
        <Group gap="xs" mt="md">
          {actions.map(action => (
            <Button key={action.label} variant="default" size="xs" onClick={() => choose?.(action)}>
              {action.label}
            </Button>
          ))}
        </Group>
      )}
    </Card>
  )
}

type SectionProps = {
  id: string
  title: string
  lead?: string
  actions?: readonly AccountAction[]
  choose?: (action: AccountAction) => void
  children?: ReactNode
}

function StatusNote({ user }: { user: UserDetails }) {
  if (user.status === 'active') return null
  const { statusChangedAt, statusChangedBy, statusReason, restorableUntil } = user
  const by =
    statusChangedBy === null ? '' : statusChangedBy.id === user.id ? ' by its owner' : ` by ${nameOf(statusChangedBy)}`
  return (
    <Alert
      color={user.status === 'deleted' ? 'red' : 'yellow'}
      variant="light"
      icon={<Icon name="alert" />}
      title={`${statusWords[user.status]}${statusChangedAt ? ` on ${formatTime(statusChangedAt)}` : ''}${by}`}
    >
      {statusReason && <Text size="sm">Reason: {statusReason}</Text>}
      {restorableUntil && (
        <Text size="sm" mt={4}>
          It can be restored until {formatInstantDay(restorableUntil)}, unless its address is taken. Then it is erased.
          To erase it at once, see{' '}
          <Anchor component={PageLink} to="/operations/audit" inherit underline="always">
            Operations, Audit log
          </Anchor>
          .
        </Text>
      )}
    </Alert>
  )
}

function Facts({ user }: { user: UserDetails }) {
  return (
    <dl className={directory.facts}>
      <dt>Address</dt>
      <dd>
        {user.email}{' '}
        {user.emailVerifiedAt ? (
          <Text span c="dimmed" size="sm">
            confirmed on {formatInstantDay(user.emailVerifiedAt)}
          </Text>
        ) : (
          <Badge variant="default" tt="none" size="sm">
            Not confirmed
          </Badge>
        )}
      </dd>
      <dt>User name</dt>
      <dd>{user.username ?? 'None'}</dd>
      <dt>Time zone</dt>
      <dd>{user.timezone}</dd>
      <dt>Created</dt>
      <dd>{formatTime(user.createdAt)}</dd>
      <dt>Last sign-in</dt>
      <dd>{user.lastLoginAt ? `${formatTime(user.lastLoginAt)} (${times(user.loginCount)} in all)` : 'Never'}</dd>
      <dt>ID</dt>
      <dd className="mono">{user.id}</dd>
    </dl>
  )
}

const times = (count: number) => (count === 1 ? 'once' : `${formatCount(count)} times`)

function Ways({ user: { factors, sessions, lockedUntil } }: { user: UserDetails }) {
  const { hasPassword, hasTwoFactor, backupCodesLeft, passkeys, linkedSignIns } = factors
  return (
    <dl className={directory.facts}>
      <dt>Password</dt>
      <dd>
        {hasPassword ? 'Set' : 'None'}
        {lockedUntil && `; rests after wrong ones until ${formatTime(lockedUntil)}`}
      </dd>
      <dt>Second factor</dt>
      <dd>
        {hasTwoFactor
          ? `Authenticator app, ${formatCount(backupCodesLeft)} backup ${backupCodesLeft === 1 ? 'code' : 'codes'} left`
          : 'None'}
      </dd>
      <dt>Passkeys</dt>
      <dd>{passkeys === 0 ? 'None' : formatCount(passkeys)}</dd>
      <dt>Linked sign-ins</dt>
      <dd>{linkedSignIns === 0 ? 'None' : formatCount(linkedSignIns)}</dd>
      <dt>Signed in on</dt>
      <dd>{sessions === 0 ? 'No device' : sessions === 1 ? 'One device' : `${formatCount(sessions)} devices`}</dd>
    </dl>
  )
}

function Workspaces({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(workspacesQuery(id))
  return (
    <Section id="workspaces" title="Workspaces">
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={40} />
      ) : data.items.length === 0 ? (
        <Text size="sm" c="dimmed">
          In none.
        </Text>
      ) : (
        <ul className={directory.events}>
          {data.items.map(({ id, name, slug, roles, isActive }) => (
            <li key={id}>
              {name}{' '}
              <Text span c="dimmed" size="sm">
                {slug} · {roles.join(', ') || 'no role'}
                {!isActive && ' · not active'}
              </Text>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Events({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(accountEventsQuery(id))
  const told = data?.items.filter(({ action }) => action in eventWords)
  return (
    <Section id="events" title="What happened" lead="What operators and the owner did to the account, newest first.">
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !told ? (
        <Skeleton height={60} />
      ) : told.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing yet.
        </Text>
      ) : (
        <ul className={directory.events}>
          {told.map(event => (
            <li key={event.id}>
              {sentenceOf(event)}
              <Text c="dimmed" size="sm">
                {formatTime(event.createdAt)}
                {typeof event.details?.reason === 'string' && ` · ${event.details.reason}`}
              </Text>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

const eventWords: Readonly<Record<string, string>> = {
  suspend: 'suspended the account',
  deactivate: 'deactivated the account',
  reactivate: 'reactivated the account',
  delete: 'deleted the account',
  restore: 'restored the account',
  end_sessions: 'signed it out everywhere',
  reset_two_factor: 'removed the second factor',
  send_password_reset: 'sent a link for a new password',
  ask_password_reset: 'asked for a link for a new password',
  make_operator: 'made it an operator',
  remove_operator: 'removed it as an operator',
  export: 'downloaded the data of the account',
}

const sentenceOf = ({ userName, action }: AccountEvent) => `${userName ?? 'Somebody'} ${eventWords[action]}`
