import { Alert, Anchor, Badge, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import {
  ErrorState,
  formatTime,
  Icon,
  NotFound,
  PageHeader,
  PageLink,
  Refusal,
  usePageTitle,
  useSession,
} from '#platform/console'
import { PlanComparison } from './comparison.tsx'
import { inDomain, useRemembering } from './domain-choice.tsx'
import { domainsQuery } from './domains.ts'
import { Numbers } from './numbers.tsx'
import { CheckNow } from './round-standing.tsx'
import { emptyPlaces, gapInWords, nameOfRound, percent, points } from './round-words.ts'
import classes from './rounds.module.css'
import { refreshRound, roundQuery } from './rounds.ts'
import { RunChart } from './run-chart.tsx'
import { acceptRun, isGoing, type Run, runQuery, startRun, stopRun } from './runs.ts'
import { strategyName } from './strategy-names.ts'
import type { Domain, Round } from './wire-types.ts'

export function Page() {
  const { id = '', runId = '' } = useParams({ strict: false })
  const isId = (text: string) => /^[0-9a-f-]{36}$/.test(text)
  return isId(id) && isId(runId) ? <KnownPage id={id} runId={runId} /> : <NotFound />
}

function KnownPage({ id, runId }: { id: string; runId: string }) {
  const client = useQueryClient()
  const round = useQuery(roundQuery(id))
  const run = useQuery(runQuery(id, runId))
  const domains = useQuery(domainsQuery)
  const domain = domains.data?.find(each => each.id === round.data?.domainId)
  useRemembering(domain)
  usePageTitle(run.data && titleOf(run.data))
  const wasGoing = useRef(false)
  const isAtWork = run.data !== undefined && isGoing(run.data)
  useEffect(() => {
    if (wasGoing.current && !isAtWork) void refreshRound(client, id)
    wasGoing.current = isAtWork
  }, [isAtWork, client, id])
  const error = run.error ?? round.error ?? domains.error
  if (error)
    return (
      <ErrorState error={error} retry={() => void Promise.all([run.refetch(), round.refetch(), domains.refetch()])} />
    )
  if (!run.data || !round.data || !domain) {
    return (
      <div role="status" aria-label="Loading the search">
        <Skeleton height={28} width="34%" mb={28} />
        <Skeleton height={260} />
      </div>
    )
  }
  return <RunView run={run.data} round={round.data} domain={domain} />
}

const titleOf = ({ kind }: Run) => (kind === 'replan' ? 'Who takes over' : 'Search for a plan')

const stateNames: Readonly<Record<Run['status'], string>> = {
  queued: 'Waits for its turn',
  running: 'At work',
  done: 'Done',
  stopped: 'Stopped',
  failed: 'Failed',
}

type RunViewProps = { run: Run; round: Round; domain: Domain }

function RunView({ run, round, domain }: RunViewProps) {
  const { can } = useSession()
  const isOpen = can('assignments.assignments.write') && round.status === 'active' && round.lockedAt === null
  return (
    <>
      <Anchor
        component={PageLink}
        to="/assignments/$id"
        params={{ id: round.id }}
        search={inDomain(domain)}
        size="sm"
        c="dimmed"
        display="inline-block"
        mb="xs"
      >
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          {nameOfRound(round)}
        </Group>
      </Anchor>
      <PageHeader
        title={titleOf(run)}
        lead={
          <Group gap="4px 12px" mt={4}>
            <Badge
              size="sm"
              variant="light"
              tt="none"
              color={run.status === 'failed' ? 'red' : isGoing(run) ? 'pine' : 'gray'}
            >
              {stateNames[run.status]}
            </Badge>
            <span>{`Asked for ${formatTime(run.createdAt)}`}</span>
          </Group>
        }
        actions={isOpen && isGoing(run) && <Stop run={run} round={round} />}
      />
      <Stack gap="md">
        <Outcome run={run} round={round} domain={domain} isOpen={isOpen} />
        <div className="panel" style={{ padding: 16 }}>
          <RunChart progress={run.progress} />
        </div>
        <section className="panel" style={{ padding: 16 }} aria-label="Facts">
          <Facts run={run} round={round} />
        </section>
      </Stack>
    </>
  )
}

function Stop({ run, round }: Pick<RunViewProps, 'run' | 'round'>) {
  const client = useQueryClient()
  const stopping = useMutation({
    mutationFn: () => stopRun(round.id, run.id),
    onSettled: () => refreshRound(client, round.id),
    onError: error => notifications.show({ color: 'red', title: 'Not stopped', message: error.message }),
  })
  return (
    <Button
      variant="default"
      leftSection={<Icon name="close" size={16} />}
      loading={stopping.isPending || run.isStopping}
      onClick={() => stopping.mutate()}
    >
      Stop and keep the best
    </Button>
  )
}

/** What came of it in plain words, and what can be done now. */
function Outcome({ run, round, domain, isOpen }: RunViewProps & { isOpen: boolean }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const back = { to: '/assignments/$id', params: { id: round.id }, search: inDomain(domain) }
  const accepting = useMutation({
    mutationFn: () => acceptRun(round.id, run.id),
    onSuccess: async () => {
      await refreshRound(client, round.id)
      notifications.show({
        message:
          round.publishedAt === null ? 'This is the plan now.' : 'This is the plan now. Whom it concerns is told.',
      })
      await navigate(back)
    },
  })
  const again = useMutation({
    mutationFn: () => startRun(round.id, run.kind === 'replan' ? { kind: 'replan', accept: false } : {}),
    onSuccess: async next => {
      await refreshRound(client, round.id)
      await navigate({
        to: '/assignments/$id/runs/$runId',
        params: { id: round.id, runId: next.id },
        search: inDomain(domain),
      })
    },
  })
  const retry = isOpen && (
    <Button size="xs" variant="default" mt="sm" loading={again.isPending} onClick={() => again.mutate()}>
      Search again
    </Button>
  )
  if (isGoing(run))
    return (
      <div role="status">
        <Text>
          {run.status === 'queued'
            ? 'It begins as soon as a worker is free. You can leave: it goes on.'
            : `${gapInWords(run.cost, run.lowerBound)} You can leave: it goes on.`}
        </Text>
      </div>
    )
  if (run.planStatus === 'infeasible')
    return (
      <Alert color="red" variant="light" icon={<Icon name="alert" />} title="No plan can meet all that is asked">
        {run.conflict && (
          <ul className={classes.sentences} aria-label="What cannot be had together">
            {run.conflict.demands.map(({ text }) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        {run.conflict && run.conflict.mends.length > 0 && (
          <Text size="sm" mt="sm">
            {`Each of these alone helps: ${run.conflict.mends.map(({ text }) => text).join('; ')}.`}
          </Text>
        )}
        <Button component={PageLink} {...back} size="xs" variant="default" mt="sm">
          Mend it in the plan
        </Button>
      </Alert>
    )
  if (run.planStatus === null)
    return (
      <Alert color="red" variant="light" icon={<Icon name="alert" />} title="There is no plan">
        <Text size="sm">
          {run.fault ?? 'It was stopped before it had found one.'} What was there before is unchanged.
        </Text>
        {retry}
        {again.isError && <Refusal error={again.error} mt="sm" />}
      </Alert>
    )
  const missing = run.shortages.reduce((sum, each) => sum + each.missing, 0)
  const isOutdated = run.acceptedRevision === null && run.baseRevision !== round.revision
  return (
    <section className="panel" style={{ padding: 16 }} aria-label="What came of it">
      <Title order={2} size="h4" mb={4}>
        {run.acceptedRevision === null
          ? 'A plan for you to look at'
          : `This became plan ${run.acceptedRevision} of the round`}
      </Title>
      <Text size="sm">
        {gapInWords(run.cost, run.lowerBound)}{' '}
        {missing > 0 &&
          `${emptyPlaces(missing)}: ${run.shortages.map(({ name, missing }) => `${name} (${missing})`).join(', ')}.`}
      </Text>
      {run.fault && (
        <Text size="sm" c="dimmed">
          {run.fault}
        </Text>
      )}
      {run.notes.map(note => (
        <Text key={note} size="sm" c="dimmed">
          {note}
        </Text>
      ))}
      {run.acceptedRevision === null && !isOutdated && (
        <>
          <div style={{ marginTop: 12 }}>
            <PlanComparison roundId={round.id} asked={{ run: run.id }} domain={domain} names={['Now', 'Then']} />
          </div>
          {isOpen && (
            <Group gap="xs" mt="md">
              <Button loading={accepting.isPending} onClick={() => accepting.mutate()}>
                Use this plan
              </Button>
              <Button component={PageLink} {...back} variant="default">
                Leave it as it is
              </Button>
              {round.publishedAt !== null && (
                <Text size="sm" c="dimmed">
                  Those who move are told, nobody else.
                </Text>
              )}
            </Group>
          )}
        </>
      )}
      {isOutdated && (
        <Text size="sm" mt="sm">
          The round was changed since: this plan no longer fits it.
        </Text>
      )}
      {isOutdated && retry}
      {accepting.isError && <Refusal error={accepting.error} mt="sm" title="The plan was not taken" />}
    </section>
  )
}

function Facts({ run, round }: Pick<RunViewProps, 'run' | 'round'>) {
  return (
    <Numbers
      title="Numbers and certificate"
      rows={[
        ['Cost', run.cost === null ? 'none' : points(run.cost)],
        ['No plan costs less than', run.lowerBound === null ? 'not known' : points(run.lowerBound)],
        ['Gap', run.gap === null ? 'not known' : percent(run.gap)],
        ['Way of planning', strategyName(run.strategy)],
        ['Seed', String(run.seed)],
        ['Engine', run.engineVersion ?? 'not begun'],
        ['Began', run.startedAt ? formatTime(run.startedAt) : 'not yet'],
        ['Took', run.startedAt && run.finishedAt ? durationOf(run.startedAt, run.finishedAt) : 'not finished'],
      ]}
    >
      <Text size="xs" c="dimmed" mt="xs" maw={560}>
        With the same people, wishes, seed and engine the same plan comes out, byte for byte. The certificate is a sum
        that anybody can add up: it shows that no plan is better than the bound says.
      </Text>
      {run.planStatus !== null && <CheckNow roundId={round.id} runId={run.id} />}
    </Numbers>
  )
}

function durationOf(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000
  return seconds < 60
    ? `${new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(seconds)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
