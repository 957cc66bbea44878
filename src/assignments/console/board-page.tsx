import { ActionIcon, Badge, Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import {
  dayOf,
  EmptyState,
  ErrorState,
  Icon,
  oneOf,
  PageHeader,
  PageLink,
  type Search,
  useAddress,
  useSession,
} from '#platform/console'
import classes from './board.module.css'
import { type Board, type BoardRound, boardQuery } from './board.ts'
import { BoardDays } from './board-days.tsx'
import { type BoardProps, BoardTable } from './board-table.tsx'
import { addDays, addMonths, isDay, mondayOf, monthName, monthOf, periodInWords } from './days.ts'
import { DomainChoice, InDomain, inDomain, readDomain } from './domain-choice.tsx'
import { useFoundTargets } from './found-rows.tsx'
import { PlanNext, usePlanning } from './planning.tsx'
import { emptyPlaces, nameOfRound, stateColors, stateNames, stateOf } from './round-words.ts'
import type { Domain } from './wire-types.ts'
import { capital } from './words.ts'

const readSearch = (search: Search) => ({
  ...readDomain(search),
  view: oneOf(search.view) === 'month' ? 'month' : '',
  day: isDay(oneOf(search.day)) ? oneOf(search.day) : '',
})

export function Page() {
  return <InDomain>{domain => <DomainBoard domain={domain} />}</InDomain>
}

function DomainBoard({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const [{ view, day }, change] = useAddress(readSearch)
  const today = dayOf(new Date().toISOString())
  const shown = day || today
  const isMonth = view === 'month'
  const monday = mondayOf(shown)
  const period = isMonth ? monthOf(shown) : { from: monday, to: addDays(monday, 6) }
  const step = (by: number) => (isMonth ? addMonths(shown, by) : addDays(monday, 7 * by))
  const isReady = domain.participantCount > 0 && domain.targetCount > 0
  const mayWrite = can('assignments.assignments.write')
  const name = isMonth ? monthName(shown) : periodInWords(period.from, period.to)
  return (
    <>
      <PageHeader
        title={domain.displayName}
        lead={`Who is on which ${domain.words.target.singular}, day by day.`}
        actions={
          <>
            <DomainChoice />
            {mayWrite && isReady && <PlanNext domain={domain} />}
          </>
        }
      />
      {isReady ? (
        <>
          <div className={classes.bar}>
            <Group gap={6} wrap="nowrap" className={classes.step}>
              <ActionIcon
                variant="default"
                size={34}
                aria-label={isMonth ? 'The month before' : 'The week before'}
                onClick={() => change({ day: step(-1) })}
              >
                <Icon name="chevronRight" size={16} style={{ transform: 'scaleX(-1)' }} />
              </ActionIcon>
              <ActionIcon
                variant="default"
                size={34}
                aria-label={isMonth ? 'The month after' : 'The week after'}
                onClick={() => change({ day: step(1) })}
              >
                <Icon name="chevronRight" size={16} />
              </ActionIcon>
              <h2 className={classes.period} aria-live="polite">
                {name}
              </h2>
            </Group>
            <Group gap={8} wrap="nowrap">
              <Button variant="default" size="xs" disabled={day === ''} onClick={() => change({ day: '' })}>
                Today
              </Button>
              <SegmentedControl
                aria-label="How much is shown"
                size="xs"
                value={isMonth ? 'month' : 'week'}
                onChange={value => change({ view: value === 'month' ? 'month' : '' })}
                data={[
                  { value: 'week', label: 'Week' },
                  { value: 'month', label: 'Month' },
                ]}
              />
            </Group>
          </div>
          <Shown domain={domain} period={period} isMonth={isMonth} today={today} mayWrite={mayWrite} />
        </>
      ) : (
        <NotReady domain={domain} />
      )}
    </>
  )
}

function Shown({ domain, period, isMonth, today, mayWrite }: ShownProps) {
  const { data: board, error, refetch, isPlaceholderData } = useQuery(boardQuery(domain.id, period))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!board) {
    return (
      <div role="status" aria-label="Loading the board">
        <Skeleton height={34} mb={12} />
        <Skeleton height={320} />
      </div>
    )
  }
  return (
    <div aria-busy={isPlaceholderData}>
      <Rounds board={board} domain={domain} />
      {board.rounds.length === 0 ? (
        <NothingPlanned domain={domain} period={period} isMonth={isMonth} today={today} mayWrite={mayWrite} />
      ) : (
        <Found board={board} domain={domain} isMonth={isMonth} today={today} />
      )}
    </div>
  )
}

function Found({ board, ...shown }: BoardProps) {
  const isNarrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const found = useFoundTargets(
    board.targets,
    ({ occurrences }) => occurrences.flatMap(({ people }) => people),
    shown.domain.words,
  )
  const Body = isNarrow ? BoardDays : BoardTable
  return (
    <>
      {found.field}
      {found.shown.length > 0 && <Body board={{ ...board, targets: found.shown }} {...shown} />}
      {found.more}
    </>
  )
}

type ShownProps = {
  domain: Domain
  period: { from: string; to: string }
  isMonth: boolean
  today: string
  mayWrite: boolean
}

/** The rounds of the days that are shown, each with what is still to be done about it. */
function Rounds({ board, domain }: { board: Board; domain: Domain }) {
  if (board.rounds.length === 0) return null
  return (
    <ul className={classes.rounds} aria-label={capital(domain.words.assignment.plural)}>
      {board.rounds.map(round => (
        <li key={round.id}>
          <PageLink to="/assignments/$id" params={{ id: round.id }} search={inDomain(domain)} className={classes.round}>
            <span className={classes.roundName}>
              {nameOfRound({ name: round.name, assignmentDate: round.startsOn, endsOn: round.endsOn })}
            </span>
            <Badge size="sm" variant="light" tt="none" color={stateColors[stateOf(round)]}>
              {stateNames[stateOf(round)]}
            </Badge>
            {round.lockedAt !== null && <Icon name="lock" size={14} />}
            <Text span size="sm" c="dimmed">
              {stillToDo(round, board)}
            </Text>
          </PageLink>
        </li>
      ))}
    </ul>
  )
}

function stillToDo(round: BoardRound, board: Board): string {
  if (round.status !== 'active') return ''
  const isEmpty = board.targets.every(({ occurrences }) =>
    occurrences.every(({ assignmentId, people }) => assignmentId !== round.id || people.length === 0),
  )
  if (round.planStatus === 'infeasible') return 'No plan keeps all rules: look why'
  if (round.planStatus === null && isEmpty) return 'Not planned yet'
  const missing = round.shortages.reduce((sum, each) => sum + each.missing, 0)
  return missing > 0 ? emptyPlaces(missing) : 'All places are filled'
}

function NothingPlanned({ domain, period, isMonth, today, mayWrite }: ShownProps) {
  const planning = usePlanning(domain)
  const isPast = period.to < today
  return (
    <div className="panel">
      <EmptyState
        icon="clock"
        title={isMonth ? 'Nothing is planned in this month' : 'Nothing is planned for this week'}
        action={
          mayWrite &&
          !isMonth &&
          !isPast && (
            <Button loading={planning.isPending} onClick={() => planning.mutate(period)}>
              Plan this week
            </Button>
          )
        }
      >
        {mayWrite && !isPast
          ? `One click shares the ${domain.words.target.plural} out fairly. You look at it before anybody is told.`
          : `No ${domain.words.assignment.singular} has a day in it.`}
      </EmptyState>
    </div>
  )
}

/** What has to be there before anything can be planned, step by step. */
function NotReady({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const { participant, target } = domain.words
  const steps = [
    {
      isDone: domain.participantCount > 0,
      text: `Enter the ${participant.plural}`,
      to: '/assignments/people',
      permission: 'assignments.participants.write',
    },
    {
      isDone: domain.targetCount > 0,
      text: `Enter the ${target.plural}`,
      to: '/assignments/targets',
      permission: 'assignments.targets.write',
    },
  ]
  const next = steps.find(({ isDone }) => !isDone)
  return (
    <div className="panel">
      <EmptyState
        icon="people"
        title="Two things are needed before a plan"
        action={
          next &&
          can(next.permission) && (
            <Button component={PageLink} to={next.to} search={inDomain(domain)}>
              {next.text}
            </Button>
          )
        }
      >
        <ol className={classes.steps}>
          {steps.map(({ isDone, text }) => (
            <li key={text} data-done={isDone || undefined}>
              <Icon name={isDone ? 'check' : 'chevronRight'} size={16} />
              {text}
              {isDone && <span className="visually-hidden"> (done)</span>}
            </li>
          ))}
        </ol>
      </EmptyState>
    </div>
  )
}
