import { Alert, Button, Group, List, Modal, Progress, Text, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, formatCount, Refusal, useSession } from '#platform/console'
import { Ago } from './ago.tsx'
import { Loaded } from './loaded.tsx'
import classes from './operations.module.css'
import { formatBytes } from './operations.ts'
import { TablePart } from './part.tsx'
import { type Archive, type ArchiveRun, type Archives, archivesQuery, restoreNow, verifyNow } from './retention.ts'
import { StatusBadge } from './status-badge.tsx'

/** GG-16: the months that went into files, how they were found, and a way to look at their rows again. */
export function ArchivesPart() {
  const query = useQuery(archivesQuery)
  const [wanted, setWanted] = useState<Archive>()
  return (
    <Loaded query={query} label="Loading the archives">
      {archives => (
        <div className={classes.stack}>
          {archives.faults.length > 0 && <Faults faults={archives.faults} />}
          <Shelf archives={archives} restore={setWanted} />
          {archives.runs.length > 0 && <Runs runs={archives.runs} />}
          {wanted && <RestoreDialog archive={wanted} close={() => setWanted(undefined)} />}
        </div>
      )}
    </Loaded>
  )
}

const Faults = ({ faults }: { faults: readonly string[] }) => (
  <Alert color="red" role="alert" title="Not everything in the folder can be read">
    <List size="sm">
      {faults.map(fault => (
        <List.Item key={fault}>{fault}</List.Item>
      ))}
    </List>
    <Text size="sm" mt="xs">
      Bring what is missing or altered back from the backup of this folder; a key that is not known belongs into
      COMMONHOLD_KEYS.
    </Text>
  </Alert>
)

/** What asks for something of a worker, and looks soon after whether it has begun. */
function useAsk<T>(ask: (wish: T) => Promise<unknown>, message: string, done?: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ask,
    onSuccess: () => {
      done?.()
      notifications.show({ message })
      setTimeout(() => void client.invalidateQueries({ queryKey: archivesQuery.queryKey }), 3_000)
    },
  })
}

function Shelf({ archives: { items, folder, faults }, restore }: ShelfProps) {
  const { can } = useSession()
  const verify = useAsk(verifyNow, 'They are read again in a moment.')
  if (items.length === 0 && faults.length === 0)
    return (
      <section className="panel" aria-label="Archives">
        <EmptyState icon="archive" title="There is no archive yet">
          A month of logs goes into one once its last row is old enough. “What is kept” says when that is.
        </EmptyState>
      </section>
    )
  return (
    <>
      <Refusal error={verify.error} title="They are not read again" />
      <TablePart
        title="Archives"
        note={
          <>
            Compressed and encrypted in <span className="mono">{folder}</span>, which belongs into the backups of the
            machine.
          </>
        }
        actions={
          can('operations.state.manage') && (
            <Button size="xs" variant="default" loading={verify.isPending} onClick={() => verify.mutate(undefined)}>
              Read all again
            </Button>
          )
        }
        rows={items.toReversed()}
        keyOf={({ id }) => id}
        nothing="None can be read."
        columns={[
          {
            label: 'Month of',
            of: ({ table, from, database }) => (
              <>
                {formatMonth(from)} <span className="mono">{table}</span>
                {database !== null && <span className="mono"> in {database}</span>}
              </>
            ),
          },
          { label: 'State', of: archive => <State archive={archive} /> },
          { label: 'Rows', isNumber: true, of: ({ rows }) => formatCount(rows) },
          { label: 'Size', isNumber: true, of: ({ bytes }) => formatBytes(bytes) },
          { label: 'Written', of: ({ writtenAt }) => <Ago at={writtenAt} /> },
          {
            label: 'SHA-256',
            of: ({ fileSha256 }) => (
              <span className="mono" title={fileSha256}>
                {fileSha256.slice(0, 8)}…
              </span>
            ),
          },
          ...(can('operations.state.manage')
            ? [
                {
                  label: 'Do',
                  of: (archive: Archive) => (
                    <Group gap={6} wrap="nowrap">
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Read again: ${archive.id}`}
                        onClick={() => verify.mutate(archive.id)}
                      >
                        Read again
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Restore: ${archive.id}`}
                        onClick={() => restore(archive)}
                      >
                        Restore…
                      </Button>
                    </Group>
                  ),
                },
              ]
            : []),
        ]}
      />
    </>
  )
}

type ShelfProps = { archives: Archives; restore: (archive: Archive) => void }

/** Months of logs begin and end in UTC. */
const formatMonth = (from: string) =>
  new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(from))

function State({ archive: { verification } }: { archive: Archive }) {
  if (!verification) return 'whole when written'
  const [fault] = verification.faults
  if (fault === undefined)
    return (
      <>
        whole <Ago at={verification.at} />
      </>
    )
  return (
    <span className={classes.long}>
      <StatusBadge status="critical" /> {fault}
    </span>
  )
}

function RestoreDialog({ archive, close }: { archive: Archive; close: () => void }) {
  const [into, setInto] = useState(`${archive.partition.replaceAll('"', '')}_restored`)
  const restore = useAsk(
    () => restoreNow(archive.id, into.trim()),
    'It is restored in a moment, and stands below when it is done.',
    close,
  )
  return (
    <Modal opened onClose={close} title="Restore into a table beside" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          restore.mutate(undefined)
        }}
      >
        <Text size="sm" mb="md">
          {formatCount(archive.rows)} rows of {archive.partition}
          {archive.database !== null && ` in ${archive.database}`}. Only the owner of the schema reads that table; drop
          it when it is of no more use. Nothing is overwritten.
        </Text>
        <TextInput
          label="Table"
          description="schema.table, which is made"
          value={into}
          onChange={event => setInto(event.currentTarget.value)}
          required
          autoComplete="off"
          data-autofocus
          classNames={{ input: 'mono' }}
        />
        <Refusal error={restore.error} mt="md" />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
          <Button type="submit" loading={restore.isPending}>
            Restore
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

const Runs = ({ runs }: { runs: readonly ArchiveRun[] }) => (
  <TablePart
    title="What was done with them"
    rows={runs}
    keyOf={({ id }) => id}
    nothing=""
    columns={[
      { label: 'What', of: ({ kind }) => (kind === 'restore' ? 'Restored' : 'Read again') },
      { label: 'Archive', of: ({ archive }) => <span className="mono">{archive ?? 'all'}</span> },
      { label: 'State', of: ({ status }) => <StatusBadge status={status} /> },
      { label: 'Began', of: ({ startedAt }) => <Ago at={startedAt} /> },
      { label: 'Outcome', isLong: true, of: run => <Outcome run={run} /> },
    ]}
  />
)

function Outcome({ run: { kind, status, done, total, restoredInto, reason } }: { run: ArchiveRun }) {
  const what = kind === 'restore' ? 'rows' : 'archives'
  if (status === 'failed') return reason
  if (status === 'done')
    return kind === 'restore'
      ? `${formatCount(done)} rows are in ${restoredInto?.replaceAll('"', '')}`
      : `${formatCount(done)} ${done === 1 ? 'archive' : 'archives'} without a fault`
  if (total === null || total === 0) return 'has begun'
  return (
    <>
      {formatCount(done)} of {formatCount(total)} {what}
      <Progress value={(100 * done) / total} aria-label={`${what} done`} mt={4} />
    </>
  )
}
