import { Button, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { EmptyState, useSession } from '#platform/console'
import { Ago } from './ago.tsx'
import { KeysPart } from './keys-part.tsx'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import {
  formatBytes,
  formatSeconds,
  type Maintenance,
  type MaintenanceRun,
  maintenanceQuery,
  nameOfTask,
  runTask,
} from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { TablePart } from './part.tsx'
import { StatusBadge } from './status-badge.tsx'

/** PE-10: what is done by the clock, and how it went. */
export function Page() {
  const query = useQuery(maintenanceQuery)
  return (
    <OperationsFrame lead="Done by the clock, when the database is quiet; one thing at a time over all servers.">
      <Loaded query={query} label="Loading the maintenance">
        {({ tasks, items }) => (
          <div className={classes.stack}>
            <section className={`panel ${classes.findings}`} aria-labelledby="tasks">
              <Title order={2} size="h4" id="tasks">
                Tasks
              </Title>
              <ul className={classes.list}>
                {tasks.map(task => (
                  <TaskEntry key={task.name} task={task} last={items.find(run => run.task === task.name)} />
                ))}
              </ul>
            </section>
            <Runs runs={items} />
            <KeysPart />
          </div>
        )}
      </Loaded>
    </OperationsFrame>
  )
}

function TaskEntry({ task, last }: { task: Maintenance['tasks'][number]; last: MaintenanceRun | undefined }) {
  const { can } = useSession()
  const client = useQueryClient()
  const run = useMutation({
    mutationFn: () => runTask(task.name),
    onSuccess: () => {
      notifications.show({ message: `${nameOfTask(task.name)} begins in a moment.` })
      setTimeout(() => void client.invalidateQueries({ queryKey: maintenanceQuery.queryKey }), 4_000)
    },
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
  return (
    <li className={classes.entry}>
      <div className={classes.entryFoot}>
        <div className={classes.words}>
          <Text size="sm" fw={550}>
            {task.title}
          </Text>
          <Text size="sm" c="dimmed">
            Each {task.every};{' '}
            {last ? (
              <>
                last <Ago at={last.startedAt} />
              </>
            ) : (
              'not done yet'
            )}
          </Text>
        </div>
        {can('operations.state.manage') && (
          <Button
            size="xs"
            variant="default"
            loading={run.isPending}
            onClick={() => run.mutate()}
            aria-label={`Do it now: ${nameOfTask(task.name)}`}
          >
            Do it now
          </Button>
        )}
      </div>
    </li>
  )
}

function Runs({ runs }: { runs: readonly MaintenanceRun[] }) {
  if (runs.length === 0)
    return (
      <section className="panel" aria-label="Runs">
        <EmptyState icon="clock" title="Nothing was done yet">
          A worker looks every half hour whether something is due.
        </EmptyState>
      </section>
    )
  return (
    <TablePart
      title="Runs"
      note="The newest first."
      rows={runs}
      keyOf={run => run.id}
      nothing=""
      columns={[
        {
          label: 'Task',
          of: run => (
            <>
              {nameOfTask(run.task)}
              {run.databaseName !== null && <span className="mono"> in {run.databaseName}</span>}
            </>
          ),
        },
        { label: 'State', of: run => <StatusBadge status={run.status} /> },
        {
          label: 'Began',
          of: run => <Ago at={run.startedAt} />,
        },
        { label: 'Took', isNumber: true, of: run => tookOf(run) },
        { label: 'Effect', isLong: true, of: run => effectOf(run) },
      ]}
    />
  )
}

function tookOf({ status, startedAt, endedAt }: MaintenanceRun): string {
  if (endedAt === null || status === 'skipped') return ''
  return formatSeconds((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
}

function effectOf({
  status,
  reason,
  tries,
  steps,
  bytesBefore,
  bytesAfter,
  deadRowsBefore,
  deadRowsAfter,
}: MaintenanceRun): string {
  if (status === 'skipped') return `Put off ${tries === 1 ? 'once' : `${tries} times`}: ${reason}`
  if (status === 'failed') return reason ?? ''
  if (status === 'running') return ''
  if (bytesBefore === null || bytesAfter === null) return 'Made anew'
  const freed = steps.reduce((sum, step) => sum + step.bytesBefore - step.bytesAfter, 0)
  const cleared = (deadRowsBefore ?? 0) - (deadRowsAfter ?? 0)
  return [
    steps.length === 0
      ? 'Nothing wanted it'
      : `${steps.length} ${steps.length === 1 ? 'table or index' : 'tables or indexes'}`,
    ...(cleared > 0 ? [`${cleared.toLocaleString('en-US')} dead rows cleared`] : []),
    ...(freed > 0 ? [`${formatBytes(freed)} freed`] : []),
  ].join(', ')
}
