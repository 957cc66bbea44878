import { Badge, Button, Group, Progress, Skeleton, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatCount,
  formatDay,
  formatExactTime,
  Icon,
  LoadMore,
  PageHeader,
  Refusal,
} from '#platform/console'
import { ImportForm } from './import-form.tsx'
import classes from './imports.module.css'
import { durationOf, type Import, importsQuery, isUnderWay, rowsInWords, startImport } from './imports.ts'

/** Everybody's contractors come from here: for who runs the installation. */
export function Page() {
  const query = useInfiniteQuery(importsQuery)
  const [isSending, sending] = useDisclosure(false)
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const send = (
    <Button leftSection={<Icon name="upload" size={16} />} onClick={sending.open}>
      Import a file
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Imports"
        lead="Public data that fills the catalogue of contractors, which all workspaces share. A file goes in whole or not at all; twice, it changes nothing."
        actions={items.length > 0 && send}
      />
      {query.isPending ? (
        <div role="status" aria-label="Loading the imports">
          <Skeleton height={320} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="upload" title="No imports yet" action={send}>
            Send a file of SAM registrations or of FPDS awards. Large ones go faster at the command line:{' '}
            <span className="mono">commonhold contractors import</span>
          </EmptyState>
        </div>
      ) : (
        <>
          <ul className={`panel ${classes.imports}`} aria-label="Imports">
            {items.map(item => (
              <Item key={item.id} item={item} />
            ))}
          </ul>
          <LoadMore query={query} label="Load earlier imports" />
        </>
      )}
      {isSending && <ImportForm close={sending.close} />}
    </>
  )
}

const words = { queued: 'Waiting', running: 'Running', done: 'Done', failed: 'Failed' } as const
const colors = { queued: 'gray', running: 'blue', done: 'pine', failed: 'red' } as const

function Item({ item }: { item: Import }) {
  const client = useQueryClient()
  const start = useMutation({
    mutationFn: startImport,
    onSuccess: async () => {
      notifications.show({ title: 'The import begins', message: `${item.fileName} is imported now.` })
      await client.invalidateQueries({ queryKey: importsQuery.queryKey })
    },
  })
  const duration = durationOf(item)
  const about = [
    item.sourceTitle,
    item.publishedOn && `${item.isFull ? 'full file' : 'changes'} of ${formatDay(item.publishedOn)}`,
    item.actor && `by ${item.actor}`,
    duration && `took ${duration}`,
  ]
  return (
    <li className={classes.import} aria-label={`${item.fileName}, ${words[item.status]}`}>
      <div className={classes.head}>
        <h2 className={classes.file} style={{ fontSize: 'var(--mantine-font-size-md)' }}>
          {item.fileName}
        </h2>
        <Group gap={8}>
          {item.isDryRun && (
            <Badge variant="default" tt="none">
              Dry run
            </Badge>
          )}
          <Badge variant="light" tt="none" color={colors[item.status]} autoContrast>
            {words[item.status]}
          </Badge>
          <Text size="sm" c="dimmed" component="time" dateTime={item.startedAt} title={formatExactTime(item.startedAt)}>
            {formatAgo(item.startedAt)}
          </Text>
        </Group>
      </div>
      <Text size="sm" c="dimmed">
        {about.filter(Boolean).join(' · ')}
      </Text>
      {isUnderWay(item) ? <UnderWay item={item} /> : item.status === 'done' && <Outcome item={item} />}
      {item.failure && (
        <Text size="sm" c="red" mt={4} style={{ whiteSpace: 'pre-line' }}>
          {item.failure}
        </Text>
      )}
      {start.isError && <Refusal error={start.error} mt="sm" />}
      <Actions
        item={item}
        start={() => item.fileId && start.mutate({ fileId: item.fileId, source: item.source, dryRun: false })}
        isStarting={start.isPending}
      />
    </li>
  )
}

function UnderWay({ item }: { item: Import }) {
  const share = item.bytes ? Math.min((item.bytesRead / item.bytes) * 100, 100) : 0
  const isMerging = item.phase === 'merging'
  const text =
    item.status === 'queued'
      ? 'Waits for a worker.'
      : isMerging
        ? `${formatCount(item.rows.read)} rows are read and are being merged.`
        : `${formatCount(item.rows.read)} rows read, ${Math.floor(share)} %.`
  return (
    <div role="status" style={{ marginTop: 8 }}>
      <Progress value={isMerging ? 100 : share} animated={isMerging} aria-label={`Progress of ${item.fileName}`} />
      <Text size="sm" mt={4}>
        {text}
      </Text>
    </div>
  )
}

function Outcome({ item }: { item: Import }) {
  const { profiles, rows, warnings } = item
  return (
    <>
      <Text size="sm" mt={4}>
        {formatCount(rows.read)} rows. {rowsInWords(item)}.
        {profiles.inserted + profiles.updated > 0 &&
          ` Contractors: ${formatCount(profiles.inserted)} new, ${formatCount(profiles.updated)} changed.`}
      </Text>
      {warnings.length > 0 && (
        <ul className={classes.warnings}>
          {warnings.map(warning => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </>
  )
}

function Actions({ item, start, isStarting }: { item: Import; start: () => void; isStarting: boolean }) {
  const mayStart = item.isDryRun && item.status === 'done' && item.fileId !== null
  if (!mayStart && item.keptRejects === 0) return null
  return (
    <div className={classes.actions}>
      {mayStart && (
        <Button size="xs" onClick={start} loading={isStarting}>
          Import it now
        </Button>
      )}
      {item.keptRejects > 0 && (
        <Button
          size="xs"
          variant="default"
          component="a"
          href={`/api/v1/contractors/imports/${item.id}/rejects`}
          download
          leftSection={<Icon name="download" size={14} />}
        >
          {formatCount(item.keptRejects)} rejected {item.keptRejects === 1 ? 'row' : 'rows'} as CSV
        </Button>
      )}
    </div>
  )
}
