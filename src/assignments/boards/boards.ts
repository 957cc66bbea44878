import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { date, nullable, oneOf, timestamp, uuid } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { errors } from '../errors.ts'
import { statuses } from '../rounds/assignments.ts'
import { daysOf, type Window } from '../rounds/calendar.ts'
import { type Occurrence, occurrencesIn } from './occurrences.ts'
import { daysBetween, type Period } from './periods.ts'

export const boardTime = nullable(
  Type.String({ description: 'HH:MM by the clocks of the workspace', examples: ['09:00'] }),
)
const places = Type.Integer({ description: 'People that it needs' })
const room = Type.Integer({ description: 'People that it has room for' })

export const BoardPerson = Type.Object({
  detailId: uuid,
  participantId: uuid,
  name: Type.String(),
  isPinned: Type.Boolean(),
})

export const BoardRound = Type.Object({
  id: uuid,
  name: nullable(Type.String()),
  startsOn: date,
  endsOn: date,
  status: oneOf(statuses),
  publishedAt: nullable({ ...timestamp, description: 'Null while it is a draft' }),
  lockedAt: nullable(timestamp),
  planStatus: nullable(oneOf(['optimal', 'feasible', 'infeasible'])),
  shortages: Type.Array(Type.Object({ targetId: uuid, name: Type.String(), missing: Type.Integer() }), {
    description: 'Targets with fewer people than they need, as it stands',
  }),
})

export const BoardTarget = Type.Object({
  id: uuid,
  name: Type.String(),
  description: nullable(Type.String()),
  priority: Type.Integer(),
  mayBeShort: Type.Boolean(),
  isActive: Type.Boolean(),
  minimum: places,
  maximum: room,
  occurrences: Type.Array(
    Type.Object({
      date: nullable({ ...date, description: 'Null: on no certain day of the round' }),
      startsAt: boardTime,
      endsAt: boardTime,
      assignmentId: uuid,
      minimum: places,
      maximum: room,
      people: Type.Array(BoardPerson, { description: 'In order of their places' }),
    }),
  ),
})

/** Who is on what between two days, as a board shows it. */
export const Board = Type.Object({
  timeZone: Type.String({ examples: ['Europe/Berlin'] }),
  days: Type.Array(date),
  rounds: Type.Array(BoardRound, {
    description: 'Those with a day of the period, the earliest first; cancelled ones too',
  }),
  targets: Type.Array(BoardTarget, {
    description: 'By name: those that are active or have somebody in the period. In cancelled rounds nothing occurs.',
  }),
})
export type Board = Static<typeof Board>

/** Days of rounds times targets: so many are looked at in half a second, in which nobody else is answered. */
const mostCells = 250_000

/** The rounds of a domain that have a day of the period, with all who are on anything in them, or on one target alone. Refuses what nobody could read. */
export async function getBoard(
  tx: Reader,
  domainId: string,
  period: Period,
  timeZone: string,
  targetId?: string,
): Promise<Board> {
  const days = daysBetween(period)
  await getDomain(tx, domainId)
  const rounds = await readRounds(tx, domainId, period)
  const targets = await readTargets(tx, domainId, rounds, targetId)
  const daysOfRounds = new Map(rounds.map(({ id, startsOn, endsOn }) => [id, daysOf(startsOn, endsOn)]))
  const cells = targets.length * [...daysOfRounds.values()].reduce((sum, each) => sum + each.length, 0)
  if (cells > mostCells) throw errors.boardTooLarge({ rounds: rounds.length, targets: targets.length })
  const filled = Map.groupBy(await readPeople(tx, rounds), each => keyOf(each.assignmentId, each.targetId))
  const shortages = new Map(rounds.map(({ id }) => [id, [] as { targetId: string; name: string; missing: number }[]]))
  const shown = targets.map(target => {
    const { minimum, maximum } = target
    const occurrences = rounds.flatMap(round => {
      const people = filled.get(keyOf(round.id, target.id)) ?? []
      if (people.length === 0 && !isOpenTo(round, target)) return []
      const found = occurrencesOf(round, daysOfRounds.get(round.id) ?? [], target, people, timeZone)
      if (found.length === 0) return []
      const missing = minimum - people.length
      if (missing > 0) shortages.get(round.id)?.push({ targetId: target.id, name: target.name, missing })
      return found
        .filter(each => each.date === null || (each.date >= period.from && each.date <= period.to))
        .map(each => ({ ...each, assignmentId: round.id, minimum, maximum, people }))
    })
    return { ...target, occurrences }
  })
  return {
    timeZone,
    days,
    rounds: rounds.map(round => ({ ...round, shortages: shortages.get(round.id) ?? [] })),
    targets: shown.filter(({ isActive, occurrences }) => isActive || occurrences.length > 0),
  }
}

type RoundRow = Omit<Static<typeof BoardRound>, 'shortages'>
type TargetRow = Omit<Static<typeof BoardTarget>, 'occurrences'> & Window & { createdAt: Date }
type PersonRow = Static<typeof BoardPerson> & {
  assignmentId: string
  targetId: string
  startsAt: Date | null
  endsAt: Date | null
}

/** What was not there yet when a round was published lacks nobody in it. */
const isOpenTo = ({ status, publishedAt }: RoundRow, { isActive, createdAt }: TargetRow) =>
  isActive && status !== 'cancelled' && (publishedAt === null || createdAt <= publishedAt)

function occurrencesOf(
  { status }: RoundRow,
  days: readonly string[],
  target: TargetRow,
  people: readonly PersonRow[],
  timeZone: string,
): Occurrence[] {
  if (status === 'cancelled') return []
  const planned = people.find(each => each.startsAt !== null)
  const found = occurrencesIn(target, days, timeZone, planned)
  // Whoever was put on it by hand is seen, whatever became of the target's days.
  return found.length === 0 && people.length > 0 ? [{ date: null, startsAt: null, endsAt: null }] : found
}

async function readRounds(tx: Reader, domainId: string, { from, to }: Period): Promise<RoundRow[]> {
  return await tx.run<RoundRow>(sql`
    select
      id, name, assignment_date as starts_on, coalesce(ends_on, assignment_date) as ends_on, status, published_at, locked_at,
      plan_status
    from assignments.assignments
    where domain_id = ${domainId}
      and assignment_date between ${from}::date - 366 and ${to}::date
      and coalesce(ends_on, assignment_date) >= ${from}
    order by assignment_date, id
  `)
}

async function readTargets(
  tx: Reader,
  domainId: string,
  rounds: readonly RoundRow[],
  only?: string,
): Promise<TargetRow[]> {
  return await tx.run<TargetRow>(sql`
    select
      id, name, description, priority, may_be_short, is_active, required_count as minimum,
      coalesce(maximum_count, required_count) as maximum, weekday, on_date, to_char(starts_at, 'HH24:MI') as starts_at,
      to_char(ends_at, 'HH24:MI') as ends_at, created_at
    from assignments.assignment_targets as target
    where domain_id = ${domainId}
      and ${only === undefined ? sql`true` : sql`id = ${only}`}
      and (
        is_active
        or exists (
          select
          from assignments.assignment_details as detail
          where detail.tenant_id = target.tenant_id
            and detail.target_id = target.id
            and detail.assignment_id = any(${idsOf(rounds)}::uuid[])
        )
      )
    order by name, id
  `)
}

async function readPeople(tx: Reader, rounds: readonly RoundRow[]): Promise<PersonRow[]> {
  return await tx.run<PersonRow>(sql`
    select
      detail.assignment_id, detail.target_id, detail.id as detail_id, detail.participant_id, participant.name,
      detail.is_pinned, detail.starts_at, detail.ends_at
    from assignments.assignment_details as detail
    join assignments.participants as participant
      on participant.tenant_id = detail.tenant_id and participant.id = detail.participant_id
    where detail.assignment_id = any(${idsOf(rounds)}::uuid[])
    order by coalesce(detail.position, 1000000), participant.name, detail.id
  `)
}

const idsOf = (rounds: readonly RoundRow[]) => rounds.map(({ id }) => id)
const keyOf = (assignmentId: string, targetId: string) => `${assignmentId} ${targetId}`
