import { Anchor, Badge, Button, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { EmptyState, ErrorState, formatCount, formatTime, LoadMore, PageHeader, PageLink } from '#platform/console'
import { MatchTabs } from './match-tabs.tsx'
import classes from './matches.module.css'
import { decisionsQuery, type MatchDecision, refreshMatches, undoBatch, undoDecision } from './matches.ts'
import { ReasonDialog } from './reason-dialog.tsx'

/** What people decided about matches and merges, with the way back. */
export function Page() {
  return (
    <>
      <PageHeader title="Matches" lead="What was decided, by whom and why. Every decision can be undone." />
      <MatchTabs />
      <Decisions />
    </>
  )
}

/** All decisions, or those about one contractor. */
export function Decisions({ contractorId }: { contractorId?: string }) {
  const query = useInfiniteQuery(decisionsQuery(contractorId))
  const decisions = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const [undoing, setUndoing] = useState<Undoing>()
  if (query.isPending)
    return (
      <div role="status" aria-label="Loading the decisions">
        <Skeleton height={240} />
      </div>
    )
  if (query.isError && decisions.length === 0)
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  const batches = new Map<string, number>()
  for (const { batchId, undone } of decisions)
    if (batchId !== null && undone === null) batches.set(batchId, (batches.get(batchId) ?? 0) + 1)
  const shown = new Set<string>()
  return (
    <div className="panel">
      {decisions.length === 0 ? (
        <EmptyState icon="log" title="No decision yet">
          Accepted and rejected matches, merges and splits stand here, with the way back.
        </EmptyState>
      ) : (
        <>
          {decisions.map(decision => {
            const { batchId } = decision
            const isFirst = batchId !== null && decision.undone === null && !shown.has(batchId)
            if (isFirst) shown.add(batchId)
            return (
              <Row
                key={decision.id}
                decision={decision}
                undo={() => setUndoing({ decision })}
                undoAll={
                  isFirst && (batches.get(batchId) ?? 0) > 1 ? () => setUndoing({ decision, batchId }) : undefined
                }
              />
            )
          })}
          <LoadMore query={query} label="Load older decisions">
            {formatCount(decisions.length)} {decisions.length === 1 ? 'decision' : 'decisions'}
          </LoadMore>
        </>
      )}
      {undoing && <UndoDialog undoing={undoing} close={() => setUndoing(undefined)} />}
    </div>
  )
}

type Undoing = { decision: MatchDecision; batchId?: string }

function Row({
  decision,
  undo,
  undoAll,
}: {
  decision: MatchDecision
  undo: () => void
  undoAll?: (() => void) | undefined
}) {
  const { reason, decidedBy, decidedAt, undone, isLast } = decision
  return (
    <div className={classes.decision}>
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <Text size="sm">
          <Sentence decision={decision} />{' '}
          {undone && (
            <Badge variant="light" color="gray" size="sm" tt="none">
              Undone
            </Badge>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {decidedBy}, {formatTime(decidedAt)}: {reason}
        </Text>
        {undone && (
          <Text size="xs" c="dimmed">
            Undone by {undone.by}, {formatTime(undone.at)}: {undone.reason}
          </Text>
        )}
      </div>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 6, justifyContent: 'flex-end', alignSelf: 'start' }}>
        {undoAll && (
          <Button size="compact-sm" variant="default" onClick={undoAll}>
            Undo all of these
          </Button>
        )}
        {isLast && (
          <Button size="compact-sm" variant="default" onClick={undo} aria-label={`Undo: ${wordsOf(decision)}`}>
            Undo
          </Button>
        )}
      </div>
    </div>
  )
}

const namesOf = ({ mentions }: MatchDecision) =>
  mentions.length > 3
    ? `${mentions
        .slice(0, 3)
        .map(({ name }) => name)
        .join(', ')} and ${mentions.length - 3} more`
    : mentions.map(({ name }) => name).join(', ')

function Sentence({ decision }: { decision: MatchDecision }) {
  const { kind, contractor, other } = decision
  const link = ({ id, name }: MatchDecision['contractor']) => (
    <Anchor component={PageLink} to={`/contractors/${id}`} underline="always">
      {name}
    </Anchor>
  )
  if (kind === 'merge')
    return (
      <>
        {other && link(other)} was merged into {link(contractor)}
      </>
    )
  if (kind === 'split')
    return (
      <>
        “{namesOf(decision)}” was taken out of {other && link(other)} and is {link(contractor)} now
      </>
    )
  if (kind === 'accept')
    return (
      <>
        “{namesOf(decision)}” is {link(contractor)}
      </>
    )
  return <>“{namesOf(decision)}” is none of the known contractors</>
}

function wordsOf(decision: MatchDecision): string {
  const { kind, contractor, other } = decision
  if (kind === 'merge') return `${other?.name} was merged into ${contractor.name}`
  if (kind === 'split') return `${namesOf(decision)} was taken out of ${other?.name}`
  return kind === 'accept' ? `${namesOf(decision)} is ${contractor.name}` : `${namesOf(decision)} is none of the known`
}

function UndoDialog({ undoing: { decision, batchId }, close }: { undoing: Undoing; close: () => void }) {
  const client = useQueryClient()
  const undo = useMutation({
    mutationFn: (reason: string): Promise<unknown> =>
      batchId ? undoBatch(batchId, reason) : undoDecision(decision.id, reason),
    async onSuccess() {
      notifications.show({ message: 'Undone.' })
      close()
      await refreshMatches(client)
    },
  })
  return (
    <ReasonDialog
      title={batchId ? 'Undo what was accepted at once?' : 'Undo this decision?'}
      confirm="Undo"
      suggestions={['Decided by mistake', 'They are two firms']}
      isBusy={undo.isPending}
      error={undo.error}
      perform={reason => undo.mutate(reason)}
      close={close}
    >
      {batchId ? 'All of them wait for a reviewer again.' : `${wordsOf(decision)}: all is as it was before.`}
    </ReasonDialog>
  )
}
