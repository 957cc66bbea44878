import { Badge, Button, Group, Menu, NativeSelect, Skeleton, Text, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatInstantDay,
  formatTime,
  Icon,
  LoadMore,
  oneOf,
  request,
  type Search,
  useAddress,
  useSession,
} from '#platform/console'
import { FileInvitation } from './file-invitation.tsx'
import { InvitationForm } from './invitation-form.tsx'
import classes from './invitations.module.css'
import { MembersFrame } from './members-frame.tsx'
import { type Invitation, invitationsQuery, type Status, statusColors, statusWords } from './own-invitations.ts'

const readSearch = (search: Search) => ({ status: oneOf(search.status), dialog: oneOf(search.dialog) })

/** Who is asked to work here, and what became of it. */
export function Page() {
  const { can } = useSession()
  const mayWrite = can('members.invitations.write')
  const [{ status, dialog }, change] = useAddress(readSearch)
  const query = useInfiniteQuery({ ...invitationsQuery(status), placeholderData: keepPreviousData })
  const items = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const close = () => change({ dialog: '' }, true)
  const invite = mayWrite && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => change({ dialog: 'one' })}>
      Invite people
    </Button>
  )
  return (
    <MembersFrame
      actions={
        mayWrite && (
          <>
            <Button variant="default" onClick={() => change({ dialog: 'file' })}>
              From a file
            </Button>
            {invite}
          </>
        )
      }
    >
      <search className={classes.filters} aria-label="Filter the invitations">
        <NativeSelect
          label="Status"
          value={status}
          onChange={event => change({ status: event.currentTarget.value })}
          data={[
            { value: '', label: 'Any' },
            ...(Object.keys(statusWords) as Status[]).map(value => ({ value, label: statusWords[value] })),
          ]}
        />
      </search>
      {query.isPending ? (
        <div role="status" aria-label="Loading the invitations">
          <Skeleton height={240} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="mail"
            title={status ? 'No such invitation' : 'Nobody is invited'}
            action={
              status ? (
                <Button variant="default" onClick={() => change({ status: '' })}>
                  Show all
                </Button>
              ) : (
                invite
              )
            }
          >
            Whoever you invite gets a mail with a link. It works once, for seven days, and only for that address.
          </EmptyState>
        </div>
      ) : (
        <div className="panel" aria-busy={query.isPlaceholderData}>
          <ul className={classes.items} aria-label="Invitations">
            {items.map(invitation => (
              <Row key={invitation.id} invitation={invitation} mayWrite={mayWrite} />
            ))}
          </ul>
          <LoadMore query={query} label="Load older invitations">
            {formatCount(items.length)} {items.length === 1 ? 'invitation' : 'invitations'}
          </LoadMore>
        </div>
      )}
      {mayWrite && dialog === 'one' && <InvitationForm close={close} />}
      {mayWrite && dialog === 'file' && <FileInvitation close={close} />}
    </MembersFrame>
  )
}

function Row({ invitation, mayWrite }: { invitation: Invitation; mayWrite: boolean }) {
  const { id, email, status, roles } = invitation
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: (what: 'resend' | 'cancel') => request(`/invitations/${id}/${what}`, { method: 'POST' }),
    onSuccess: (_answer, what) =>
      notifications.show({
        message: what === 'resend' ? `${email} gets another mail.` : `The invitation of ${email} is withdrawn.`,
      }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was done', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['invitations'] }),
  })
  const isOpen = status === 'pending' || status === 'expired'
  return (
    <li className={classes.item}>
      <div className={classes.what}>
        <Text fw={550} size="sm">
          {email}
        </Text>
        <div className={classes.about}>
          <span>{roles.map(({ name }) => name).join(', ') || 'no role'}</span>
          {invitation.invitedByName && <span>by {invitation.invitedByName}</span>}
          <span title={formatTime(invitation.createdAt)}>{formatInstantDay(invitation.createdAt)}</span>
        </div>
      </div>
      <div className={classes.state}>
        <Badge variant="light" color={statusColors[status]} tt="none" size="sm" autoContrast>
          {statusWords[status]}
        </Badge>
        <Text size="xs" c="dimmed">
          {momentOf(invitation)}
        </Text>
      </div>
      {mayWrite && isOpen ? (
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <UnstyledButton p={8} aria-label={`Change the invitation of ${email}`} disabled={act.isPending}>
              <Icon name="more" />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="mail" size={16} />} onClick={() => act.mutate('resend')}>
              Send again
            </Menu.Item>
            <Menu.Item color="red" leftSection={<Icon name="close" size={16} />} onClick={() => act.mutate('cancel')}>
              Withdraw
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : (
        <Group w={34} />
      )}
    </li>
  )
}

function momentOf({ status, acceptedAt, cancelledAt, cancelledByName, expiresAt }: Invitation): string {
  if (status === 'accepted' && acceptedAt) return formatInstantDay(acceptedAt)
  if (status === 'cancelled' && cancelledAt) {
    return `${formatInstantDay(cancelledAt)}${cancelledByName ? ` by ${cancelledByName}` : ''}`
  }
  return `${status === 'pending' ? 'until' : 'since'} ${formatInstantDay(expiresAt)}`
}
