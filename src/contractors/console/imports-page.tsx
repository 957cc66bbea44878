import { Badge, Button, Group, NativeSelect, Progress, Skeleton, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
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
  useAddress,
} from '#platform/console'
import { ImportForm } from './import-form.tsx'
import classes from './imports.module.css'
import {
  allImports,
  countsInWords,
  durationOf,
  type Import,
  type ImportFilters,
  importsQuery,
  isUnderWay,
  readImportFilters,
  rowsInWords,
  sourcesQuery,
  startImport,
} from './imports.ts'

/** Everybody's contractors come from here: for who runs the installation. */
export function Page() {
  const [filters, change] = useAddress(readImportFilters)
  const isFiltered = filters.status !== '' || filters.source !== ''
  const query = useInfiniteQuery(importsQuery(filters))
  const [isSending, sending] = useDisclosure(false)
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const now = useNow(items.some(isUnderWay) ? 1000 : 30_000)
  const taken = new Set(items.filter(isUnderWay).map(({ fileId }) => fileId))
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
        actions={(items.length > 0 || isFiltered) && send}
      />
      {(items.length > 0 || isFiltered) && <Filters filters={filters} change={change} />}
      {query.isPending ? (
        <div role="status" aria-label="Loading the imports">
          <Skeleton height={320} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 && isFiltered ? (
        <div className="panel">
          <EmptyState
            icon="upload"
            title="No import fits"
            action={
              <Button variant="default" onClick={() => change({ status: '', source: '' })}>
                Show all imports
              </Button>
            }
          >
            There are none of this state and source.
          </EmptyState>
        </div>
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="upload" title="No imports yet" action={send}>
            Send a file of SAM registrations or of FPDS awards. At the command line{' '}
            <span className="mono">commonhold contractors import</span> does the same without sending it.
          </EmptyState>
        </div>
      ) : (
        <>
          <ul className={`panel ${classes.imports}`} aria-label="Imports">
            {items.map(item => (
              <Item key={item.id} item={item} now={now} isTaken={taken.has(item.fileId)} />
            ))}
          </ul>
          <LoadMore query={query} label="Load earlier imports" />
        </>
      )}
      {isSending && <ImportForm close={sending.close} />}
    </>
  )
}

function Filters({ filters, change }: { filters: ImportFilters; change: (change: Partial<ImportFilters>) => void }) {
  const sources = useQuery(sourcesQuery).data?.items ?? []
  const { interrupted: _of, ...states } = words
  return (
    <search aria-label="Filters of imports">
      <Group gap="sm" mb="md">
        <NativeSelect
          size="xs"
          aria-label="State of the import"
          value={filters.status}
          onChange={event => change({ status: event.currentTarget.value })}
          data={[
            { value: '', label: 'Any state' },
            ...Object.entries(states).map(([value, label]) => ({ value, label })),
          ]}
        />
        <NativeSelect
          size="xs"
          aria-label="Source of the import"
          value={filters.source}
          onChange={event => change({ source: event.currentTarget.value })}
          data={[
            { value: '', label: 'Any source' },
            ...sources.map(({ name, title }) => ({ value: name, label: title })),
          ]}
        />
      </Group>
    </search>
  )
}

/** Moves on by itself: what is told of an import depends on the time. */
function useNow(pause: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), pause)
    return () => clearInterval(timer)
  }, [pause])
  return now
}

const words = {
  queued: 'Waiting',
  running: 'Running',
  interrupted: 'Interrupted',
  done: 'Done',
  failed: 'Failed',
} as const
const colors = { queued: 'gray', running: 'blue', interrupted: 'yellow', done: 'pine', failed: 'red' } as const

function Item({ item, now, isTaken }: { item: Import; now: number; isTaken: boolean }) {
  const client = useQueryClient()
  const start = useMutation({
    mutationFn: startImport,
    onSuccess: async () => {
      notifications.show({ title: 'The import begins', message: `${item.fileName} is imported now.` })
      await client.invalidateQueries({ queryKey: allImports })
    },
  })
  const state = item.isInterrupted ? 'interrupted' : item.status
  const about = [
    item.sourceTitle,
    item.publishedOn && `${item.isFull ? 'full file' : 'changes'} of ${formatDay(item.publishedOn)}`,
    item.actor && `by ${item.actor}`,
    item.finishedAt !== null && `took ${durationOf(item)}`,
  ]
  return (
    <li className={classes.import} aria-label={`${item.fileName}${item.isDryRun ? ', dry run' : ''}, ${words[state]}`}>
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
          <Badge variant="light" tt="none" color={colors[state]} autoContrast>
            {words[state]}
          </Badge>
          <Text size="sm" c="dimmed" component="time" dateTime={item.startedAt} title={formatExactTime(item.startedAt)}>
            {formatAgo(item.startedAt, now)}
          </Text>
        </Group>
      </div>
      <Text size="sm" c="dimmed">
        {about.filter(Boolean).join(' · ')}
      </Text>
      {item.isInterrupted ? (
        <Text size="sm" mt={4}>
          Its program has ended before it was done, and nothing of the file has been taken.{' '}
          {item.fileId === null ? 'Import it again.' : 'It begins again by itself within some minutes.'}
        </Text>
      ) : (
        isUnderWay(item) && <UnderWay item={item} now={now} />
      )}
      {item.status === 'done' && <Outcome item={item} />}
      {item.failure && (
        <Text size="sm" c="var(--mantine-color-error)" mt={4} style={{ whiteSpace: 'pre-line' }}>
          {item.failure}
        </Text>
      )}
      {start.isError && <Refusal error={start.error} mt="sm" />}
      <Actions
        item={item}
        start={() => item.fileId && start.mutate({ fileId: item.fileId, source: item.source, dryRun: false })}
        isStarting={start.isPending}
        isTaken={isTaken}
      />
    </li>
  )
}

function UnderWay({ item, now }: { item: Import; now: number }) {
  const share = item.bytes ? Math.min((item.bytesRead / item.bytes) * 100, 100) : 0
  const isMerging = item.phase === 'merging'
  const text =
    item.status === 'queued'
      ? 'Waits for a worker.'
      : isMerging
        ? `All ${formatCount(item.rows.read)} rows are read and are being merged into the catalogue. Imports take turns at that, and a large file takes minutes. You may leave this page.`
        : `${formatCount(item.rows.read)} rows read, ${Math.floor(share)} %.`
  return (
    <div style={{ marginTop: 8 }}>
      <Progress.Root size="sm">
        <Progress.Section
          value={isMerging ? 100 : share}
          striped={isMerging}
          animated={isMerging}
          aria-label={`Progress of ${item.fileName}`}
          aria-valuetext={text}
        />
      </Progress.Root>
      <Group justify="space-between" align="baseline" wrap="nowrap" mt={4}>
        <Text size="sm" role="status">
          {text}
        </Text>
        {item.status === 'running' && (
          <Text size="sm" c="dimmed" className="figures" style={{ flex: 'none' }}>
            {durationOf(item, now)}
          </Text>
        )}
      </Group>
    </div>
  )
}

function Outcome({ item }: { item: Import }) {
  const { profiles, rows, warnings } = item
  return (
    <>
      <Text size="sm" mt={4}>
        {formatCount(rows.read)} {rows.read === 1 ? 'row' : 'rows'}. {rowsInWords(item)}.
        {profiles.inserted + profiles.updated > 0 &&
          ` Contractors: ${countsInWords([
            [profiles.inserted, 'new'],
            [profiles.updated, 'changed'],
          ])}.`}
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

type ActionsProps = { item: Import; start: () => void; isStarting: boolean; isTaken: boolean }

function Actions({ item, start, isStarting, isTaken }: ActionsProps) {
  const mayStart = item.isDryRun && item.status === 'done' && item.fileId !== null && !isTaken
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
