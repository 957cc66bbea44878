import { ActionIcon, Badge, Button, Group, NativeSelect, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { EmptyState, ErrorState, formatAgo, formatTime, Icon, request, useSession } from '#platform/console'
import { listQuery, refreshLists } from './lists.ts'
import { ShareForm } from './share-form.tsx'
import { ShareLink } from './share-link.tsx'
import {
  type NewShare,
  type Permission,
  pathOf,
  permissionChoices,
  permissionNames,
  type Share,
  sharesQuery,
} from './share-queries.ts'
import classes from './sharing.module.css'

/** With whom a list is shared: its owner changes that, whoever has it from him leaves it here. */
export function ListShares({ listId }: { listId: string }) {
  const { can } = useSession()
  const list = useQuery(listQuery(listId)).data
  const shares = useQuery(sharesQuery(listId))
  const [isAdding, setIsAdding] = useState(false)
  const [made, setMade] = useState<NewShare>()
  const isOwner = list?.isMine === true
  const mayShare = isOwner && can('contractors.shares.write')
  if (shares.isPending || !list) return <Skeleton height={120} />
  if (shares.error) return <ErrorState error={shares.error} retry={() => void shares.refetch()} />
  const items = shares.data.items
  const add = mayShare && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsAdding(true)}>
      Share
    </Button>
  )
  return (
    <section aria-label="Shared with">
      {items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="people" title="Shared with nobody" action={add}>
            {isOwner
              ? 'Only you see this list, unless it is public in the workspace. Share it with a colleague, or by a link with somebody outside.'
              : 'You see this list because it is public in the workspace.'}
          </EmptyState>
        </div>
      ) : (
        <>
          {add && (
            <Group justify="flex-end" mb="sm">
              {add}
            </Group>
          )}
          <ul className={`panel ${classes.rows}`}>
            {items.map(share => (
              <ShareRow key={share.id} listId={listId} share={share} mayShare={mayShare} onLink={setMade} />
            ))}
          </ul>
        </>
      )}
      {isAdding && (
        <ShareForm
          listId={listId}
          close={() => setIsAdding(false)}
          done={share => {
            setIsAdding(false)
            if (share.link) setMade(share)
          }}
        />
      )}
      {made && <ShareLink share={made} close={() => setMade(undefined)} />}
    </section>
  )
}

type ShareRowProps = { listId: string; share: Share; mayShare: boolean; onLink: (share: NewShare) => void }

function ShareRow({ listId, share, mayShare, onLink }: ShareRowProps) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const path = `${pathOf(listId)}/shares/${share.id}`
  const name = share.user?.name ?? share.email ?? 'Somebody'
  const onError = (error: Error) =>
    notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message })
  const onSettled = () => refreshLists(client)
  const change = useMutation({
    mutationFn: (permission: Permission) =>
      request(path, { method: 'PATCH', body: { permission, ...(permission === 'edit' && { includesRemarks: true }) } }),
    onError,
    onSettled,
  })
  const renew = useMutation({
    mutationFn: () => request<NewShare>(`${path}/link`, { method: 'POST', body: {} }),
    onSuccess: onLink,
    onError,
    onSettled,
  })
  const end = useMutation({
    mutationFn: () => request(path, { method: 'DELETE' }),
    onSuccess: () => {
      if (share.isMine) void navigate({ to: '/lists' })
    },
    onError,
    onSettled,
  })
  return (
    <li className={classes.row}>
      <div style={{ minWidth: 0 }}>
        <Group gap={8}>
          <Icon name={share.user ? 'person' : 'globe'} size={16} />
          <Text fw={560} size="sm" style={{ overflowWrap: 'anywhere' }}>
            {share.isMine ? 'You' : name}
          </Text>
          {share.status !== 'open' && (
            <Badge size="sm" variant="light" color={share.status === 'used' ? 'gray' : 'red'}>
              {statusNames[share.status]}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed" mt={2}>
          {detailsOf(share).join(' · ')}
        </Text>
      </div>
      <div className={classes.controls}>
        {mayShare ? (
          <>
            <NativeSelect
              size="xs"
              aria-label={`What ${name} may do`}
              value={share.permission}
              disabled={change.isPending}
              onChange={event => change.mutate(event.currentTarget.value as Permission)}
              data={permissionChoices}
            />
            {share.email && (
              <ActionIcon
                variant="default"
                size={30}
                loading={renew.isPending}
                aria-label={`Send ${name} another link`}
                title="Send another link"
                onClick={() => renew.mutate()}
              >
                <Icon name="mail" size={16} />
              </ActionIcon>
            )}
            <ActionIcon
              variant="default"
              size={30}
              loading={end.isPending}
              aria-label={`Share no longer with ${name}`}
              title="Share no longer"
              onClick={() => end.mutate()}
            >
              <Icon name="close" size={16} />
            </ActionIcon>
          </>
        ) : (
          <>
            <Text size="sm">{permissionNames[share.permission]}</Text>
            {share.isMine && (
              <Button size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
                Leave the list
              </Button>
            )}
          </>
        )}
      </div>
    </li>
  )
}

const statusNames: Readonly<Record<Share['status'], string>> = {
  open: 'Open',
  used: 'Link used',
  expired: 'Expired',
  stopped: 'Stopped',
}

function detailsOf(share: Share): string[] {
  const { email, user } = share
  return [
    ...(email ? ['Outside, by a link'] : user?.email && user.email !== user.name ? [user.email] : []),
    ...(email && !share.includesRemarks ? ['without remarks'] : []),
    ...(email && share.isSingleUse ? ['for one time'] : []),
    ...(share.hasPassword ? ['with a password'] : []),
    `since ${formatTime(share.sharedAt)}`,
    ...(share.expiresAt ? [`until ${formatTime(share.expiresAt)}`] : []),
    ...(email ? [share.lastAccessedAt ? `last seen ${formatAgo(share.lastAccessedAt)}` : 'not opened yet'] : []),
  ]
}
