import { Alert, Anchor, Badge, Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  Icon,
  NotFound,
  oneOf,
  PageHeader,
  PageLink,
  type Search,
  useAddress,
  usePageTitle,
  useSession,
} from '#platform/console'
import { ChangeDialog } from './change-dialog.tsx'
import { periodInWords } from './days.ts'
import { inDomain, readDomain, useRemembering } from './domain-choice.tsx'
import { domainsQuery } from './domains.ts'
import { DropOutDialog, OpenDropOuts } from './drop-outs.tsx'
import { PublishDialog } from './publish-dialog.tsx'
import { RoundActions } from './round-actions.tsx'
import { type Desk, DeskContext, type Draft, useDesk } from './round-desk.ts'
import { RoundHistory } from './round-history.tsx'
import { RoundPeople } from './round-people.tsx'
import { useRoundPlan } from './round-plan.ts'
import { RoundStanding } from './round-standing.tsx'
import { RoundTargets } from './round-targets.tsx'
import { nameOfRound, stateColors, stateNames, stateOf } from './round-words.ts'
import classes from './rounds.module.css'
import { refreshRound, roundQuery, setPin, undoChange } from './rounds.ts'
import { WhyNot } from './why-not.tsx'
import type { Domain, Round } from './wire-types.ts'
import { capital } from './words.ts'

const readSearch = (search: Search) => ({ ...readDomain(search), tab: oneOf(search.tab) })

export function Page() {
  const { id = '' } = useParams({ strict: false })
  return /^[0-9a-f-]{36}$/.test(id) ? <KnownPage id={id} /> : <NotFound />
}

function KnownPage({ id }: { id: string }) {
  const round = useQuery(roundQuery(id))
  const domains = useQuery(domainsQuery)
  const domain = domains.data?.find(each => each.id === round.data?.domainId)
  useRemembering(domain)
  usePageTitle(round.data && nameOfRound(round.data))
  const error = round.error ?? domains.error
  if (error) return <ErrorState error={error} retry={() => void Promise.all([round.refetch(), domains.refetch()])} />
  if (!round.data || !domain) return <Loading />
  return <RoundDesk round={round.data} domain={domain} />
}

const Loading = () => (
  <div role="status" aria-label="Loading the plan">
    <Skeleton height={28} width="34%" mb={12} />
    <Skeleton height={14} width="22%" mb={28} />
    <Skeleton height={300} />
  </div>
)

type Asked =
  | { kind: 'change'; draft: Draft }
  | { kind: 'why'; pair: { participantId?: string; targetId?: string } }
  | { kind: 'dropOut'; pair: { participantId: string; targetId?: string } }
  | { kind: 'publish' }

function RoundDesk({ round, domain }: { round: Round; domain: Domain }) {
  const { can } = useSession()
  const client = useQueryClient()
  const { plan, error, retry } = useRoundPlan(round)
  const [asked, setAsked] = useState<Asked>()
  const pinning = useMutation({
    mutationFn: ({ pair, isPinned }: { pair: { participantId: string; targetId: string }; isPinned: boolean }) =>
      setPin(round.id, pair, isPinned),
    onSettled: () => refreshRound(client, round.id),
    onError: error => notifications.show({ color: 'red', title: 'Not pinned', message: error.message }),
  })
  if (error) return <ErrorState error={error} retry={retry} />
  if (!plan) return <Loading />
  const close = () => setAsked(undefined)
  const desk: Desk = {
    round,
    domain,
    plan,
    isOpen: can('assignments.assignments.write') && round.status === 'active' && round.lockedAt === null,
    propose: draft => setAsked({ kind: 'change', draft }),
    askWhyNot: pair => setAsked({ kind: 'why', pair }),
    reportDropOut: pair => setAsked({ kind: 'dropOut', pair }),
    setPinned: (pair, isPinned) => pinning.mutate({ pair, isPinned }),
  }
  return (
    <DeskContext value={desk}>
      <Header publish={() => setAsked({ kind: 'publish' })} />
      <Closed />
      <OpenDropOuts />
      <RoundStanding />
      <Tabs />
      {asked?.kind === 'change' && <ChangeDialog key={JSON.stringify(asked.draft)} draft={asked.draft} close={close} />}
      {asked?.kind === 'why' && <WhyNot asked={asked.pair} close={close} />}
      {asked?.kind === 'dropOut' && <DropOutDialog pair={asked.pair} close={close} />}
      {asked?.kind === 'publish' && <PublishDialog close={close} />}
    </DeskContext>
  )
}

function Header({ publish }: { publish: () => void }) {
  const { round, domain, plan, isOpen } = useDesk()
  const { can } = useSession()
  const client = useQueryClient()
  const state = stateOf(round)
  const period = periodInWords(round.assignmentDate, round.endsOn)
  const undoing = useMutation({
    mutationFn: () => undoChange(round.id),
    onSuccess: () => notifications.show({ message: 'Undone: the plan is as it was before.' }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was undone', message: error.message }),
    onSettled: () => refreshRound(client, round.id),
  })
  return (
    <>
      <Anchor
        component={PageLink}
        to="/assignments"
        search={{ ...inDomain(domain), day: round.assignmentDate }}
        className="off-paper"
        size="sm"
        c="dimmed"
        display="inline-block"
        mb="xs"
      >
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          Board
        </Group>
      </Anchor>
      <PageHeader
        title={<span style={{ overflowWrap: 'anywhere' }}>{nameOfRound(round)}</span>}
        lead={
          <>
            {round.description && <div>{round.description}</div>}
            <Group gap="4px 12px" mt={4}>
              <span>{period}</span>
              <Badge size="sm" variant="light" tt="none" color={stateColors[state]}>
                {stateNames[state]}
              </Badge>
              {round.lockedAt !== null && (
                <Badge size="sm" variant="light" tt="none" color="gray" leftSection={<Icon name="lock" size={11} />}>
                  Locked
                </Badge>
              )}
            </Group>
          </>
        }
        actions={
          <>
            {isOpen && round.revision > 1 && (
              <Button
                variant="default"
                leftSection={<Icon name="undo" size={16} />}
                loading={undoing.isPending}
                onClick={() => undoing.mutate()}
              >
                Undo
              </Button>
            )}
            {isOpen &&
              can('assignments.assignments.publish') &&
              round.publishedAt === null &&
              plan.placesOf.size > 0 && (
                <Button leftSection={<Icon name="check" size={16} />} disabled={!plan.arePeopleKnown} onClick={publish}>
                  Publish
                </Button>
              )}
            <RoundActions />
          </>
        }
      />
    </>
  )
}

/** Why nothing can be changed here, where that is not the person's role. */
function Closed() {
  const { round } = useDesk()
  if (round.status !== 'active')
    return (
      <Alert variant="light" color="gray" mb="md" icon={<Icon name="info" />}>
        <Text size="sm">
          {round.status === 'completed'
            ? 'It is completed and counts for what is fair in later rounds. To change it, reopen it.'
            : 'It is cancelled and counts for nothing. To use it again, reopen it.'}
        </Text>
      </Alert>
    )
  if (round.lockedAt !== null)
    return (
      <Alert variant="light" color="gray" mb="md" icon={<Icon name="lock" />}>
        <Text size="sm">It is locked: nobody changes who is on what until it is unlocked.</Text>
      </Alert>
    )
  return null
}

function Tabs() {
  const { domain, plan } = useDesk()
  const [{ tab }, change] = useAddress(readSearch)
  const shown = tab === 'people' || tab === 'history' ? tab : 'plan'
  return (
    <>
      <div className={classes.tabs}>
        <SegmentedControl
          aria-label="What is shown"
          size="xs"
          value={shown}
          onChange={value => change({ tab: value === 'plan' ? '' : value })}
          data={[
            { value: 'plan', label: `By ${domain.words.target.singular}` },
            { value: 'people', label: `By ${domain.words.participant.singular}` },
            { value: 'history', label: 'History' },
          ]}
        />
      </div>
      {shown === 'history' ? (
        <RoundHistory />
      ) : plan.targets.length === 0 ? (
        <EmptyState
          icon="target"
          title={`No ${domain.words.target.singular} is in these days`}
          action={
            <Button component={PageLink} to="/assignments/targets" search={inDomain(domain)} variant="default">
              {capital(domain.words.target.plural)}
            </Button>
          }
        >
          Those with a weekday or a date are in the rounds that have that day; those without are in every round.
        </EmptyState>
      ) : shown === 'people' ? (
        <RoundPeople />
      ) : (
        <RoundTargets />
      )}
    </>
  )
}
