import { Button, Checkbox, Group, Modal, PasswordInput, Progress, Skeleton, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  directory,
  formatAgo,
  formatCount,
  formatExactTime,
  formatTime,
  Icon,
  Refusal,
  request,
} from '#platform/console'
import { type Export, exportsQuery, isUnderWay, sizeInWords } from './exports.ts'

/** Exports of a workspace: those of the last days with how far they are, and a way to ask for one. `path` is where they are. */
export function Exports({ path }: { path: string }) {
  const [isAsking, setIsAsking] = useState(false)
  const query = useQuery(exportsQuery(path))
  const items = query.data?.items ?? []
  return (
    <>
      <Group>
        <Button
          variant="default"
          leftSection={<Icon name="download" size={16} />}
          disabled={items.some(isUnderWay)}
          onClick={() => setIsAsking(true)}
        >
          Export the workspace…
        </Button>
      </Group>
      {query.isPending ? (
        <Skeleton height={60} mt="md" aria-label="Loading the exports" />
      ) : query.error ? (
        <Refusal error={query.error} mt="md" />
      ) : items.length === 0 ? (
        <Text size="sm" c="dimmed" mt="md">
          None was made in the last 90 days.
        </Text>
      ) : (
        <ul className={directory.events} style={{ marginTop: 14 }} aria-label="Exports">
          {items.map(item => (
            <Item key={item.id} path={path} item={item} />
          ))}
        </ul>
      )}
      {isAsking && <Dialog path={path} close={() => setIsAsking(false)} />}
    </>
  )
}

function Item({ path, item }: { path: string; item: Export }) {
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries(exportsQuery(path))
  const fetching = useMutation({
    mutationFn: () => request<{ href: string }>(`${path}/${item.id}/links`, { method: 'POST' }),
    onSuccess: ({ href }) => {
      // Answered as an attachment: the page stays.
      window.location.assign(href)
      setTimeout(() => void refresh(), 2_000)
    },
    onError: error => notifications.show({ color: 'red', title: 'Not fetched', message: error.message }),
  })
  const removal = useMutation({
    mutationFn: () => request(`${path}/${item.id}`, { method: 'DELETE' }),
    onError: error => notifications.show({ color: 'red', title: 'Not removed', message: error.message }),
    onSettled: refresh,
  })
  const isOpen = item.status === 'done' && item.expiresAt !== null && Date.parse(item.expiresAt) > Date.now()
  const who = `${item.requestedByName ?? 'somebody whose account is gone'}${item.isByOperator ? ', an operator' : ''}`
  return (
    <li>
      <Group justify="space-between" gap="xs" align="flex-start">
        <div style={{ flex: '1 1 260px', minWidth: 0 }}>
          <span style={{ overflowWrap: 'anywhere' }}>{titleOf(item)}</span>
          <Text c="dimmed" size="sm">
            <time dateTime={item.createdAt} title={formatExactTime(item.createdAt)}>
              {formatTime(item.createdAt)}
            </time>{' '}
            · {who}
            {item.status === 'done' && ` · ${formatCount(item.rowsDone)} rows, ${sizeInWords(item.byteCount)}`}
            {item.isSealed && ' · encrypted'}
            {item.downloadedAt && ` · fetched ${formatAgo(item.downloadedAt)}`}
            {isOpen && item.expiresAt && ` · can be fetched until ${formatTime(item.expiresAt)}`}
          </Text>
          {isUnderWay(item) && <HowFar item={item} />}
          {item.failure && (
            <Text size="sm" c="var(--mantine-color-error)">
              {item.failure}
            </Text>
          )}
        </div>
        <Group gap="xs" wrap="nowrap">
          {isOpen && (
            <Button size="xs" loading={fetching.isPending} onClick={() => fetching.mutate()}>
              Download
            </Button>
          )}
          {(isOpen || isUnderWay(item)) && (
            <Button variant="default" size="xs" loading={removal.isPending} onClick={() => removal.mutate()}>
              {isOpen ? 'Delete' : 'Cancel'}
            </Button>
          )}
        </Group>
      </Group>
    </li>
  )
}

function titleOf({ status, fileName, expiresAt }: Export): string {
  if (status === 'failed') return 'It could not be made'
  if (status !== 'done') return 'Being made'
  return expiresAt !== null && Date.parse(expiresAt) > Date.now() ? (fileName ?? '') : `${fileName}, which has expired`
}

function HowFar({ item: { status, tablesDone, tablesTotal, rowsDone } }: { item: Export }) {
  const words =
    status === 'waiting' || tablesTotal === null
      ? 'Begins in a moment'
      : `${tablesDone} of ${tablesTotal} kinds of rows, ${formatCount(rowsDone)} rows`
  return (
    <div style={{ marginTop: 6 }}>
      <Progress.Root size="sm">
        <Progress.Section
          value={tablesTotal ? (100 * tablesDone) / tablesTotal : 100}
          striped={!tablesTotal}
          animated={!tablesTotal}
          aria-label="Progress of the export"
          aria-valuetext={words}
        />
      </Progress.Root>
      <Text size="xs" c="dimmed" role="status">
        {words}
      </Text>
    </div>
  )
}

function Dialog({ path, close }: { path: string; close: () => void }) {
  const client = useQueryClient()
  const [isSealed, setIsSealed] = useState(true)
  const [passphrase, setPassphrase] = useState('')
  const asking = useMutation({
    mutationFn: () => request(path, { method: 'POST', body: isSealed ? { passphrase } : {} }),
    onSuccess: async () => {
      close()
      await client.invalidateQueries(exportsQuery(path))
    },
  })
  const isFit = !isSealed || passphrase.length >= 12
  return (
    <Modal opened onClose={close} title="Export the workspace?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isFit) asking.mutate()
        }}
      >
        <Stack gap="md">
          <Text size="sm">
            It is made while you go on working, and can be fetched for 24 hours. It holds personal data: keep it as you
            would keep the workspace itself.
          </Text>
          <Checkbox
            label="Encrypt it with a passphrase"
            checked={isSealed}
            onChange={event => setIsSealed(event.currentTarget.checked)}
          />
          {isSealed && (
            <PasswordInput
              label="Passphrase"
              description="At least 12 characters. It is not kept: without it nobody opens the file."
              value={passphrase}
              onChange={event => setPassphrase(event.currentTarget.value)}
              autoComplete="new-password"
              maxLength={500}
              required
              data-autofocus
            />
          )}
        </Stack>
        <Refusal error={asking.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={asking.isPending} disabled={!isFit}>
            Export
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
