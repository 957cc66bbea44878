import { Anchor, Badge, Button, Group, Modal, NativeSelect, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatTime, LoadMore, PageLink } from '#platform/console'
import { PlanComparison } from './comparison.tsx'
import { inDomain } from './domain-choice.tsx'
import { useDesk } from './round-desk.ts'
import { gapInWords, nameOfAction } from './round-words.ts'
import classes from './rounds.module.css'
import {
  type HistoryEntry,
  historyQuery,
  type Revision,
  refreshRound,
  restoreRevision,
  revisionsQuery,
} from './rounds.ts'
import { type Run, runsQuery } from './runs.ts'
import { strategyName } from './strategy-names.ts'

/** The plans that the round had, two of them beside each other, the solver’s runs, and each change in full. */
export function RoundHistory() {
  return (
    <>
      <Revisions />
      <Runs />
      <Changes />
    </>
  )
}

function Revisions() {
  const { round, isOpen } = useDesk()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(revisionsQuery(round.id))
  const [compared, setCompared] = useState<Revision>()
  const restoring = useMutation({
    mutationFn: (revision: Revision) => restoreRevision(round.id, revision.number),
    onSuccess: async (_, revision) => {
      await refreshRound(client, round.id)
      notifications.show({ message: `The plan is again as plan ${revision.number} was.` })
    },
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
  })
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={120} aria-label="Loading the plans" />
  const revisions = data.toSorted((one, other) => other.number - one.number)
  const latest = revisions[0]
  return (
    <section className="panel" aria-label="Plans">
      {latest === undefined ? (
        <Text size="sm" c="dimmed" p="md">
          It has had no plan yet. Each one is kept here, to compare and to go back to.
        </Text>
      ) : (
        <ol className={classes.revisions} aria-label="Plans, the latest first">
          {revisions.map(revision => (
            <li key={revision.number} className={classes.revision}>
              <div className={classes.revisionWords}>
                <Text size="sm" fw={560} component="div">
                  {revision.number}. {nameOfAction(revision)}{' '}
                  {revision === latest && (
                    <Badge size="xs" variant="light" color="pine" tt="none">
                      now
                    </Badge>
                  )}
                </Text>
                <Text size="xs" c="dimmed">
                  {formatTime(revision.createdAt)}
                  {revision.createdByName !== null && `, ${revision.createdByName}`}
                </Text>
              </div>
              {revision !== latest && (
                <Group gap={6}>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Compare plan ${revision.number} with now`}
                    onClick={() => setCompared(revision)}
                  >
                    Compare
                  </Button>
                  {isOpen && (
                    <Button
                      size="compact-sm"
                      variant="default"
                      loading={restoring.isPending && restoring.variables === revision}
                      onClick={() => restoring.mutate(revision)}
                    >
                      Go back to it<span className="visually-hidden"> (plan {revision.number})</span>
                    </Button>
                  )}
                </Group>
              )}
            </li>
          ))}
        </ol>
      )}
      {compared && latest && (
        <ComparisonDialog
          revisions={revisions}
          from={compared.number}
          to={latest.number}
          close={() => setCompared(undefined)}
        />
      )}
    </section>
  )
}

function ComparisonDialog({ revisions, close, ...first }: ComparisonDialogProps) {
  const { round, domain } = useDesk()
  const [from, setFrom] = useState(first.from)
  const [to, setTo] = useState(first.to)
  const choices = revisions.map(revision => ({
    value: String(revision.number),
    label: `${revision.number}. ${nameOfAction(revision)}`,
  }))
  return (
    <Modal opened onClose={close} size="lg" title="Compare two plans" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Group grow gap="sm" mb="md">
        <NativeSelect
          label="This plan"
          data-autofocus
          value={String(from)}
          data={choices}
          onChange={event => setFrom(Number(event.currentTarget.value))}
        />
        <NativeSelect
          label="with this one"
          value={String(to)}
          data={choices}
          onChange={event => setTo(Number(event.currentTarget.value))}
        />
      </Group>
      <PlanComparison roundId={round.id} asked={{ from, to }} domain={domain} names={[`Plan ${from}`, `Plan ${to}`]} />
    </Modal>
  )
}

type ComparisonDialogProps = { revisions: readonly Revision[]; from: number; to: number; close: () => void }

const runStates: Readonly<Record<Run['status'], string>> = {
  queued: 'waits',
  running: 'is at work',
  done: 'done',
  stopped: 'stopped',
  failed: 'failed',
}

function Runs() {
  const { round, domain } = useDesk()
  const query = useInfiniteQuery(runsQuery(round.id))
  const runs = query.data?.pages.flatMap(page => page.items) ?? []
  if (runs.length === 0) return null
  return (
    <section className={`panel ${classes.part}`} aria-label="Runs of the solver">
      <Title order={2} size="h4" mb="xs">
        Runs of the solver
      </Title>
      <ul className={classes.plainList}>
        {runs.map(run => (
          <li key={run.id}>
            <Anchor
              component={PageLink}
              size="sm"
              underline="always"
              to="/assignments/$id/runs/$runId"
              params={{ id: round.id, runId: run.id }}
              search={inDomain(domain)}
            >
              {formatTime(run.createdAt)}
            </Anchor>
            {`, ${run.kind === 'replan' ? 'replanning' : strategyName(run.strategy).toLowerCase()}, ${runStates[run.status]}. `}
            <Text span size="sm" c="dimmed">
              {run.planStatus === 'infeasible'
                ? 'No plan is possible.'
                : (run.fault ?? gapInWords(run.cost, run.lowerBound))}
            </Text>
          </li>
        ))}
      </ul>
      <LoadMore query={query} label="Show earlier runs" />
    </section>
  )
}

function Changes() {
  const { round } = useDesk()
  const query = useInfiniteQuery(historyQuery(round.id))
  const entries = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <section className={`panel ${classes.part}`} aria-label="Every change">
      <Title order={2} size="h4" mb="xs">
        Every change
      </Title>
      {query.isPending && <Skeleton height={80} aria-label="Loading the changes" />}
      {query.error && entries.length === 0 && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      <ul className={classes.plainList}>
        {entries.map(entry => (
          <ChangeLine key={entry.id} entry={entry} />
        ))}
      </ul>
      <LoadMore query={query} label="Show earlier changes" />
    </section>
  )
}

function ChangeLine({ entry }: { entry: HistoryEntry }) {
  const { plan } = useDesk()
  const sentence = sentenceOf(entry, plan)
  // Figures that follow from what is told beside them.
  if (sentence === undefined) return null
  return (
    <li>
      <Text span size="sm" c="dimmed" className="figures">
        {formatTime(entry.changedAt)}
      </Text>{' '}
      {entry.changedByName !== null && (
        <Text span size="sm" c="dimmed">
          {entry.changedByName}:{' '}
        </Text>
      )}
      {sentence}
    </li>
  )
}

type People = readonly { participant_id?: string; target_id?: string; is_pinned?: boolean }[]

function sentenceOf(
  { action, changes }: HistoryEntry,
  names: { nameOfPerson: (id: string) => string; nameOfTarget: (id: string) => string },
): string | undefined {
  const { details } = changes as { details?: { old?: People; new?: People } }
  if (details) {
    const people = details.new ?? details.old ?? []
    const shown = people
      .slice(0, 6)
      .map(each => `${names.nameOfPerson(each.participant_id ?? '')} (${names.nameOfTarget(each.target_id ?? '')})`)
    const list =
      people.length > shown.length ? `${shown.join(', ')} and ${people.length - shown.length} more` : shown.join(', ')
    if (action === 'assign') return `Assigned: ${list}`
    if (action === 'unassign') return `Taken off: ${list}`
    const isPin = people.every(({ is_pinned }, place) => is_pinned !== details.old?.[place]?.is_pinned)
    return `${!isPin ? 'Changed' : people[0]?.is_pinned ? 'Pinned' : 'No longer pinned'}: ${list}`
  }
  if (action === 'insert') return 'The round was made'
  const set = (column: string) => (changes as Record<string, { new?: unknown }>)[column]?.new
  if (set('status') === 'completed') return 'Completed'
  if (set('status') === 'cancelled') return 'Cancelled'
  if (set('status') === 'active') return 'Taken up again'
  if (set('published_at')) return 'Published'
  if ('locked_at' in changes) return set('locked_at') ? 'Locked' : 'Unlocked'
  const columns = Object.keys(changes).flatMap(column => columnNames[column] ?? [])
  if (columns.length > 0) return `Changed: ${columns.join(', ')}`
  return undefined
}

const columnNames: Readonly<Record<string, string>> = {
  name: 'name',
  description: 'description',
  assignment_date: 'first day',
  ends_on: 'last day',
  metadata: 'remarks',
}
