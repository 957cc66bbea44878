import { useQuery } from '@tanstack/react-query'
import { type Board, boardQuery, timesOf } from './board.ts'
import { dayNumber, weekdayAndNumber } from './days.ts'
import { detailsQuery, type Pin, peopleQuery, pinsQuery } from './rounds.ts'
import type { Participant, Round, RoundDetail } from './wire-types.ts'

export type PlanPerson = { id: string; name: string; isPinned: boolean }
export type PlanTarget = {
  id: string
  name: string
  description: string | null
  /** Null where it is no longer known what it needs. */
  minimum: number | null
  maximum: number | null
  mayBeShort: boolean
  /** `Mon 23, 08:00–12:00`; empty where it is on no certain day. */
  when: string
  people: readonly PlanPerson[]
}

/** Who is on what in a round, and who could be. */
export type Plan = {
  targets: readonly PlanTarget[]
  /** Of many they come page by page, after the plan. */
  people: readonly Participant[]
  arePeopleKnown: boolean
  /** Pins of pairs that the plan does not have: the next one has. */
  awaited: readonly Pin[]
  placesOf: ReadonlyMap<string, readonly PlanTarget[]>
  nameOfPerson: (id: string) => string
  nameOfTarget: (id: string) => string
}

export function useRoundPlan(round: Round) {
  const period = { from: round.assignmentDate, to: round.endsOn ?? round.assignmentDate }
  const board = useQuery(boardQuery(round.domainId, period))
  // In a cancelled round nothing occurs, and still it is seen who was on what.
  const isCancelled = round.status === 'cancelled'
  const details = useQuery({ ...detailsQuery(round.id), enabled: isCancelled })
  const pins = useQuery(pinsQuery(round.id))
  const people = useQuery(peopleQuery(round.domainId))
  const queries = [board, pins, people, ...(isCancelled ? [details] : [])]
  const error = queries.find(each => each.error)?.error
  const retry = () => queries.forEach(each => void each.refetch())
  if (error) return { error, retry }
  if (!board.data || !pins.data || board.isPlaceholderData || (isCancelled && !details.data)) return { retry }
  const targets = isCancelled ? ofDetails(details.data ?? []) : ofBoard(round.id, board.data, pins.data)
  const plan = planOf(targets, people.data ?? [], pins.data)
  return { plan: { ...plan, arePeopleKnown: people.data !== undefined }, retry }
}

function planOf(targets: readonly PlanTarget[], people: readonly Participant[], pins: readonly Pin[]) {
  const placesOf = new Map<string, PlanTarget[]>()
  const names = new Map(people.map(({ id, name }) => [id, name]))
  for (const target of targets) {
    for (const { id, name } of target.people) {
      names.set(id, name)
      placesOf.set(id, [...(placesOf.get(id) ?? []), target])
    }
  }
  const targetNames = new Map(targets.map(({ id, name }) => [id, name]))
  return {
    targets,
    people,
    placesOf,
    awaited: pins.filter(({ isOn }) => !isOn),
    nameOfPerson: (id: string) => names.get(id) ?? 'Somebody who is no longer here',
    nameOfTarget: (id: string) => targetNames.get(id) ?? 'something that is no longer here',
  }
}

function ofBoard(roundId: string, board: Board, pins: readonly Pin[]) {
  const pinned = new Set(pins.map(({ participantId, targetId }) => `${participantId} ${targetId}`))
  return board.targets.flatMap((target): PlanTarget[] => {
    const here = target.occurrences.filter(({ assignmentId }) => assignmentId === roundId)
    const [first] = here
    if (!first) return []
    const { id, name, description, mayBeShort } = target
    const days = here.flatMap(({ date }) => (date === null ? [] : [date]))
    return [
      {
        ...{ id, name, description, mayBeShort },
        minimum: first.minimum,
        maximum: first.maximum,
        when: [daysInWords(days), timesOf(first)].filter(Boolean).join(', '),
        people: first.people.map(person => ({
          id: person.participantId,
          name: person.name,
          isPinned: person.isPinned || pinned.has(`${person.participantId} ${id}`),
        })),
      },
    ]
  })
}

const daysInWords = (days: readonly string[]) =>
  days.map((day, index) => (index === 0 ? weekdayAndNumber(day) : dayNumber(day))).join(', ')

function ofDetails(details: readonly RoundDetail[]): PlanTarget[] {
  return [...Map.groupBy(details, ({ targetId }) => targetId)].map(([id, people]) => ({
    id,
    name: people[0]?.targetName ?? '',
    description: null,
    minimum: null,
    maximum: null,
    mayBeShort: true,
    when: '',
    people: people.map(({ participantId, participantName, isPinned }) => ({
      id: participantId,
      name: participantName,
      isPinned,
    })),
  }))
}

export const missingOn = ({ minimum, people }: PlanTarget) => Math.max(0, (minimum ?? 0) - people.length)
