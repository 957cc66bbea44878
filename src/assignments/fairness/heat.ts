import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { date, nullable, uuid } from '#platform/http'
import { occurrencesIn } from '../boards/occurrences.ts'
import type { Period } from '../boards/periods.ts'
import { daysOf, type Window, weekdayOf } from '../rounds/calendar.ts'
import { listEverybody, listPlannedRounds, type PlannedRound } from './planned-rounds.ts'

/** Who was on how much, and when. */
export const Heat = Type.Object({
  periods: Type.Array(Type.Object({ from: date, to: date, name: nullable(Type.String()) })),
  participants: Type.Array(
    Type.Object({
      id: uuid,
      name: Type.String(),
      loads: Type.Array(Type.Integer(), { description: 'One for each period' }),
    }),
    { description: 'By name: those that are active or did something in the period' },
  ),
})
export type Heat = Static<typeof Heat>

export const heatBy = ['week', 'round'] as const

/**
 * Of the rounds that begin in a period. By week each day counts on which somebody is on something, from Monday to Sunday; what
 * is on no certain day counts in the week in which its round begins. By round each target counts once.
 */
export async function getHeat(
  tx: Reader,
  domainId: string,
  { by, ...period }: Period & { by: (typeof heatBy)[number] },
  timeZone: string,
): Promise<Heat> {
  const rounds = await listPlannedRounds(tx, domainId, period)
  const people = await listEverybody(tx, domainId)
  const periods = by === 'week' ? weeksOf(rounds) : rounds.map(periodOf)
  const loads = new Map(people.map(({ id }) => [id, periods.map(() => 0)]))
  const add = (id: string, index: number) => {
    const mine = loads.get(id)
    if (mine?.[index] !== undefined) mine[index]++
  }
  const places = new Map(rounds.map(({ id }, index) => [id, index]))
  for (const detail of await readDetails(tx, rounds)) {
    const index = places.get(detail.assignmentId) ?? -1
    const round = rounds[index]
    if (!round) continue
    if (by === 'round') add(detail.participantId, index)
    else
      for (const day of daysOn(detail, round, timeZone))
        add(detail.participantId, Math.floor((Date.parse(day) - Date.parse(periods[0]?.from ?? day)) / weekMs))
  }
  return {
    periods,
    participants: people
      .map(({ id, name, isActive }) => ({ id, name, isActive, loads: loads.get(id) ?? [] }))
      .filter(({ isActive, loads: mine }) => isActive || mine.some(load => load > 0)),
  }
}

const weekMs = 7 * 86_400_000

const periodOf = ({ name, startsOn, endsOn }: PlannedRound) => ({ from: startsOn, to: endsOn, name })

function weeksOf(rounds: readonly PlannedRound[]) {
  const first = rounds[0]?.startsOn
  if (first === undefined) return []
  const last = rounds.reduce((latest, { endsOn }) => (endsOn > latest ? endsOn : latest), first)
  const monday = Date.parse(first) - (weekdayOf(first) - 1) * 86_400_000
  const weeks = Math.floor((Date.parse(last) - monday) / weekMs) + 1
  return Array.from({ length: weeks }, (_, index) => ({
    from: dayOf(monday + index * weekMs),
    to: dayOf(monday + index * weekMs + 6 * 86_400_000),
    name: null,
  }))
}

type DetailRow = Window & {
  assignmentId: string
  participantId: string
  plannedStart: Date | null
  plannedEnd: Date | null
}

function daysOn({ plannedStart, plannedEnd, ...window }: DetailRow, { startsOn, endsOn }: PlannedRound, zone: string) {
  const planned = { startsAt: plannedStart, endsAt: plannedEnd }
  const found = occurrencesIn(window, daysOf(startsOn, endsOn), zone, planned)
  return found.length === 0 ? [startsOn] : found.map(each => each.date ?? startsOn)
}

async function readDetails(tx: Reader, rounds: readonly PlannedRound[]): Promise<DetailRow[]> {
  return await tx.run<DetailRow>(sql`
    select
      detail.assignment_id, detail.participant_id, detail.starts_at as planned_start, detail.ends_at as planned_end,
      target.weekday, target.on_date, to_char(target.starts_at, 'HH24:MI') as starts_at,
      to_char(target.ends_at, 'HH24:MI') as ends_at
    from assignments.assignment_details as detail
    join assignments.assignment_targets as target on target.tenant_id = detail.tenant_id and target.id = detail.target_id
    where detail.assignment_id = any(${rounds.map(({ id }) => id)}::uuid[])
  `)
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10)
