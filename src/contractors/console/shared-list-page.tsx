import { Alert, Badge, Button, Group, PasswordInput, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  ColorSchemeChoice,
  EmptyState,
  formatCount,
  formatTime,
  Icon,
  LoadMore,
  Problem,
  Refusal,
  request,
  useLinkToken,
  usePageTitle,
  Wordmark,
} from '#platform/console'
import { ListIcon } from './list-icon.tsx'
import { Presence } from './live-presence.tsx'
import { keysOf, type ListUpdates, useLiveList } from './live-updates.ts'
import { Comments } from './share-comments.tsx'
import { guestPlace } from './share-queries.ts'
import { SharedItem } from './shared-item.tsx'
import { type SharedList, sharedItemsQuery, sharedListQuery } from './shared-list-queries.ts'
import classes from './sharing.module.css'

/** Where the link of a list leads somebody who has no account. */
export function Page() {
  const token = useLinkToken()
  const [listId, setListId] = useState(() => new URLSearchParams(window.location.search).get('id') ?? '')
  useEffect(() => {
    // Nothing of it is for search engines.
    const robots = document.createElement('meta')
    robots.name = 'robots'
    robots.content = 'noindex, nofollow'
    document.head.append(robots)
    return () => robots.remove()
  }, [])
  const opened = (id: string) => {
    // Which list it is may stand in the address, so that the page can be loaded anew; its secret may not.
    window.history.replaceState(window.history.state, '', `${window.location.pathname}?id=${id}`)
    setListId(id)
  }
  return (
    <div className={classes.frame}>
      <header className={classes.head}>
        <Wordmark size={26} />
        <ColorSchemeChoice />
      </header>
      <main>
        {token !== '' && !listId ? (
          <Opening token={token} opened={opened} />
        ) : listId ? (
          <Opened listId={listId} token={token} opened={opened} />
        ) : (
          <NoLink />
        )}
      </main>
    </div>
  )
}

function NoLink() {
  usePageTitle('A shared list')
  return (
    <EmptyState icon="lock" order={1} title="Open the list by your link">
      Open the link in the mail exactly as it stands there, with everything after the # sign. If it opens nothing any
      more, ask who sent it to you for a new one.
    </EmptyState>
  )
}

/** Asks before it opens: a link for one time would be used up by programs that look into mails. */
function Opening({ token, opened }: { token: string; opened: (listId: string) => void }) {
  usePageTitle('A shared list')
  const [password, setPassword] = useState('')
  const open = useMutation({
    mutationFn: () =>
      request<{ listId: string }>('/shared-lists', { method: 'POST', body: { token, ...(password && { password }) } }),
    onSuccess: ({ listId }) => opened(listId),
  })
  const code = open.error instanceof Problem ? open.error.code : undefined
  const wantsPassword = code === 'contractors.link_password_needed' || code === 'contractors.link_password_wrong'
  if (code === 'contractors.link_unusable') {
    return (
      <EmptyState icon="lock" order={1} title="This link opens nothing">
        It was taken back, has ended, or worked once and was used. Ask who sent it to you for a new one.
      </EmptyState>
    )
  }
  return (
    <Stack maw={420} mx="auto" mt="xl" gap="md">
      <Title order={1}>A list is shared with you</Title>
      <Text c="dimmed" size="sm">
        You need no account. What you open stays open in this browser for eight hours.
      </Text>
      {code !== 'contractors.link_password_needed' && <Refusal error={open.error} />}
      <form
        onSubmit={event => {
          event.preventDefault()
          open.mutate()
        }}
      >
        <Stack gap="md">
          {wantsPassword && (
            <PasswordInput
              label="Password"
              description="Who sent you the link knows it."
              autoFocus
              visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
              value={password}
              onChange={event => setPassword(event.currentTarget.value)}
            />
          )}
          <Button type="submit" loading={open.isPending}>
            Open the list
          </Button>
        </Stack>
      </form>
    </Stack>
  )
}

function Opened({ listId, token, opened }: { listId: string; token: string; opened: (listId: string) => void }) {
  const list = useQuery(sharedListQuery(listId))
  usePageTitle(list.data?.name ?? 'A shared list')
  const isClosed = list.error instanceof Problem && list.error.status === 401
  if (isClosed && token !== '') return <Opening token={token} opened={opened} />
  if (isClosed) {
    return (
      <EmptyState icon="lock" order={1} title="This list is not open here any more">
        Open it again by the link in your mail. If that opens nothing, it was taken back or has ended: ask who sent it
        to you.
      </EmptyState>
    )
  }
  if (list.error) {
    return (
      <Alert color="red" variant="light" role="alert" icon={<Icon name="alert" />} title="This could not be loaded">
        <Text size="sm">{list.error.message}</Text>
        <Button size="xs" variant="default" mt="sm" onClick={() => void list.refetch()}>
          Try again
        </Button>
      </Alert>
    )
  }
  if (!list.data) return <Skeleton height={300} aria-label="Loading the list" />
  return <List list={list.data} />
}

const may = { view: 'You may look at it', comment: 'You may comment', edit: 'You may edit and comment' } as const

function List({ list }: { list: SharedList }) {
  const client = useQueryClient()
  const { key, base } = guestPlace(list.id)
  const updates = useLiveList(`/api/v1${base}/stream`, about => {
    for (const queryKey of keysOf(key, about)) void client.invalidateQueries({ queryKey })
  })
  const items = useInfiniteQuery(sharedItemsQuery(list.id))
  const shown = items.data?.pages.flatMap(page => page.items) ?? []
  const mayEdit = list.permission === 'edit'
  return (
    <>
      <Header list={list} updates={updates} />
      {mayEdit && <Addition list={list} />}
      {items.isPending ? (
        <Skeleton height={240} aria-label="Loading the contractors" />
      ) : shown.length === 0 ? (
        <div className="panel">
          <EmptyState icon="list" title="Nothing is in this list yet">
            {mayEdit ? 'Add the first contractor by its UEI above.' : 'What is added appears here by itself.'}
          </EmptyState>
        </div>
      ) : (
        <>
          <ul className={`panel ${classes.rows}`} aria-label={`Contractors in ${list.name}`}>
            {shown.map(item => (
              <SharedItem key={item.id} list={list} item={item} />
            ))}
          </ul>
          <LoadMore query={items} label="Load more" />
        </>
      )}
      {list.permission !== 'view' && (
        <>
          <Title order={2} mt="xl" mb="sm">
            Comments
          </Title>
          <Comments
            place={guestPlace(list.id)}
            mayComment
            items={shown.map(({ id, contractor }) => ({ id, name: contractor.name }))}
          />
        </>
      )}
    </>
  )
}

function Header({ list, updates }: { list: SharedList; updates: ListUpdates }) {
  const close = useMutation({
    mutationFn: () => request(`/shared-lists/${list.id}/session`, { method: 'DELETE' }),
    onSettled: () => window.location.assign('/shared/list'),
  })
  return (
    <Group justify="space-between" align="flex-start" gap="sm" mb="lg">
      <div style={{ minWidth: 0, flex: '1 1 260px' }}>
        <Group gap={10} wrap="nowrap">
          <ListIcon list={{ ...list, isDefault: false }} size={24} />
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {list.name}
          </Title>
        </Group>
        {list.description && (
          <Text size="sm" mt={6} style={{ whiteSpace: 'pre-wrap' }}>
            {list.description}
          </Text>
        )}
        <Text size="sm" c="dimmed" mt={6}>
          {list.sharedByName} of {list.tenantName} shares it with {list.email}. {may[list.permission]}.
        </Text>
        <Group gap="4px 16px" mt={6} className="figures">
          <Text size="sm">
            {formatCount(list.itemCount)} {list.itemCount === 1 ? 'contractor' : 'contractors'}
          </Text>
          <Badge variant="light" color="gray" tt="none">
            open here until {formatTime(list.expiresAt)}
          </Badge>
        </Group>
      </div>
      <Group gap="sm">
        <Presence people={updates.people} count={updates.count} />
        <Button size="xs" variant="default" loading={close.isPending} onClick={() => close.mutate()}>
          Close the list
        </Button>
      </Group>
    </Group>
  )
}

function Addition({ list }: { list: SharedList }) {
  const client = useQueryClient()
  const [uei, setUei] = useState('')
  const add = useMutation({
    mutationFn: () =>
      request(`/shared-lists/${list.id}/items`, { method: 'POST', body: { uei: uei.trim().toUpperCase() } }),
    onSuccess: () => setUei(''),
    onSettled: () => client.invalidateQueries({ queryKey: ['shared-list', list.id] }),
  })
  const fault = add.error instanceof Problem ? (add.error.fields.uei ?? add.error.message) : add.error?.message
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (uei.trim()) add.mutate()
      }}
    >
      <Group gap="xs" align="flex-end" mb="md">
        <TextInput
          label="Add a contractor by its UEI"
          maxLength={12}
          autoComplete="off"
          spellCheck={false}
          value={uei}
          error={fault}
          onChange={event => {
            setUei(event.currentTarget.value)
            add.reset()
          }}
        />
        <Button type="submit" variant="default" loading={add.isPending}>
          Add
        </Button>
      </Group>
    </form>
  )
}
