import { Button, Group, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { EmptyState, ErrorState, formatCount, Icon, useAddress, useSession } from '#platform/console'
import { Ago } from './ago.tsx'
import { ArchivesPart } from './archives-part.tsx'
import { HoldsPart } from './holds-part.tsx'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import { formatSeconds } from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { TablePart } from './part.tsx'
import {
  type Due,
  dueQuery,
  type Retention,
  type RetentionRun,
  type RetentionView,
  type Rule,
  readRetentionView,
  retentionQuery,
  retentionViews,
  runNow,
} from './retention.ts'
import { StatusBadge } from './status-badge.tsx'
import { ViewLinks } from './view-links.tsx'

/** GG-16: what is not kept for ever, what went into archives, and whose rows stay. */
export function Page() {
  const [{ view }] = useAddress(readRetentionView)
  return (
    <OperationsFrame
      lead="What modules declare not to keep for ever goes each night, unless a legal hold stands."
      actions={view === 'rules' && <RunButtons />}
    >
      <ViewLinks label="Views of retention" to="/operations/retention" views={retentionViews} view={view} />
      {shown[view]()}
    </OperationsFrame>
  )
}

const shown: Readonly<Record<RetentionView, () => React.ReactNode>> = {
  rules: () => <RulesView />,
  archives: () => <ArchivesPart />,
  holds: () => <HoldsPart />,
  runs: () => <RunsView />,
}

function useRun() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (name: string | undefined) => runNow(name),
    onSuccess: () => {
      notifications.show({ message: 'It begins in a moment.' })
      client.removeQueries({ queryKey: dueQuery.queryKey })
      setTimeout(() => void client.invalidateQueries({ queryKey: retentionQuery.queryKey }), 3_000)
    },
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
}

function RunButtons() {
  const { can } = useSession()
  const due = useQuery(dueQuery)
  const run = useRun()
  return (
    <Group gap="xs">
      <Button variant="default" loading={due.isFetching} onClick={() => void due.refetch()}>
        Count what is due
      </Button>
      {can('operations.state.manage') && (
        <Button
          leftSection={<Icon name="clock" size={16} />}
          loading={run.isPending}
          onClick={() => run.mutate(undefined)}
        >
          Run all now
        </Button>
      )}
    </Group>
  )
}

function RulesView() {
  const query = useQuery(retentionQuery)
  const due = useQuery(dueQuery)
  return (
    <Loaded query={query} label="Loading what is kept">
      {retention => (
        <div className={classes.stack}>
          {due.isError && <ErrorState error={due.error} retry={() => void due.refetch()} />}
          <Rules retention={retention} due={due.data} />
        </div>
      )}
    </Loaded>
  )
}

function Rules({
  retention: { items, nextRunAt, runs },
  due,
}: {
  retention: Retention
  due: readonly Due[] | undefined
}) {
  const failed = items.filter(each => each.runs.some(({ status }) => status === 'failed'))
  const goes = due?.reduce((sum, each) => sum + each.due, 0)
  return (
    <section className={`panel ${classes.findings}`} aria-labelledby="rules">
      <div className={classes.entryHead}>
        <Title order={2} size="h4" id="rules">
          What is kept, and for how long
        </Title>
        {failed.length > 0 && <StatusBadge status="failed" count={failed.length} />}
      </div>
      <Text size="sm" c="dimmed" aria-live="polite">
        {runs.some(({ status }) => status === 'running') ? (
          'It is under way now.'
        ) : (
          <>
            The next run is <Ago at={nextRunAt} />.
          </>
        )}
        {goes !== undefined &&
          (goes === 0
            ? ' Counted now: nothing is due.'
            : ` Counted now: ${rowsInWords(goes)} would go. Nothing was changed.`)}
      </Text>
      <ul className={classes.list}>
        {items
          .toSorted((one, other) => Number(one.action === 'keep') - Number(other.action === 'keep'))
          .map(rule => (
            <RuleEntry key={rule.name} rule={rule} due={due?.filter(each => each.declaration === rule.name)} />
          ))}
      </ul>
    </section>
  )
}

function RuleEntry({ rule, due }: { rule: Rule; due: readonly Due[] | undefined }) {
  const { can } = useSession()
  const run = useRun()
  const { name, description, table, action, runs } = rule
  const last = runs.toSorted((one, other) => other.startedAt.localeCompare(one.startedAt))[0]
  const bad = runs.find(({ status }) => status === 'failed')
  return (
    <li className={classes.entry}>
      <div className={classes.entryFoot}>
        <div className={classes.words}>
          <Text size="sm" fw={550}>
            {action === 'keep' ? 'Kept for good' : description}
          </Text>
          <Text size="sm" c="dimmed">
            {action === 'keep' ? `${description}.` : fateOf(rule)}
            {action !== 'keep' && (
              <>
                {' '}
                {last ? (
                  <>
                    Last <Ago at={last.startedAt} />: {effectOf(last)}.
                  </>
                ) : (
                  'It was not done yet.'
                )}
              </>
            )}
          </Text>
          {bad && (
            <Text size="sm" component="div">
              <StatusBadge status="failed" /> {bad.databaseName !== null && `In ${bad.databaseName}: `}
              {bad.reason} The next night tries again; “Run now” does at once.
            </Text>
          )}
          {due?.map(each => (
            <Text key={each.databaseName ?? ''} size="sm" fw={each.due > 0 || each.failure ? 550 : 400}>
              {each.databaseName !== null && `In ${each.databaseName}: `}
              {each.failure ?? dueInWords(each)}
            </Text>
          ))}
          <Text size="xs" c="dimmed" className="mono">
            {table}
          </Text>
        </div>
        {action !== 'keep' && can('operations.state.manage') && (
          <Button
            size="xs"
            variant="default"
            loading={run.isPending}
            onClick={() => run.mutate(name)}
            aria-label={`Run now: ${description}`}
          >
            Run now
          </Button>
        )}
      </div>
    </li>
  )
}

function fateOf({ action, after, job }: Rule): string {
  if (action === 'archive') return `Archived by month after ${after}.`
  return job === null ? `Removed after ${after}.` : `Erased after ${after}, with all that hangs on it.`
}

const rowsInWords = (rows: number) => `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}`

function dueInWords({ due, held, partitions }: Due): string {
  const months =
    partitions.length > 0 ? ` in ${formatCount(partitions.length)} ${partitions.length === 1 ? 'month' : 'months'}` : ''
  const goes = due === 0 ? 'Nothing would go' : `${rowsInWords(due)} would go${months}`
  return held === 0 ? `${goes}.` : `${goes}; a legal hold keeps ${rowsInWords(held)}.`
}

function effectOf({ status, removed, archived, steps }: RetentionRun): string {
  if (status === 'running') return 'under way'
  const held = steps.filter(({ did }) => did === 'held').length
  const effect = [
    ...(removed > 0 ? [`${rowsInWords(removed)} removed`] : []),
    ...(archived > 0 ? [`${rowsInWords(archived)} archived`] : []),
    ...(held > 0 ? [`${formatCount(held)} ${held === 1 ? 'month' : 'months'} kept by a legal hold`] : []),
  ].join(', ')
  return effect || (status === 'failed' ? 'failed' : 'nothing was due')
}

function RunsView() {
  const query = useQuery(retentionQuery)
  return (
    <Loaded query={query} label="Loading the runs">
      {({ runs, nextRunAt }) =>
        runs.length === 0 ? (
          <section className="panel" aria-label="Runs">
            <EmptyState icon="clock" title="Nothing was done yet">
              The first run is <Ago at={nextRunAt} />, by whichever worker is up then.
            </EmptyState>
          </section>
        ) : (
          <Runs runs={runs} />
        )
      }
    </Loaded>
  )
}

const Runs = ({ runs }: { runs: readonly RetentionRun[] }) => (
  <TablePart
    title="Runs"
    note="The last fifty, the newest first. They are kept for 400 days."
    rows={runs}
    keyOf={run => run.id}
    nothing=""
    columns={[
      {
        label: 'What',
        of: ({ declaration, databaseName }) => (
          <span className="mono">
            {declaration}
            {databaseName !== null && ` in ${databaseName}`}
          </span>
        ),
      },
      { label: 'State', of: ({ status }) => <StatusBadge status={status} /> },
      { label: 'Began', of: ({ startedAt }) => <Ago at={startedAt} /> },
      {
        label: 'Took',
        isNumber: true,
        of: ({ startedAt, endedAt }) =>
          endedAt ? formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000) : '',
      },
      { label: 'Removed', isNumber: true, of: ({ removed }) => formatCount(removed) },
      { label: 'Archived', isNumber: true, of: ({ archived }) => formatCount(archived) },
      { label: 'By', of: ({ requestedBy }) => requestedBy ?? 'the clock' },
      { label: 'Outcome', isLong: true, of: run => run.reason ?? effectOf(run) },
    ]}
  />
)
