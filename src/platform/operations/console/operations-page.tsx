import { Anchor, Badge, Button, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import {
  Chart,
  ChartFrame,
  type ChartPlan,
  EmptyState,
  formatAgo,
  formatDay,
  formatExactTime,
  Icon,
  PageLink,
  ScrollRegion,
  useSession,
} from '#platform/console'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import {
  type Alarm,
  acknowledge,
  examine,
  type Finding,
  formatBytes,
  formatSeconds,
  formatShare,
  type Overview,
  overviewQuery,
} from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { Standings } from './standings.tsx'
import { StatusBadge } from './status-badge.tsx'

/** What an operator looks at in the morning. */
export function Page() {
  const query = useQuery(overviewQuery)
  return (
    <OperationsFrame lead="How this installation is, and what wants a hand." actions={<ExamineButton />}>
      <Loaded query={query} label="Loading how the installation is">
        {overview => (
          <div className={classes.stack}>
            <Standings overview={overview} />
            <Alarms alarms={overview.alarms} />
            <Findings overview={overview} />
            <Tiles overview={overview} />
            <SizeChart overview={overview} />
            <SlowStatements overview={overview} />
          </div>
        )}
      </Loaded>
    </OperationsFrame>
  )
}

function ExamineButton() {
  const { can } = useSession()
  const client = useQueryClient()
  const run = useMutation({
    mutationFn: examine,
    onSuccess: ({ findings }) => {
      notifications.show({
        message:
          findings.length === 0
            ? 'All checks ran, and nothing was found.'
            : `All checks ran: ${findings.length} found.`,
      })
      return client.invalidateQueries({ queryKey: overviewQuery.queryKey })
    },
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
  if (!can('operations.state.manage')) return null
  return (
    <Button onClick={() => run.mutate()} loading={run.isPending} leftSection={<Icon name="check" size={16} />}>
      Run all checks
    </Button>
  )
}

function Alarms({ alarms }: { alarms: readonly Alarm[] }) {
  if (alarms.length === 0) return null
  return (
    <section aria-labelledby="alarms" className={`panel ${classes.alarms}`}>
      <Title order={2} size="h4" id="alarms">
        Alarms
      </Title>
      <ul className={classes.list}>
        {alarms.map(alarm => (
          <AlarmEntry key={alarm.id} alarm={alarm} />
        ))}
      </ul>
    </section>
  )
}

function AlarmEntry({ alarm }: { alarm: Alarm }) {
  const { can } = useSession()
  const client = useQueryClient()
  const take = useMutation({
    mutationFn: () => acknowledge(alarm.id),
    onSettled: () => client.invalidateQueries({ queryKey: overviewQuery.queryKey }),
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
  return (
    <li className={classes.entry}>
      <div className={classes.entryHead}>
        <StatusBadge status={alarm.severity} />
        <Text size="sm" fw={550} className={classes.words}>
          {alarm.message}
        </Text>
      </div>
      <Advice text={alarm.advice} />
      <div className={classes.entryFoot}>
        <Text size="xs" c="dimmed">
          Open{' '}
          <time dateTime={alarm.openedAt} title={formatExactTime(alarm.openedAt)}>
            since {formatAgo(alarm.openedAt)}
          </time>
          {alarm.acknowledgedAt && <>, looked after since {formatAgo(alarm.acknowledgedAt)}</>}
        </Text>
        {alarm.acknowledgedAt === null && can('operations.state.manage') && (
          <Button
            size="xs"
            variant="default"
            loading={take.isPending}
            onClick={() => take.mutate()}
            aria-label={`I look after it: ${alarm.message}`}
          >
            I look after it
          </Button>
        )}
      </div>
    </li>
  )
}

const Advice = ({ text }: { text: string }) => (
  <Text size="sm" c="dimmed" className={classes.words}>
    {text}
  </Text>
)

function Tiles({ overview }: { overview: Overview }) {
  const { connections, cacheHit, oldestTransactionSeconds, bytes } = overview
  return (
    <dl className={classes.tiles}>
      <Tile label="Database" note={overview.since ? `counted since ${formatAgo(overview.since)}` : ''}>
        {formatBytes(bytes)}
      </Tile>
      <Tile label="Connections" note={`of ${connections.limit}`} to="connections">
        {connections.used}
      </Tile>
      <Tile label="Read from memory" note="of all blocks">
        {formatShare(cacheHit)}
      </Tile>
      <Tile
        label="Oldest transaction"
        note={oldestTransactionSeconds === null ? 'none is open' : 'open now'}
        to="connections"
      >
        {oldestTransactionSeconds === null ? 'None' : formatSeconds(oldestTransactionSeconds)}
      </Tile>
    </dl>
  )
}

function Tile({ label, note, to, children }: { label: string; note: ReactNode; to?: string; children: ReactNode }) {
  return (
    <div className={`panel ${classes.tile}`}>
      <dt>{label}</dt>
      <dd className={classes.figure}>{children}</dd>
      <dd className={classes.note}>
        {to ? (
          <Anchor component={PageLink} to="/operations/health" search={{ view: to }} size="xs">
            {note}
          </Anchor>
        ) : (
          note
        )}
      </dd>
    </div>
  )
}

function Findings({ overview: { examination } }: { overview: Overview }) {
  if (!examination)
    return (
      <section className="panel" aria-label="Findings">
        <EmptyState icon="check" title="Nothing was examined yet">
          All checks run every morning at 05:40 UTC. You need not wait: run all checks now.
        </EmptyState>
      </section>
    )
  const { findings, startedAt, milliseconds } = examination
  return (
    <section className={`panel ${classes.findings}`} aria-labelledby="findings">
      <div className={classes.entryHead}>
        <Title order={2} size="h4" id="findings">
          What the doctor has found
        </Title>
        {(['critical', 'warning', 'info'] as const).map(severity => {
          const count = findings.filter(each => each.severity === severity).length
          return count > 0 && <StatusBadge key={severity} status={severity} count={count} />
        })}
      </div>
      <Text size="sm" c="dimmed">
        All checks ran{' '}
        <time dateTime={startedAt} title={formatExactTime(startedAt)}>
          {formatAgo(startedAt)}
        </time>{' '}
        and took {formatSeconds(milliseconds / 1000)}.
      </Text>
      {findings.length === 0 ? (
        <EmptyState icon="check" title="Nothing is wrong" order={2}>
          Every check passed.
        </EmptyState>
      ) : (
        <ul className={classes.list}>
          {findings.map(each => (
            <FindingEntry key={`${each.code} ${each.database} ${each.object}`} finding={each} />
          ))}
        </ul>
      )}
    </section>
  )
}

function FindingEntry({ finding: { severity, code, database, message, advice } }: { finding: Finding }) {
  return (
    <li className={classes.entry}>
      <div className={classes.entryHead}>
        <StatusBadge status={severity} />
        <Text size="sm" className={classes.words}>
          {message}
        </Text>
      </div>
      <Advice text={advice} />
      <Text size="xs" c="dimmed" className="mono">
        {code}
        {database !== null && ` in ${database}`}
      </Text>
    </li>
  )
}

function SizeChart({ overview: { sizes, bytes } }: { overview: Overview }) {
  const plan = useMemo((): ChartPlan => {
    const [first, last] = [sizes[0], sizes.at(-1)]
    return {
      label:
        first && last
          ? `Size of the database, from ${formatBytes(first.bytes)} on ${formatDay(first.day)} to ${formatBytes(last.bytes)} on ${formatDay(last.day)}`
          : 'Size of the database: nothing is known yet',
      height: 180,
      places: sizes.map((_, index) => index),
      series: [{ shape: 'line', values: sizes.map(point => point.bytes), color: '--ch-chart' }],
      across: {
        steps: [1, 2, 7, 14, 30, 60, 90],
        space: 90,
        text: index => (sizes[index] ? formatDay(sizes[index].day) : ''),
      },
      up: { text: value => formatBytes(value) },
      wordsAt: index => sizes[index] && `${formatDay(sizes[index].day)}: ${formatBytes(sizes[index].bytes)}`,
      hint: 'Point at or tap a day for its exact size.',
    }
  }, [sizes])
  const isEmpty = sizes.length < 2
  return (
    <ChartFrame
      title="Size of the database"
      note={`${formatBytes(bytes)} now; written down every night.`}
      className={`panel ${classes.chart}`}
      isEmpty={isEmpty}
      chart={
        isEmpty ? (
          <EmptyState icon="chart" title="Two nights are needed">
            After them its growth stands here.
          </EmptyState>
        ) : (
          <Chart plan={plan} />
        )
      }
      table={
        <ScrollRegion label="Table of the size of the database" className={classes.table}>
          <table className="data">
            <thead>
              <tr>
                <th>Day</th>
                <th className="number">Size</th>
              </tr>
            </thead>
            <tbody>
              {sizes.toReversed().map(({ day, bytes: size }) => (
                <tr key={day}>
                  <td>{formatDay(day)}</td>
                  <td className="number">{formatBytes(size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      }
    />
  )
}

function SlowStatements({ overview: { statements } }: { overview: Overview }) {
  return (
    <section className={`panel ${classes.findings}`} aria-labelledby="slow">
      <div className={classes.entryHead}>
        <Title order={2} size="h4" id="slow">
          Slow statements
        </Title>
        {statements.items.length > 0 && (
          <Badge variant="light" tt="none" autoContrast>
            {statements.items.length}
          </Badge>
        )}
      </div>
      {statements.advice !== null ? (
        <Text size="sm" c="dimmed" className={classes.words}>
          The server counts no statements that could be read here. {statements.advice}
        </Text>
      ) : statements.items.length === 0 ? (
        <Text size="sm" c="dimmed">
          None takes longer than 100 ms on average.
        </Text>
      ) : (
        <ul className={classes.list}>
          {statements.items.map(({ id, text, calls, meanMs }) => (
            <li key={id} className={classes.entry}>
              <Text size="sm">
                {formatSeconds(meanMs / 1000)} on average, {calls.toLocaleString('en-US')}{' '}
                {calls === 1 ? 'time' : 'times'}
              </Text>
              <pre className={classes.sql}>{text.replace(/\s+/g, ' ').slice(0, 300)}</pre>
            </li>
          ))}
        </ul>
      )}
      <Anchor component={PageLink} to="/operations/health" search={{ view: 'statements' }} size="sm">
        All statements
      </Anchor>
    </section>
  )
}
