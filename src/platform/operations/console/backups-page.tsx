import { Alert, Badge, Button, Group, List, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { EmptyState, formatAgo, formatExactTime, Icon, useSession } from '#platform/console'
import { lostOf } from '../backups/chains.ts'
import {
  type BackupState,
  backupsQuery,
  beginBackup,
  beginDrill,
  type Chain,
  placeWindows,
  type Run,
} from './backups.ts'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import { formatBytes, formatSeconds } from './operations.ts'
import { OperationsFrame } from './operations-frame.tsx'
import { TablePart } from './part.tsx'
import { Restores, wordsOf } from './restores-part.tsx'
import { RunningRun } from './running-run.tsx'
import { StatusBadge } from './status-badge.tsx'

/** GG-20, GG-21: how well the database is protected, and what was done for it. */
export function Page() {
  const query = useQuery(backupsQuery)
  const { data } = query
  return (
    <OperationsFrame
      lead="A whole backup each night, what changed every six hours, and every change as it is written."
      actions={data?.adapter === 'own' && <Actions hasBackup={data.chains.length > 0} isBusy={isBusy(data)} />}
    >
      <Loaded query={query} label="Loading the backups">
        {state => (
          <div className={classes.stack}>
            <Standing state={state} />
            {state.runs
              .filter(run => run.state === 'running')
              .map(run => (
                <RunningRun key={run.id} run={run} now={state.now} title={kinds[run.kind]} />
              ))}
            <Glance state={state} />
            {state.adapter === 'own' && <Reach state={state} />}
            {state.others.length > 0 && <OtherServers others={state.others} />}
            {state.adapter === 'own' && <Chains chains={state.chains} />}
            <Restores restores={state.restores} />
            <Runs runs={state.runs} />
          </div>
        )}
      </Loaded>
    </OperationsFrame>
  )
}

const isBusy = ({ runs }: BackupState) => runs.some(({ state }) => state === 'running')

function Actions({ hasBackup, isBusy: busy }: { hasBackup: boolean; isBusy: boolean }) {
  const { can } = useSession()
  const client = useQueryClient()
  const begin = useMutation({
    mutationFn: (what: 'full' | 'incremental' | 'drill') => (what === 'drill' ? beginDrill() : beginBackup(what)),
    onSuccess: (_answer, what) => {
      notifications.show({
        message: what === 'drill' ? 'The drill begins in a moment.' : 'The backup begins in a moment.',
      })
      setTimeout(() => void client.invalidateQueries({ queryKey: backupsQuery.queryKey }), 3_000)
    },
    onError: error => notifications.show({ color: 'red', message: error.message }),
  })
  if (!can('operations.state.manage')) return null
  return (
    <Group gap="xs">
      {hasBackup && (
        <>
          <Button variant="default" disabled={busy} loading={begin.isPending} onClick={() => begin.mutate('drill')}>
            Begin a drill
          </Button>
          <Button
            variant="default"
            disabled={busy}
            loading={begin.isPending}
            onClick={() => begin.mutate('incremental')}
          >
            Back up changes
          </Button>
        </>
      )}
      <Button
        leftSection={<Icon name="download" size={16} />}
        disabled={busy}
        loading={begin.isPending}
        onClick={() => begin.mutate('full')}
      >
        Back up now
      </Button>
    </Group>
  )
}

const standings = {
  protected: { color: 'green', title: 'The database is protected' },
  attention: { color: 'yellow', title: 'The backups want a look' },
  unprotected: { color: 'red', title: 'The database is not protected' },
} as const

function Standing({ state: { status, advice } }: { state: BackupState }) {
  const { color, title } = standings[status]
  return (
    <Alert color={color} title={title} role="status">
      {advice.length > 0 ? (
        <List size="sm">
          {advice.map(line => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      ) : (
        'Backups are made, read again, and were tried; every change is received as it is written.'
      )}
    </Alert>
  )
}

function Glance({ state }: { state: BackupState }) {
  const { chains, received, runs, lastDrill: drilled, lastBackupAt, archivedUntil, adapter } = state
  const backups = chains.flat()
  const verified = runs.find(run => run.kind === 'verify' && run.state !== 'running')
  return (
    <dl className={classes.tiles}>
      <Tile label="Last whole backup" time={backups.findLast(it => it.kind === 'full')?.finishedAt ?? lastBackupAt} />
      {adapter === 'own' && (
        <Tile label="Last of changes" time={backups.findLast(it => it.kind === 'incremental')?.finishedAt ?? null} />
      )}
      <Tile
        label="Changes received up to"
        time={received?.until ?? archivedUntil}
        note={received ? `${received.isReceiving ? 'receiving' : 'not receiving'}, WAL ${received.lsn}` : undefined}
      />
      {adapter === 'own' && (
        <>
          <Tile label="Last read again" time={verified?.finishedAt ?? null} note={verified && outcomeOf(verified)} />
          <Tile
            label="Last restore drill"
            time={drilled?.finishedAt ?? null}
            note={drilled ? outcomeOf(drilled) : undefined}
          />
        </>
      )}
    </dl>
  )
}

const outcomeOf = ({ state }: Run) => (state === 'done' ? 'without a fault' : 'with faults')

function Tile({ label, time, note }: { label: string; time: string | null; note?: string | undefined }) {
  return (
    <div className={`panel ${classes.tile}`}>
      <dt>{label}</dt>
      <dd className={classes.figure}>
        {time ? (
          <time dateTime={time} title={formatExactTime(time)}>
            {formatAgo(time)}
          </time>
        ) : (
          'never'
        )}
      </dd>
      {note && <dd className={classes.note}>{note}</dd>}
    </div>
  )
}

function Reach({ state }: { state: BackupState }) {
  const { windows, folder, retentionDays, freeBytes } = state
  const places = placeWindows(state)
  const last = windows.at(-1)
  return (
    <section className={`panel ${classes.findings}`} aria-labelledby="reach">
      <Title order={2} size="h4" id="reach">
        To when the database can be brought back
      </Title>
      {windows[0] && last ? (
        <>
          <div className={classes.reach} aria-hidden="true">
            {places.map(({ left, width }) => (
              <span key={left} style={{ left: `${left}%`, width: `${width}%` }} />
            ))}
          </div>
          <Text size="sm">
            Every moment from {formatExactTime(windows[0].from)} to {formatExactTime(last.until)}
            {windows.length > 1 && `, but for ${windows.length - 1} ${windows.length === 2 ? 'gap' : 'gaps'}`}. Kept for{' '}
            {retentionDays} days.
          </Text>
        </>
      ) : (
        <Text size="sm" c="dimmed">
          To none yet: there is no backup.
        </Text>
      )}
      <Text size="sm" c="dimmed" className={classes.words}>
        They lie in {folder}
        {freeBytes !== null && `, where ${formatBytes(freeBytes)} are free`}. The keys that open them are not there:
        keep those apart.
      </Text>
    </section>
  )
}

function OtherServers({ others }: { others: BackupState['others'] }) {
  return (
    <TablePart
      title="Other servers"
      note="On them workspaces have databases of their own. Each is backed up as the main one is, if its login may replicate."
      rows={others}
      keyOf={({ databases }) => databases.join()}
      nothing=""
      columns={[
        { label: 'Databases', of: ({ databases }) => <span className="mono">{databases.join(', ')}</span> },
        { label: 'Workspaces', isNumber: true, of: ({ tenants }) => tenants },
        { label: 'State', of: ({ status }) => <StatusBadge status={status} /> },
        {
          label: 'Can be brought back',
          isLong: true,
          of: ({ from, until, message }) => (
            <>
              {from && until && `From ${formatExactTime(from)} to ${formatExactTime(until)}. `}
              {message}
            </>
          ),
        },
      ]}
    />
  )
}

function Chains({ chains }: { chains: readonly Chain[] }) {
  if (chains.length === 0)
    return (
      <section className="panel" aria-label="Backups">
        <EmptyState icon="shield" title="There is no backup yet">
          The first one is made at 02:00 UTC. With “Back up now” it is made at once.
        </EmptyState>
      </section>
    )
  return (
    <TablePart
      title="Backups"
      note="The newest first. One of changes needs those before it, back to a whole one."
      rows={chains.flatMap(withLost).toReversed()}
      keyOf={backup => backup.id}
      nothing=""
      columns={[
        {
          label: 'Backup',
          of: ({ id, kind }) => (
            <span className={kind === 'incremental' ? classes.branch : undefined}>
              {kind === 'full' ? 'Whole' : 'Changes'} <span className="mono">{id}</span>
            </span>
          ),
        },
        {
          label: 'Made',
          of: ({ finishedAt }) => (
            <time dateTime={finishedAt} title={formatExactTime(finishedAt)}>
              {formatAgo(finishedAt)}
            </time>
          ),
        },
        { label: 'Stored', isNumber: true, of: ({ storedBytes }) => formatBytes(storedBytes) },
        { label: 'Holds', isNumber: true, of: ({ plainBytes }) => formatBytes(plainBytes) },
        {
          label: 'Read again',
          isLong: true,
          of: ({ verification, isLost }) => <Read verification={verification} isLost={isLost} />,
        },
      ]}
    />
  )
}

function withLost(chain: Chain) {
  const lost = lostOf(chain)
  return chain.map(backup => ({ ...backup, isLost: lost.includes(backup) }))
}

function Read({ verification, isLost }: { verification: Chain[number]['verification']; isLost: boolean }) {
  if (!verification) return <Text size="sm">not yet</Text>
  const [fault] = verification.faults
  if (fault === undefined) return <Text size="sm">{isLost ? 'whole, but builds on a broken one' : 'whole'}</Text>
  return (
    <>
      <Badge variant="light" color="red" tt="none" autoContrast>
        Broken
      </Badge>{' '}
      {fault}
    </>
  )
}

const kinds: Readonly<Record<Run['kind'], string>> = {
  full: 'Whole backup',
  incremental: 'Backup of changes',
  verify: 'Read again',
  drill: 'Restore drill',
  expire: 'Removal of old ones',
  restore: 'Restore',
}

/** A run on another server says of which. */
const nameOf = ({ kind, result }: Run) =>
  typeof result?.database === 'string' && kind !== 'restore' ? `${kinds[kind]} of ${result.database}` : kinds[kind]

function Runs({ runs }: { runs: readonly Run[] }) {
  return (
    <TablePart
      title="What was done"
      rows={runs}
      keyOf={run => run.id}
      nothing="Nothing was done yet."
      columns={[
        { label: 'What', of: run => nameOf(run) },
        { label: 'State', of: ({ state }) => <StatusBadge status={state} /> },
        {
          label: 'Began',
          of: ({ startedAt }) => (
            <time dateTime={startedAt} title={formatExactTime(startedAt)}>
              {formatAgo(startedAt)}
            </time>
          ),
        },
        {
          label: 'Took',
          isNumber: true,
          of: ({ startedAt, finishedAt }) =>
            finishedAt ? formatSeconds((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000) : '',
        },
        { label: 'By', of: ({ requestedBy }) => requestedBy ?? 'the clock' },
        {
          label: 'Outcome',
          isLong: true,
          of: run => (run.failure === null ? effectOf(run) : <Failure run={run} failure={run.failure} />),
        },
      ]}
    />
  )
}

const remedies: Readonly<Record<Run['kind'], string>> = {
  full: 'When the cause is gone, “Back up now” tries again at once; by itself it is tried at the next time that is due.',
  incremental: 'When the cause is gone, “Back up changes” tries again at once; else the next one takes these along.',
  verify: 'Do not count on this backup: make a whole one with “Back up now”, and see to the disk with the folder.',
  drill: 'See to what it names, then begin a drill again. Until one goes well it is not certain that a restore does.',
  expire: 'Nothing that is needed was removed. It is tried again after the next whole backup.',
  restore: 'See to what it names, then begin it again.',
}

const Failure = ({ run: { kind }, failure }: { run: Run; failure: string }) => (
  <>
    {failure}
    <Text size="xs" c="dimmed">
      {remedies[kind]}
    </Text>
  </>
)

function effectOf({ kind, state, result }: Run): string {
  const figure = (name: string) => Number(result?.[name] ?? 0)
  const many = (name: string) => figure(name).toLocaleString('en-US')
  if (state === 'running' || !result) return ''
  if (kind === 'drill')
    return `${many('indexes')} indexes and ${many('tables')} tables, ${many('compared')} held against the database`
  if (kind === 'verify') return `${formatBytes(figure('bytes'))} without a fault`
  if (kind === 'expire')
    return `${(result.backups as unknown[] | undefined)?.length ?? 0} backups, ${many('segments')} segments of WAL`
  if (kind === 'restore') return `${wordsOf(result)}: see Restores`
  return `${formatBytes(figure('storedBytes'))} of ${formatBytes(figure('plainBytes'))}`
}
