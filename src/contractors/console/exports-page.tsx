import { Badge, Button, Group, Progress, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatExactTime,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
} from '#platform/console'
import classes from './exports.module.css'
import { deleteExport, type Export, exportsQuery, fileOf, formatNames, formatSize, isUnderWay } from './exports.ts'

/** One's own files: those being made with how far they are, and those to be fetched. */
export function Page() {
  const query = useInfiniteQuery(exportsQuery)
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <>
      <PageHeader
        title="Exports"
        lead="Files of contractors that you have asked for. They are kept for 24 hours, for you alone."
      />
      {query.isPending ? (
        <div role="status" aria-label="Loading the exports">
          <Skeleton height={220} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="download"
            title="No exports"
            action={
              <Button component={PageLink} to="/contractors">
                Search contractors
              </Button>
            }
          >
            Tick contractors in a search or a list, or take all of them, and choose Export: as CSV, Excel, JSON or PDF.
          </EmptyState>
        </div>
      ) : (
        <>
          <ul className={`panel ${classes.exports}`} aria-label="Exports">
            {items.map(item => (
              <Item key={item.id} item={item} />
            ))}
          </ul>
          <LoadMore query={query} label="Load more" />
        </>
      )}
    </>
  )
}

function Item({ item }: { item: Export }) {
  const client = useQueryClient()
  const underWay = isUnderWay(item)
  const removal = useMutation({
    mutationFn: () => deleteExport(item.id),
    onError: error => notifications.show({ color: 'red', title: 'Not deleted', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: exportsQuery.queryKey }),
  })
  return (
    <li className={classes.item}>
      <div className={classes.about}>
        <Group gap={8} wrap="nowrap">
          <Text fw={550} style={{ overflowWrap: 'anywhere' }}>
            {item.title}
          </Text>
          <Badge variant="light" color="gray" size="sm" style={{ flex: 'none' }}>
            {item.format}
          </Badge>
        </Group>
        <Text size="sm" c="dimmed" className="figures">
          <time dateTime={item.createdAt} title={formatExactTime(item.createdAt)}>
            {formatTime(item.createdAt)}
          </time>
          {item.status === 'done' && (
            <>
              {' · '}
              {formatCount(item.rowsDone)} {item.rowsDone === 1 ? 'contractor' : 'contractors'}
              {' · '}
              {formatSize(item.byteCount)}
              {item.expiresAt && <TimeLeft until={item.expiresAt} />}
            </>
          )}
        </Text>
        {underWay && <HowFar item={item} />}
        {item.status === 'failed' && (
          <Text size="sm" c="var(--mantine-color-error)">
            It could not be made. {item.failure} Ask for it again, or for less.
          </Text>
        )}
      </div>
      <Group gap="xs" wrap="nowrap">
        {item.status === 'done' && (
          <Button
            component="a"
            href={fileOf(item)}
            download
            size="xs"
            leftSection={<Icon name="download" size={15} />}
            aria-label={`Download ${item.title} as ${formatNames[item.format]}`}
          >
            Download
          </Button>
        )}
        <Button
          variant="default"
          size="xs"
          loading={removal.isPending}
          onClick={() => removal.mutate()}
          aria-label={`${underWay ? 'Cancel' : 'Delete'} ${item.title} as ${formatNames[item.format]}`}
        >
          {underWay ? 'Cancel' : 'Delete'}
        </Button>
      </Group>
    </li>
  )
}

function HowFar({ item }: { item: Export }) {
  const { rowsDone, rowsTotal, status } = item
  const share = rowsTotal ? Math.min(100, (rowsDone / rowsTotal) * 100) : undefined
  const words =
    status === 'waiting' || rowsDone === 0
      ? 'Begins in a moment'
      : `${formatCount(rowsDone)}${rowsTotal ? ` of ${formatCount(rowsTotal)}` : ''} contractors`
  return (
    <div className={classes.progress}>
      <Progress.Root size="sm">
        <Progress.Section
          value={share ?? 100}
          striped={share === undefined}
          animated={share === undefined}
          aria-label={`Progress of ${item.title}`}
          aria-valuetext={words}
        />
      </Progress.Root>
      <Text size="xs" c="dimmed" className="figures" role="status">
        {words}
      </Text>
    </div>
  )
}

/** In words, and right while the page stays open. */
function TimeLeft({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000)
    return () => clearInterval(timer)
  }, [])
  const minutes = Math.max(0, Math.round((new Date(until).getTime() - now) / 60_000))
  const hours = Math.floor(minutes / 60)
  const words =
    minutes === 0
      ? 'expires now'
      : hours >= 1
        ? `expires in ${hours} ${hours === 1 ? 'hour' : 'hours'}`
        : `expires in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
  return (
    <>
      {' · '}
      <time dateTime={until} title={formatExactTime(until)}>
        {words}
      </time>
    </>
  )
}
