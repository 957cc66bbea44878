import { Alert, Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { formatCount, Icon, PageLink, Refusal } from '#platform/console'
import { ConflictView } from './conflict.tsx'
import { inDomain } from './domain-choice.tsx'
import { Numbers } from './numbers.tsx'
import { useDesk } from './round-desk.ts'
import { missingOn, type Plan } from './round-plan.ts'
import { emptyPlaces, gapInWords, points } from './round-words.ts'
import { refreshRound } from './rounds.ts'
import { checkQuery, isGoing, type Run, runsQuery, startRun, stopRun } from './runs.ts'
import { strategyName } from './strategy-names.ts'

/** How the plan stands, in a sentence; what the solver is at; and what to do where there is no plan. */
export function RoundStanding() {
  const { round, plan, isOpen } = useDesk()
  const run = useLatestRun(round.id)
  const filled = plan.targets.reduce((sum, { people }) => sum + people.length, 0)
  const isConflict = run?.status === 'done' && run.planStatus === 'infeasible' && run.acceptedRevision === null
  return (
    <>
      {run && isGoing(run) && <Going run={run} />}
      {run?.status === 'failed' && run.acceptedRevision === null && <Failed run={run} />}
      {run && isConflict && run.baseRevision === round.revision && <ConflictView run={run} />}
      {run && isProposal(run) && run.baseRevision === round.revision && isOpen && <Waiting run={run} />}
      {filled > 0 ? (
        <div style={{ marginBottom: 16 }}>
          <Text size="sm">{standingInWords(plan, round)}</Text>
          <Figures />
        </div>
      ) : (
        !run && <NotPlanned />
      )}
    </>
  )
}

/** The solver's latest answer about the round; while it is at work it is asked again. */
function useLatestRun(roundId: string): Run | undefined {
  const client = useQueryClient()
  const { data } = useInfiniteQuery(runsQuery(roundId))
  const run = data?.pages[0]?.items[0]
  const wasGoing = useRef(false)
  const isAtWork = run !== undefined && isGoing(run)
  useEffect(() => {
    if (wasGoing.current && !isAtWork) void refreshRound(client, roundId)
    wasGoing.current = isAtWork
  }, [isAtWork, client, roundId])
  return run
}

const isProposal = ({ status, planStatus, acceptedRevision }: Run) =>
  (status === 'done' || status === 'stopped') &&
  planStatus !== null &&
  planStatus !== 'infeasible' &&
  acceptedRevision === null

function standingInWords(
  plan: Plan,
  round: { planStatus: string | null; cost: number | null; lowerBound: number | null },
) {
  const missing = plan.targets.reduce((sum, target) => sum + missingOn(target), 0)
  const filled = plan.targets.reduce((sum, { people }) => sum + people.length, 0)
  const places =
    missing > 0
      ? `${emptyPlaces(missing)}, ${formatCount(filled)} filled.`
      : `All ${formatCount(filled)} places are filled.`
  if (round.planStatus === null || round.cost === null) return `${places} It was put together by hand.`
  return `${places} ${gapInWords(round.cost, round.lowerBound)}`
}

function Figures() {
  const { round } = useDesk()
  return (
    <Numbers
      rows={[
        ['Cost', round.cost === null ? 'not known' : points(round.cost)],
        ['No plan costs less than', round.lowerBound === null ? 'not known' : points(round.lowerBound)],
        ['Way of planning', strategyName(round.strategyUsed)],
        ['Seed', String(round.seed)],
        ['Engine', round.engineVersion ?? 'none yet'],
        ['Revision', String(round.revision)],
      ]}
    >
      <Text size="xs" c="dimmed" mt="xs" maw={560}>
        Points add up what people would rather not do, an uneven share of the work, and empty places. 25 points are one
        step of one person’s wishes.
      </Text>
      <CheckNow roundId={round.id} />
    </Numbers>
  )
}

/** Has the plan checked by what did not make it. */
export function CheckNow({ roundId, runId }: { roundId: string; runId?: string }) {
  const { data, error, refetch, isFetching } = useQuery({ ...checkQuery(roundId, runId), enabled: false })
  return (
    <Group gap="sm" mt="xs">
      <Button size="xs" variant="default" loading={isFetching} onClick={() => void refetch()}>
        Check it
      </Button>
      <div role="status">
        {data?.holds && (
          <Text size="sm">
            <Icon name="check" size={15} style={{ verticalAlign: '-3px' }} /> It holds: every rule is kept and the bound
            adds up.
          </Text>
        )}
        {data && !data.holds && (
          <Text size="sm" c="var(--mantine-color-error)">
            It does not hold. {data.findings.join(' ')}
          </Text>
        )}
      </div>
      {error && <Refusal error={error} />}
    </Group>
  )
}

/** Plans the round anew; a draft takes the answer by itself. */
export function usePlanAnew() {
  const { round } = useDesk()
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => startRun(round.id),
    onSettled: () => refreshRound(client, round.id),
  })
}

function NotPlanned() {
  const { isOpen, domain } = useDesk()
  const planning = usePlanAnew()
  return (
    <Alert variant="light" color="gray" mb="md" icon={<Icon name="info" />} title="Nobody is assigned yet">
      {isOpen ? (
        <>
          <Text size="sm">
            One click shares the {domain.words.target.plural} out. Whom you want on something for certain you can pin
            first.
          </Text>
          <Button size="xs" mt="xs" loading={planning.isPending} onClick={() => planning.mutate()}>
            Make the plan
          </Button>
        </>
      ) : (
        <Text size="sm">Who plans has not made it yet.</Text>
      )}
      {planning.isError && <Refusal error={planning.error} mt="xs" title="It could not be planned" />}
    </Alert>
  )
}

function Going({ run }: { run: Run }) {
  const { round, domain, isOpen } = useDesk()
  const client = useQueryClient()
  const stopping = useMutation({
    mutationFn: () => stopRun(round.id, run.id),
    onSettled: () => refreshRound(client, round.id),
  })
  return (
    <Alert
      variant="light"
      color="pine"
      mb="md"
      icon={<Icon name="clock" />}
      title="The plan is being made"
      role="status"
    >
      <Text size="sm">{gapInWords(run.cost, run.lowerBound)} You can leave: it goes on.</Text>
      <Group gap="xs" mt="xs">
        <Button
          component={PageLink}
          to="/assignments/$id/runs/$runId"
          params={{ id: round.id, runId: run.id }}
          search={inDomain(domain)}
          size="xs"
          variant="default"
        >
          Watch it
        </Button>
        {isOpen && (
          <Button
            size="xs"
            variant="default"
            loading={stopping.isPending || run.isStopping}
            onClick={() => stopping.mutate()}
          >
            Stop and keep the best so far
          </Button>
        )}
      </Group>
    </Alert>
  )
}

function Failed({ run }: { run: Run }) {
  const { isOpen } = useDesk()
  const planning = usePlanAnew()
  return (
    <Alert variant="light" color="red" mb="md" icon={<Icon name="alert" />} title="The last plan could not be made">
      <Text size="sm">{run.fault ?? 'Why is not known.'} What was there before is unchanged.</Text>
      {isOpen && (
        <Button size="xs" variant="default" mt="xs" loading={planning.isPending} onClick={() => planning.mutate()}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

function Waiting({ run }: { run: Run }) {
  const { round, domain } = useDesk()
  return (
    <Alert variant="light" color="pine" mb="md" icon={<Icon name="info" />} title="A new plan waits for you">
      <Text size="sm">Nothing has changed yet. Look who would move, and take it or leave it.</Text>
      <Button
        component={PageLink}
        to="/assignments/$id/runs/$runId"
        params={{ id: round.id, runId: run.id }}
        search={inDomain(domain)}
        size="xs"
        mt="xs"
      >
        Look at it
      </Button>
    </Alert>
  )
}
