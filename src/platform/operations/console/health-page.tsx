import { Button, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { CSSProperties, ReactNode } from 'react'
import { formatAgo, formatCount, formatDay, useAddress } from '#platform/console'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import {
  type ConnectionsShown,
  formatBytes,
  formatGrowth,
  formatSeconds,
  formatShare,
  healthQuery,
  type Indexes,
  type Locks,
  type ReplicationShown,
  readView,
  type StatementStatistics,
  type Tables,
  views,
} from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { TablePart } from './part.tsx'
import { ViewLinks } from './view-links.tsx'

/** GG-23: the database from near, a view at a time. */
export function Page() {
  const [{ view }] = useAddress(readView)
  return (
    <OperationsFrame lead="The main database from near. What wants a hand stands on the overview.">
      <ViewLinks label="Views of the database" to="/operations/health" views={views} view={view} />
      {shown[view]()}
    </OperationsFrame>
  )
}

const shown = {
  tables: () => <View<Tables> key="tables" view="tables" show={showTables} />,
  indexes: () => <View<Indexes> key="indexes" view="indexes" show={showIndexes} />,
  statements: () => <View<StatementStatistics> key="statements" view="statements" show={showStatements} />,
  locks: () => <View<Locks> key="locks" view="locks" show={showLocks} />,
  connections: () => <View<ConnectionsShown> key="connections" view="connections" show={showConnections} />,
  replication: () => <View<ReplicationShown> key="replication" view="replication" show={showReplication} />,
} as const

function View<T>({ view, show }: { view: keyof typeof shown; show: (data: T) => ReactNode }) {
  const query = useQuery(healthQuery<T>(view))
  return (
    <Loaded query={query} label="Loading the view">
      {data => (
        <div className={classes.stack} aria-busy={query.isRefetching}>
          <div>
            <Button variant="default" size="xs" onClick={() => void query.refetch()}>
              Look again
            </Button>
          </div>
          {show(data)}
        </div>
      )}
    </Loaded>
  )
}

const showTables = ({ items, bloat, partitions, sequences }: Tables) => (
  <>
    <TablePart
      title="Tables"
      note="With their indexes, the largest first; a table by month with all its partitions."
      rows={items}
      first={10}
      keyOf={row => row.name}
      nothing="There are no tables."
      columns={[
        { label: 'Table', of: row => <span className="mono">{row.name}</span> },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
        { label: 'Indexes', isNumber: true, of: row => formatBytes(row.indexBytes) },
        { label: 'Rows, about', isNumber: true, of: row => formatCount(row.rows) },
        { label: 'Dead', isNumber: true, of: row => formatCount(row.deadRows) },
        { label: 'In a week', isNumber: true, of: row => formatGrowth(row.grownInWeek) },
        { label: 'In 30 days', isNumber: true, of: row => formatGrowth(row.grownInMonth) },
        { label: 'Analysed', of: row => (row.lastAnalyzeAt ? formatAgo(row.lastAnalyzeAt) : 'never') },
      ]}
    />
    <TablePart
      title="Larger than their rows"
      note="An estimate from the statistics."
      rows={bloat.filter(({ wasted }) => wasted > 0.2)}
      keyOf={row => row.name}
      nothing="No table above 8 MB is a fifth empty."
      columns={[
        { label: 'Table', of: row => <span className="mono">{row.name}</span> },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
        { label: 'Empty', isNumber: true, of: row => `${formatBytes(row.wastedBytes)} (${formatShare(row.wasted)})` },
      ]}
    />
    <TablePart
      title="Tables by month"
      note="Until when each can take rows: partitions are made three months ahead."
      rows={partitions.toSorted((one, other) => Number(other.isShort) - Number(one.isShort))}
      first={5}
      keyOf={row => row.table}
      nothing="There are none."
      columns={[
        { label: 'Table', of: row => <span className="mono">{row.table}</span> },
        { label: 'Until', of: row => (row.madeUntil ? formatDay(row.madeUntil.slice(0, 10)) : 'takes none') },
        { label: 'Partitions', isNumber: true, of: row => formatCount(row.partitions) },
        { label: 'State', of: row => (row.isShort ? 'Too short' : 'In order') },
      ]}
    />
    <TablePart
      title="Sequences"
      rows={sequences}
      first={5}
      keyOf={row => row.name}
      nothing="There are none."
      columns={[
        { label: 'Sequence', of: row => <span className="mono">{row.name}</span> },
        { label: 'For', of: row => row.column ?? '' },
        { label: 'Used', isNumber: true, of: row => formatShare(row.used) },
      ]}
    />
  </>
)

const showIndexes = ({ items, since, invalid, duplicate, missing, bloat }: Indexes) => (
  <>
    <TablePart
      title="Invalid"
      rows={invalid}
      keyOf={row => row.name}
      nothing="All indexes are whole."
      columns={[
        { label: 'Index', of: row => <span className="mono">{row.name}</span> },
        { label: 'Table', of: row => row.table },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
      ]}
    />
    <TablePart
      title="Foreign keys without one"
      rows={missing}
      keyOf={row => `${row.table} ${row.name}`}
      nothing="Every foreign key has an index."
      columns={[
        { label: 'Foreign key', of: row => <span className="mono">{row.name}</span> },
        { label: 'Table', of: row => row.table },
        { label: 'Columns', isLong: true, of: row => row.columns },
      ]}
    />
    <TablePart
      title="That another one stands for"
      rows={duplicate}
      keyOf={row => `${row.name} ${row.sameAs}`}
      nothing="There are none."
      columns={[
        { label: 'Index', of: row => <span className="mono">{row.name}</span> },
        { label: 'As', of: row => <span className="mono">{row.sameAs}</span> },
        { label: 'How', of: row => (row.isCovered ? 'its beginning' : 'the same') },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
      ]}
    />
    <TablePart
      title="Larger than their entries"
      note="An estimate; built anew each month."
      rows={bloat.filter(({ wasted }) => wasted > 0.3)}
      keyOf={row => row.name}
      nothing="No index above 8 MB is a third empty."
      columns={[
        { label: 'Index', of: row => <span className="mono">{row.name}</span> },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
        { label: 'Empty', isNumber: true, of: row => `${formatBytes(row.wastedBytes)} (${formatShare(row.wasted)})` },
      ]}
    />
    <TablePart
      title="All indexes"
      note={since ? `The largest first, with how often each was read since ${formatAgo(since)}.` : undefined}
      rows={items}
      first={10}
      keyOf={row => row.name}
      nothing="There are none."
      columns={[
        { label: 'Index', of: row => <span className="mono">{row.name}</span> },
        { label: 'Table', of: row => row.table },
        { label: 'Size', isNumber: true, of: row => formatBytes(row.bytes) },
        { label: 'Read', isNumber: true, of: row => formatCount(row.scans) },
        { label: 'Kind', of: row => (row.isPrimary ? 'primary key' : row.isUnique ? 'unique' : '') },
      ]}
    />
  </>
)

const showStatements = ({ items, advice }: StatementStatistics) =>
  advice !== null ? (
    <section className={`panel ${classes.part}`} aria-label="Statements">
      <Title order={2} size="h4">
        The server counts no statements that could be read here
      </Title>
      <Text size="sm" c="dimmed" className={classes.words}>
        {advice}
      </Text>
    </section>
  ) : (
    <TablePart
      title="Slow statements"
      note="Above 100 ms on average, those first that took most time of all."
      rows={items}
      keyOf={row => row.id}
      nothing="None takes longer than 100 ms on average."
      columns={[
        { label: 'Statement', isLong: true, of: row => <pre className={classes.sql}>{row.text}</pre> },
        { label: 'Calls', isNumber: true, of: row => formatCount(row.calls) },
        { label: 'Mean', isNumber: true, of: row => formatSeconds(row.meanMs / 1000) },
        { label: 'Longest', isNumber: true, of: row => formatSeconds(row.longestMs / 1000) },
        { label: 'Of all time', isNumber: true, of: row => formatShare(row.share) },
        { label: 'From memory', isNumber: true, of: row => formatShare(row.cacheHit) },
      ]}
    />
  )

const showLocks = ({ items }: Locks) => (
  <section className={`panel ${classes.part}`} aria-labelledby="locks">
    <Title order={2} size="h4" id="locks">
      Who waits for whom
    </Title>
    {items.length === 0 ? (
      <Text size="sm" c="dimmed">
        Nobody waits for a lock. This view renews itself every five seconds.
      </Text>
    ) : (
      <ul className={classes.tree}>
        {items.map(({ pid, depth, application, login, state, query, wants, waitedSeconds, transactionSeconds }) => (
          <li key={pid} style={{ '--depth': depth } as CSSProperties}>
            <Text size="sm" fw={550}>
              Process {pid}, {application || login} ({state})
            </Text>
            <Text size="sm" c="dimmed">
              {wants !== null
                ? `Waits ${formatSeconds(waitedSeconds)} for ${wants}`
                : `Keeps the others waiting; its transaction is open for ${formatSeconds(transactionSeconds)}`}
            </Text>
            <pre className={classes.sql}>{query.slice(0, 600)}</pre>
          </li>
        ))}
      </ul>
    )}
  </section>
)

const showConnections = ({ used, limit, groups, longest }: ConnectionsShown) => (
  <>
    <TablePart
      title="Connections"
      note={`${used} of ${limit} are in use.`}
      rows={groups}
      keyOf={row => `${row.application} ${row.login} ${row.database} ${row.state}`}
      nothing="There are none."
      columns={[
        { label: 'Program', of: row => row.application || 'unnamed' },
        { label: 'Login', of: row => row.login },
        { label: 'Database', of: row => row.database },
        { label: 'State', of: row => row.state },
        { label: 'Count', isNumber: true, of: row => formatCount(row.count) },
        { label: 'Longest', isNumber: true, of: row => formatSeconds(row.longestSeconds) },
      ]}
    />
    <TablePart
      title="Open transactions"
      note="The oldest first."
      rows={longest}
      keyOf={row => String(row.pid)}
      nothing="None is open."
      columns={[
        { label: 'Statement', isLong: true, of: row => <pre className={classes.sql}>{row.query.slice(0, 400)}</pre> },
        { label: 'Process', isNumber: true, of: row => row.pid },
        { label: 'Program', of: row => row.application },
        { label: 'State', of: row => row.state },
        { label: 'Open', isNumber: true, of: row => formatSeconds(row.transactionSeconds) },
      ]}
    />
  </>
)

const showReplication = ({ reports, fallbacks, standbys, slots, room, checkpoints, walBytes }: ReplicationShown) => (
  <>
    {fallbacks && (
      <TablePart
        title="Replicas for reports"
        note={`As the program sees them that answers this. ${formatCount(fallbacks.unavailable + fallbacks.older + fallbacks.failed)} reports went to the main database: ${formatCount(fallbacks.unavailable)} found no replica that could be asked, ${formatCount(fallbacks.older)} none that was new enough, and ${formatCount(fallbacks.failed)} times one failed.`}
        rows={reports}
        keyOf={row => row.name}
        nothing="None are configured."
        columns={[
          { label: 'Replica', of: row => <span className="mono">{row.name}</span> },
          { label: 'State', of: row => replicaStates[row.state] },
          { label: 'Because', isLong: true, of: row => row.reason ?? '' },
          { label: 'Behind', isNumber: true, of: row => (row.lagBytes === null ? '' : formatBytes(row.lagBytes)) },
          { label: 'For', isNumber: true, of: row => formatSeconds(row.lagSeconds) },
          { label: 'Answered', isNumber: true, of: row => formatCount(row.answered) },
          {
            label: 'Failed',
            isNumber: true,
            of: ({ failed }) => formatCount(failed.conflict + failed.lost + failed.error),
          },
        ]}
      />
    )}
    <TablePart
      title="Servers that follow this one"
      rows={standbys}
      keyOf={row => `${row.name} ${row.address}`}
      nothing="No replica is connected."
      columns={[
        { label: 'Replica', of: row => row.name },
        { label: 'Address', of: row => row.address ?? 'here' },
        { label: 'State', of: row => row.state },
        { label: 'Behind', isNumber: true, of: row => formatBytes(row.lagBytes) },
        { label: 'For', isNumber: true, of: row => formatSeconds(row.lagSeconds) },
      ]}
    />
    <TablePart
      title="Replication slots"
      note="What is kept for one that nobody uses fills the disk."
      rows={slots}
      keyOf={row => row.name}
      nothing="There are none."
      columns={[
        { label: 'Slot', of: row => row.name },
        { label: 'In use', of: row => (row.isActive ? 'yes' : 'no') },
        { label: 'Keeps', isNumber: true, of: row => (row.keptBytes === null ? '' : formatBytes(row.keptBytes)) },
        { label: 'State', of: row => row.walStatus ?? '' },
      ]}
    />
    <TablePart
      title="Room for transaction numbers"
      note={`${formatShare(room.xidAge / 2 ** 31)} of the transaction numbers are used since the oldest row was frozen. ${formatCount(checkpoints.timed)} checkpoints came by time, ${formatCount(checkpoints.requested)} by the amount written (${formatBytes(walBytes)} of WAL).`}
      rows={room.tables}
      keyOf={row => row.name}
      nothing="There are no tables."
      columns={[
        { label: 'Table', of: row => <span className="mono">{row.name}</span> },
        { label: 'Transactions since', isNumber: true, of: row => formatCount(row.xidAge) },
        { label: 'Multixacts since', isNumber: true, of: row => formatCount(row.multixactAge) },
      ]}
    />
  </>
)

const replicaStates = {
  unknown: 'Not looked at yet',
  ready: 'Answers',
  behind: 'Too far behind',
  away: 'Away',
  refused: 'Refused',
} as const
