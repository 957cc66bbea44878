import { Button, Group, NativeSelect, Progress, Skeleton, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue, useLocalStorage } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAmount,
  formatCount,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  Problem,
  useAddress,
} from '#platform/console'
import { BulkAcceptance } from './bulk-acceptance.tsx'
import { MatchDesk } from './match-desk.tsx'
import { MatchTabs } from './match-tabs.tsx'
import classes from './matches.module.css'
import {
  acceptMatch,
  type Counts,
  type Decided,
  formatScore,
  type MatchSummary,
  matchCountsQuery,
  matchesQuery,
  placeOfMention,
  type Queue,
  readQueue,
  refreshMatches,
  rejectMatch,
  sourceName,
  undoDecision,
} from './matches.ts'
import { ReasonDialog } from './reason-dialog.tsx'

/** The queue of reviewers: one text after the other beside its candidates. */
export function Page() {
  const [asked, change] = useAddress(readQueue)
  const [settled] = useDebouncedValue(asked, 250)
  const query = useInfiniteQuery(matchesQuery(settled))
  const { data: counts } = useQuery(matchCountsQuery)
  const matches = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const { refetch } = query
  const isEmpty = query.isSuccess && matches.length === 0
  const waiting = counts?.waiting
  // The first texts come while somebody looks at the empty queue.
  useEffect(() => {
    if (isEmpty && waiting !== undefined) void refetch()
  }, [isEmpty, waiting, refetch])
  const place = Math.max(
    0,
    matches.findIndex(({ id }) => id === asked.id),
  )
  const current = matches[place]
  const review = useReview(current, matches[place + 1] ?? matches[place - 1], next => change({ id: next }, true))
  const { canType, setCanType } = useKeys({
    j: () => change({ id: matches[Math.min(place + 1, matches.length - 1)]?.id ?? '' }, true),
    k: () => change({ id: matches[Math.max(place - 1, 0)]?.id ?? '' }, true),
    a: review.accept,
    r: review.askToReject,
    u: review.undo,
  })
  const isFiltered = asked.q !== '' || asked.source !== '' || asked.minScore !== ''
  return (
    <>
      <PageHeader
        title="Matches"
        lead="Vendors that lists name without an identifier, and the contractors that they may be."
        actions={<BulkAcceptance source={asked.source} />}
      />
      <MatchTabs />
      {counts && <Left counts={counts} />}
      <Filters asked={asked} change={change} counts={counts} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the matches">
          <Skeleton height={420} />
        </div>
      ) : query.isError && matches.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : current === undefined ? (
        <div className="panel">
          <Nothing
            isFiltered={isFiltered}
            status={asked.status}
            waiting={counts?.waiting ?? 0}
            clear={() => change({ q: '', source: '', minScore: '' })}
          />
        </div>
      ) : (
        <div className={classes.desk} data-open={asked.id !== ''}>
          <div className={`panel ${classes.queuePanel}`}>
            <ol className={classes.queue} aria-label="Queue">
              {matches.map(match => (
                <li key={match.id}>
                  <Entry match={match} isCurrent={match.id === current.id} open={() => change({ id: match.id })} />
                </li>
              ))}
            </ol>
            <LoadMore query={query} label="Load more">
              {formatCount(matches.length)} {matches.length === 1 ? 'text' : 'texts'}
            </LoadMore>
          </div>
          <div className={classes.detailPanel}>
            <div className={classes.backToQueue}>
              <Button
                variant="subtle"
                size="compact-sm"
                mb="xs"
                leftSection={<Icon name="arrowLeft" size={15} />}
                onClick={() => change({ id: '' })}
              >
                Back to the queue
              </Button>
            </div>
            <MatchDesk key={current.id} summary={current} review={review} />
            <div className={classes.keys}>
              <Switch
                size="xs"
                label="Keys"
                checked={canType}
                onChange={event => setCanType(event.currentTarget.checked)}
              />
              {canType && (
                <>
                  <Key name="j" /> next <Key name="k" /> previous <Key name="a" /> accept <Key name="r" /> reject{' '}
                  <Key name="u" /> undo the last
                </>
              )}
            </div>
          </div>
        </div>
      )}
      {review.dialog}
    </>
  )
}

const Key = ({ name }: { name: string }) => <kbd className="mono">{name}</kbd>

export type Review = {
  /** The contractor chosen by its id; null while nothing is shown that could be. */
  choose: (contractorId: string | null) => void
  accept: () => void
  askToReject: () => void
  undo: () => void
  isBusy: boolean
  error: unknown
  canUndo: boolean
}

/** What a reviewer does with the text before him; afterwards the next one is shown. */
function useReview(current: MatchSummary | undefined, next: MatchSummary | undefined, goTo: (id: string) => void) {
  const client = useQueryClient()
  const chosen = useRef<string | null>(null)
  const [isRejecting, setIsRejecting] = useState(false)
  const [last, setLast] = useState<{ id: string; mentionId: string; name: string }>()
  const isOpen = current !== undefined && current.decidedAt === null

  const decide = useMutation({
    mutationFn: ({ match, contractorId, reason }: { match: MatchSummary; contractorId?: string; reason?: string }) =>
      contractorId ? acceptMatch(match.id, contractorId) : rejectMatch(match.id, reason ?? ''),
    async onSuccess(decided: Decided, { match }) {
      setIsRejecting(false)
      setLast({ id: decided.id, mentionId: match.id, name: match.name })
      notifications.show({
        message: `${match.name}: ${decided.kind === 'accept' ? 'accepted' : 'rejected'}. Undo with u or the button below.`,
      })
      goTo(next?.id ?? '')
      await refreshMatches(client)
    },
    async onError(error) {
      // Somebody else was faster: what he did is shown beside what he said.
      if (error instanceof Problem && error.status === 409) await refreshMatches(client)
    },
  })
  const taking = useMutation({
    mutationFn: ({ id }: { id: string; mentionId: string; name: string }) => undoDecision(id, 'Decided by mistake'),
    async onSuccess(_, { mentionId, name }) {
      setLast(undefined)
      notifications.show({ message: `${name}: undone.` })
      await refreshMatches(client)
      goTo(mentionId)
    },
  })
  const isBusy = decide.isPending || taking.isPending
  const choose = useCallback((id: string | null) => {
    chosen.current = id
  }, [])
  return {
    choose,
    accept() {
      if (isOpen && !isBusy && chosen.current !== null) decide.mutate({ match: current, contractorId: chosen.current })
    },
    askToReject() {
      if (!isOpen || isBusy) return
      decide.reset()
      setIsRejecting(true)
    },
    undo() {
      if (last && !isBusy) taking.mutate(last)
    },
    isBusy,
    error: isRejecting ? taking.error : (decide.error ?? taking.error),
    canUndo: last !== undefined,
    dialog: isRejecting && current && (
      <ReasonDialog
        title={`None of the candidates is ${current.name}`}
        confirm="Reject all"
        suggestions={['Another firm with a similar name', 'Not in the catalogue', 'The text names no single firm']}
        isBusy={decide.isPending}
        error={decide.error}
        perform={reason => decide.mutate({ match: current, reason })}
        close={() => setIsRejecting(false)}
      >
        It becomes a contractor of its own without UEI, until somebody finds out who it is.
      </ReasonDialog>
    ),
  }
}

/** Single letters, where nothing takes text and no dialog is open; who wants none turns them off. */
function useKeys(actions: Readonly<Record<'j' | 'k' | 'a' | 'r' | 'u', () => void>>) {
  const [canType, setCanType] = useLocalStorage({
    key: 'commonhold-match-keys',
    defaultValue: true,
    getInitialValueInEffect: false,
  })
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    if (!canType) return
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      const takesKeys = target.closest(
        'input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]',
      )
      if (event.ctrlKey || event.metaKey || event.altKey || takesKeys) return
      if (document.querySelector('[aria-modal="true"]')) return
      const isArrow = !target.closest('input') && (event.key === 'ArrowDown' || event.key === 'ArrowUp')
      const key = isArrow && target.closest('ol') ? (event.key === 'ArrowDown' ? 'j' : 'k') : event.key
      const action = latest.current[key as 'j']
      if (!action) return
      event.preventDefault()
      action()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [canType])
  return { canType, setCanType }
}

function Left({ counts: { review, accepted, rejected, waiting } }: { counts: Counts }) {
  const total = review + accepted + rejected
  if (total + waiting === 0) return null
  const done = total === 0 ? 0 : ((total - review) / total) * 100
  return (
    <div style={{ marginBottom: 16 }}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text size="sm" role="status">
          {formatCount(review)} {review === 1 ? 'waits' : 'wait'} for you; {formatCount(accepted)} accepted,{' '}
          {formatCount(rejected)} vendors of their own
        </Text>
        {waiting > 0 && (
          <Text size="sm" c="dimmed">
            {formatCount(waiting)} still to be looked at by the machine
          </Text>
        )}
      </Group>
      <Progress value={done} size="sm" aria-label="Texts that are decided" />
    </div>
  )
}

function Filters({ asked, change, counts }: FiltersProps) {
  return (
    <search
      aria-label="Filter the matches"
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(150px, 1fr))',
        gap: '10px 12px',
        marginBottom: 16,
      }}
    >
      <TextInput
        label="Words of the text"
        type="search"
        leftSection={<Icon name="search" size={16} />}
        value={asked.q}
        maxLength={200}
        onChange={event => change({ q: event.currentTarget.value, id: '' }, true)}
      />
      <NativeSelect
        label="State of the decision"
        value={asked.status}
        onChange={event => change({ status: event.currentTarget.value, id: '' })}
        data={[
          { value: 'review', label: 'Waits for you' },
          { value: 'accepted', label: 'Accepted' },
          { value: 'rejected', label: 'Vendors of their own' },
        ]}
      />
      <NativeSelect
        label="Source"
        value={asked.source}
        onChange={event => change({ source: event.currentTarget.value, id: '' })}
        data={[
          { value: '', label: 'Every source' },
          ...(counts?.sources ?? []).map(({ source }) => ({ value: source, label: sourceName(source) })),
        ]}
      />
      <NativeSelect
        label="Score from"
        value={asked.minScore}
        onChange={event => change({ minScore: event.currentTarget.value, id: '' })}
        data={[
          { value: '', label: 'Any' },
          ...['0.9', '0.8', '0.7', '0.5'].map(score => ({ value: score, label: formatScore(Number(score)) })),
        ]}
      />
    </search>
  )
}

type FiltersProps = {
  asked: Queue
  change: (change: Partial<Queue>, replace?: boolean) => void
  counts: Counts | undefined
}

function Entry({ match, isCurrent, open }: { match: MatchSummary; isCurrent: boolean; open: () => void }) {
  const { name, score, listedValue, contractor, best } = match
  const means = contractor ?? best
  const ref = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isCurrent) ref.current?.scrollIntoView({ block: 'nearest' })
  }, [isCurrent])
  return (
    <button ref={ref} type="button" className={classes.entry} aria-current={isCurrent} onClick={open}>
      <span className={classes.entryName}>{name}</span>
      <span className={classes.score}>{score === null ? '' : formatScore(score)}</span>
      <span className={classes.entryBest}>
        {means ? means.name : 'No candidate'}
        {listedValue !== null && ` · ${formatAmount(listedValue)} listed`}
        {placeOfMention(match) && ` · ${placeOfMention(match)}`}
      </span>
    </button>
  )
}

function Nothing({ isFiltered, status, waiting, clear }: NothingProps) {
  if (isFiltered)
    return (
      <EmptyState
        icon="filter"
        title="No text fits these filters"
        action={
          <Button variant="default" onClick={clear}>
            Clear the filters
          </Button>
        }
      />
    )
  if (status !== 'review')
    return (
      <EmptyState icon="merge" title={status === 'accepted' ? 'Nothing is accepted yet' : 'No vendor of its own yet'}>
        Texts come with lists that name vendors without an identifier.
      </EmptyState>
    )
  return (
    <EmptyState
      icon="check"
      title={waiting > 0 ? 'Nothing yet' : 'Nothing waits for you'}
      action={
        <Button component={PageLink} to="/matches/decisions" variant="default">
          Recent decisions
        </Button>
      }
    >
      {waiting > 0
        ? 'The machine looks at the texts of the last import. What it is not sure of comes here.'
        : 'What the machine is not sure of after an import comes here.'}
    </EmptyState>
  )
}

type NothingProps = { isFiltered: boolean; status: string; waiting: number; clear: () => void }
