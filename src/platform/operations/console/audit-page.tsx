import { Alert, Button, Group, List, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { formatAgo, formatExactTime, formatTime, type OnTheWire, request, useSession } from '#platform/console'
import type { AuditStanding } from '../audit/audit-routes.ts'
import { Erasures } from './erasures-part.tsx'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import { formatSeconds } from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { TablePart } from './part.tsx'
import { StatusBadge } from './status-badge.tsx'

type Standing = OnTheWire<AuditStanding>
type Run = Standing['runs'][number]

const auditQuery = queryOptions({
  queryKey: ['operations', 'audit'],
  queryFn: ({ signal }) => request<Standing>('/operations/audit', { signal }),
  staleTime: 1_000,
  refetchInterval: query => (query.state.data?.runs.some(({ state }) => state === 'running') ? 1_500 : 10_000),
})

/** PE-07: whether the log is as it was written, and how one would know. */
export function Page() {
  const query = useQuery(auditQuery)
  return (
    <OperationsFrame
      lead="Every entry is sealed, signed checkpoints are kept outside, and all of it is computed again each week."
      actions={query.data?.canVerify && <Actions isBusy={query.data.runs.some(({ state }) => state === 'running')} />}
    >
      <Loaded query={query} label="Loading the state of the audit log">
        {standing => (
          <div className={classes.stack}>
            <Verdict standing={standing} />
            <Logs logs={standing.logs} />
            <Archived runs={standing.runs} />
            <Copies standing={standing} />
            <Runs runs={standing.runs} />
            <Erasures />
          </div>
        )}
      </Loaded>
    </OperationsFrame>
  )
}

function Actions({ isBusy }: { isBusy: boolean }) {
  const { can } = useSession()
  const client = useQueryClient()
  const begin = useMutation({
    mutationFn: (kind: 'full' | 'since_checkpoint') =>
      request('/operations/audit/verifications', { method: 'POST', body: { kind } }),
    onSuccess: () => {
      notifications.show({ message: 'The verification begins in a moment.' })
      setTimeout(() => void client.invalidateQueries({ queryKey: auditQuery.queryKey }), 2_000)
    },
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
  if (!can('operations.state.manage')) return null
  return (
    <Group gap="xs">
      <Button
        variant="default"
        disabled={isBusy}
        loading={begin.isPending}
        onClick={() => begin.mutate('since_checkpoint')}
      >
        Verify what is new
      </Button>
      <Button disabled={isBusy} loading={begin.isPending} onClick={() => begin.mutate('full')}>
        Verify everything
      </Button>
    </Group>
  )
}

/** Of each database what the last verification came to. */
function Verdict({ standing: { runs, canVerify } }: { standing: Standing }) {
  if (!canVerify)
    return (
      <Alert color="yellow" title="The log cannot be verified here" role="status">
        This program has no way in as the administrator of its database. Verify from the machine that has: commonhold
        audit verify.
      </Alert>
    )
  const ended = runs.filter(({ state }) => state !== 'running' && state !== 'silent')
  const last = [...new Map(ended.toReversed().map(run => [run.database, run])).values()]
  const bad = last.filter(({ state }) => state !== 'sound')
  if (last.length === 0)
    return (
      <Alert color="yellow" title="The log was never verified" role="status">
        It is verified each night at 04:40 UTC. You need not wait: verify everything now.
      </Alert>
    )
  if (bad.length === 0)
    return (
      <Alert color="pine" title="The log is as it was written" role="status">
        Verified {formatAgo(last[0]?.beganAt ?? '')}: no entry was changed, removed or put in.
      </Alert>
    )
  return bad.map(run => (
    <Alert
      key={run.id}
      color={run.state === 'unsound' ? 'red' : 'yellow'}
      title={`${run.state === 'unsound' ? 'The log is not as it was written' : 'The log could not be verified'}${run.database ? `: ${run.database}` : ''}`}
      role="status"
    >
      <Findings run={run} />
    </Alert>
  ))
}

function Findings({ run: { findings, counts, failure } }: { run: Run }) {
  if (failure !== null) return failure
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const advices = [...new Set(findings.map(({ advice }) => advice))]
  return (
    <>
      <List size="sm">
        {findings.slice(0, 10).map(({ kind, text }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: findings stay in their order
          <List.Item key={place} style={{ overflowWrap: 'anywhere' }}>
            <b>{kind.replaceAll('_', ' ')}</b>: {text}
          </List.Item>
        ))}
      </List>
      {all > 10 && <Text size="sm">And {all - 10} more: commonhold audit verify --json lists them.</Text>}
      {advices.map(advice => (
        <Text key={advice} size="sm" mt={6}>
          {advice}
        </Text>
      ))}
    </>
  )
}

const nameOf = (database: string | null) => database ?? 'Main database'

function Logs({ logs }: { logs: Standing['logs'] }) {
  return (
    <TablePart
      title="Sealing"
      note="Each workspace has a log of its own, and so has the installation."
      rows={logs}
      keyOf={({ database }) => nameOf(database)}
      nothing="There is no log."
      columns={[
        { label: 'Database', of: ({ database }) => nameOf(database) },
        {
          label: 'Sealed',
          of: ({ lagSeconds, failure }) =>
            failure ?? (lagSeconds === 0 ? 'up to now' : `${formatSeconds(lagSeconds)} behind`),
        },
        {
          label: 'Checkpoint',
          isNumber: true,
          of: ({ checkpoint }) => checkpoint?.number.toLocaleString() ?? 'none yet',
        },
        {
          label: 'Signed',
          of: ({ checkpoint }) =>
            checkpoint ? <time dateTime={checkpoint.at}>{formatExactTime(checkpoint.at)}</time> : 'not yet',
        },
        { label: 'Entries', isNumber: true, of: ({ checkpoint }) => checkpoint?.size.toLocaleString() ?? '0' },
        { label: 'Logs', isNumber: true, of: ({ checkpoint }) => checkpoint?.tenants.toLocaleString() ?? '0' },
        {
          label: 'Key',
          isLong: true,
          of: ({ checkpoint }) => (
            <code style={{ overflowWrap: 'anywhere' }}>{checkpoint?.thumbprint ?? 'none yet'}</code>
          ),
        },
      ]}
    />
  )
}

/** What the last verification of everything has found of archived months, and restores that somebody knows of. */
function Archived({ runs }: { runs: readonly Run[] }) {
  const whole = runs.filter(({ kind, state }) => kind === 'full' && (state === 'sound' || state === 'unsound'))
  const last = [...new Map(whole.toReversed().map(run => [run.database, run])).values()]
  const told = last.filter(
    ({ archived, knownForks, continuedCopies }) => archived > 0 || knownForks.length + continuedCopies.length > 0,
  )
  if (told.length === 0) return null
  return (
    <TablePart
      title="Archived months and known restores"
      note="As the last verification of everything found them. A month that is not at hand is told by its signed record."
      rows={told}
      keyOf={({ id }) => id}
      nothing=""
      columns={[
        { label: 'Database', of: ({ database }) => nameOf(database) },
        { label: 'Archived entries', isNumber: true, of: ({ archived }) => archived.toLocaleString() },
        {
          label: 'Months',
          isLong: true,
          of: ({ archivesRead, archivesAway }) => (
            <>
              <div>Read again: {archivesRead.join(', ') || 'none'}</div>
              {archivesAway.length > 0 && <div>Not at hand: {archivesAway.join(', ')}</div>}
            </>
          ),
        },
        {
          label: 'Restores known of',
          isLong: true,
          of: ({ knownForks, continuedCopies }) =>
            knownForks.length + continuedCopies.length === 0 ? (
              'none'
            ) : (
              <>
                {continuedCopies.map(({ checkpoint, by, at, reason }) => (
                  <div key={at}>
                    A dump of another database,{' '}
                    {checkpoint === null ? 'from its beginning' : `after checkpoint ${checkpoint}`}, as {by} said{' '}
                    {formatAgo(at)}: {reason}
                  </div>
                ))}
                {knownForks.map(({ checkpoint, forkOf, by, at, reason }) => (
                  <div key={checkpoint}>
                    Checkpoint {checkpoint} beside {forkOf}, accepted by {by} {formatAgo(at)}: {reason}
                  </div>
                ))}
              </>
            ),
        },
      ]}
    />
  )
}

function Copies({ standing: { copies, folder } }: { standing: Standing }) {
  return (
    <TablePart
      title="Copies outside"
      note={
        folder === null ? (
          'Checkpoints are not kept in a folder: whoever can write to the database could seal it anew.'
        ) : (
          <>
            Each checkpoint is appended to files in <code style={{ overflowWrap: 'anywhere' }}>{folder}</code>. Keep it
            where who runs the database cannot write.
          </>
        )
      }
      rows={copies}
      keyOf={({ database, destination }) => `${nameOf(database)} ${destination}`}
      nothing="No address is told of checkpoints."
      columns={[
        { label: 'Where', isLong: true, of: ({ destination }) => destination },
        { label: 'Database', isLong: true, of: ({ database }) => nameOf(database) },
        { label: 'Newest', isNumber: true, of: ({ number }) => number.toLocaleString() },
        { label: 'Missing', isNumber: true, of: ({ behind }) => behind.toLocaleString() },
        { label: 'Told', of: ({ deliveredAt }) => (deliveredAt ? formatTime(deliveredAt) : 'never') },
        {
          label: 'Trouble',
          isLong: true,
          of: ({ failures, lastError }) => (failures > 0 ? `${failures} times in a row: ${lastError}` : 'none'),
        },
      ]}
    />
  )
}

const statuses = { running: 'running', sound: 'done', unsound: 'critical', failed: 'failed', silent: 'failed' } as const
const results = { running: '', sound: 'As it was written', unsound: '', failed: '', silent: 'It was killed' } as const

function Runs({ runs }: { runs: readonly Run[] }) {
  return (
    <TablePart
      title="Verifications"
      note="Each night what is new, on Sundays everything; also what follows a restore: a fork is recorded, not hidden."
      rows={runs}
      keyOf={({ id }) => id}
      nothing="None yet."
      columns={[
        { label: 'State', of: ({ state }) => <StatusBadge status={statuses[state]} /> },
        { label: 'Began', of: ({ beganAt }) => <time dateTime={beganAt}>{formatTime(beganAt)}</time> },
        { label: 'What', of: ({ kind }) => (kind === 'since_checkpoint' ? 'What was new' : 'Everything') },
        { label: 'Database', of: ({ database }) => nameOf(database) },
        { label: 'Asked for by', of: ({ requestedBy }) => requestedBy ?? 'clock or command' },
        {
          label: 'Entries',
          isNumber: true,
          of: ({ entries, total, state }) =>
            state === 'running' && total
              ? `${entries.toLocaleString()} of ${total.toLocaleString()} (${Math.floor((entries / total) * 100)} %)`
              : entries.toLocaleString(),
        },
        {
          label: 'Result',
          isLong: true,
          of: ({ state, failure, counts }) =>
            failure ??
            (results[state] ||
              Object.entries(counts)
                .map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`)
                .join(', ')),
        },
      ]}
    />
  )
}
