// A round as the database has it: who can be assigned, to what, and what was wished for.
import { type Reader, sql } from '#platform/database'
import type { Configuration } from '../domains/configurations.ts'
import { errors } from '../errors.ts'
import type { AvailabilityJson } from '../participants/availability.ts'
import { Availability, daysOf, type Exception, occurrencesOf } from './calendar.ts'
import type { Candidate, Place } from './eligibility.ts'

export type RoundCandidate = Candidate & {
  minimum: number
  maxMinutesPerWeek: number | null
  minRestMinutes: number | null
}

export type RoundPlace = Place & {
  minimum: number
  maximum: number
  mayBeShort: boolean
  priority: number
  mix: readonly { skill: string; minimum: number; level?: number }[]
}

export type RoundInputs = {
  id: string
  domainId: string
  seed: number
  configuration: Configuration
  days: readonly string[]
  candidates: readonly RoundCandidate[]
  places: readonly RoundPlace[]
  /** From -2 to 2, by target and participant. */
  weights: ReadonlyMap<string, ReadonlyMap<string, number>>
  relations: readonly { kind: 'together' | 'apart'; participants: readonly [string, string] }[]
  pins: readonly { participant: string; target: string }[]
}

/**
 * Reads a round: the active participants and targets of its domain that it has on its days. `only` reads one participant
 * and one target, whether active or not, for the reasons of a pair; `changes` reads it as it would be with them.
 */
export async function readRound(
  tx: Reader,
  id: string,
  only?: { participantId: string; targetId: string },
  changes?: RoundChanges,
): Promise<RoundInputs> {
  const found = await tx.maybe<RoundRow>(sql`
    select id, domain_id, seed, configuration, assignment_date, coalesce(ends_on, assignment_date) as ends_on
    from assignments.assignments
    where id = ${id}
  `)
  if (!found) throw errors.assignmentNotFound({ id })
  const round = { ...found, ...changes }
  const days = daysOf(round.assignmentDate, round.endsOn)
  const [people, targets] = [
    await readPeople(tx, round, only?.participantId),
    await readTargets(tx, round, only?.targetId),
  ]
  const [exceptions, preferences] = [
    await readExceptions(tx, round, only?.participantId),
    await readPreferences(tx, round, only),
  ]
  const limit = round.configuration.constraints?.max_assignments_per_participant ?? Number.POSITIVE_INFINITY
  return {
    id,
    domainId: round.domainId,
    seed: round.seed,
    configuration: round.configuration,
    days,
    candidates: candidatesOf(people, exceptions, preferences, limit),
    places: targets.flatMap(target => placesOf(target, days)),
    weights: weightsOf(preferences),
    relations: await readRelations(tx, round),
    pins: await tx.run<{ participant: string; target: string }>(sql`
      select participant_id as participant, target_id as target
      from assignments.assignment_pins
      where assignment_id = ${id}
      union
      select participant_id, target_id
      from assignments.assignment_details
      where assignment_id = ${id}
        and is_pinned
      order by target, participant
    `),
  }
}

export type RoundChanges = { seed?: number; configuration?: Configuration }

type RoundRow = Pick<RoundInputs, 'id' | 'domainId' | 'seed' | 'configuration'> & {
  assignmentDate: string
  endsOn: string
}

type PersonRow = {
  id: string
  name: string
  isActive: boolean
  skills: string[]
  skillLevels: Record<string, number>
  availability: AvailabilityJson
  minAssignments: number
  maxAssignments: number | null
  maxMinutesPerWeek: number | null
  minRestMinutes: number | null
}

type TargetRow = Omit<RoundPlace, 'days' | 'minimum' | 'maximum' | 'mix'> & {
  requiredCount: number
  maximumCount: number | null
  skillMix: RoundPlace['mix']
}

/** Of one target: whom it has wishes of, and which. */
type PreferenceRow = { targetId: string; wishes: Map<string, number>; excluded: string[] }

async function readPeople(tx: Reader, { domainId }: RoundRow, only?: string): Promise<PersonRow[]> {
  const people = await tx.run<PersonRow>(sql`
    select
      id, name, is_active, skills, skill_levels, availability, min_assignments, max_assignments, max_minutes_per_week,
      min_rest_minutes
    from assignments.participants
    where domain_id = ${domainId}
      and ${only === undefined ? sql`is_active` : sql`id = ${only}`}
    order by id
  `)
  if (only !== undefined && people.length === 0) throw errors.participantNotFound({ id: only })
  return people
}

async function readTargets(tx: Reader, { domainId }: RoundRow, only?: string): Promise<TargetRow[]> {
  const targets = await tx.run<TargetRow>(sql`
    select
      id, name, required_count, maximum_count, may_be_short, priority, required_skills, any_skills, skill_levels, skill_mix,
      weekday, on_date, to_char(starts_at, 'HH24:MI') as starts_at, to_char(ends_at, 'HH24:MI') as ends_at
    from assignments.assignment_targets
    where domain_id = ${domainId}
      and ${only === undefined ? sql`is_active` : sql`id = ${only}`}
    order by id
  `)
  if (only !== undefined && targets.length === 0) throw errors.targetNotFound({ id: only })
  return targets
}

/** Also of the day after the round: what begins on its last evening may end there. */
async function readExceptions(tx: Reader, { domainId, assignmentDate, endsOn }: RoundRow, only?: string) {
  const rows = await tx.run<Exception & { participantId: string }>(sql`
    select
      exception.participant_id, exception.starts_on, exception.ends_on, exception.is_available,
      to_char(exception.starts_at, 'HH24:MI') as starts_at, to_char(exception.ends_at, 'HH24:MI') as ends_at
    from assignments.availability_exceptions as exception
    join assignments.participants as participant
      on participant.tenant_id = exception.tenant_id and participant.id = exception.participant_id
    where participant.domain_id = ${domainId}
      and ${only === undefined ? sql`true` : sql`participant.id = ${only}`}
      and exception.ends_on >= ${assignmentDate}
      and exception.starts_on <= ${endsOn}::date + 1
  `)
  return Map.groupBy(rows, row => row.participantId)
}

async function readPreferences(
  tx: Reader,
  { domainId }: RoundRow,
  only?: { participantId: string; targetId: string },
): Promise<PreferenceRow[]> {
  // A row for each of 100,000 wishes took a third of a second.
  const rows = await tx.run<{ targetId: string; people: string; weights: string; excluded: string | null }>(sql`
    select
      preference.target_id,
      string_agg(preference.participant_id::text, ' ') as people,
      string_agg(preference.weight::text, ' ') as weights,
      string_agg(preference.participant_id::text, ' ') filter (where preference.is_excluded) as excluded
    from assignments.participant_preferences as preference
    join assignments.participants as participant
      on participant.tenant_id = preference.tenant_id and participant.id = preference.participant_id
    where participant.domain_id = ${domainId}
      and (preference.weight <> 0 or preference.is_excluded)
      and ${only ? sql`participant.id = ${only.participantId} and preference.target_id = ${only.targetId}` : sql`true`}
    group by preference.target_id
  `)
  return rows.map(({ targetId, people, weights, excluded }) => {
    const numbers = weights.split(' ')
    return {
      targetId,
      wishes: new Map(people.split(' ').map((id, at) => [id, Number(numbers[at])])),
      excluded: excluded?.split(' ') ?? [],
    }
  })
}

async function readRelations(tx: Reader, { domainId }: RoundRow): Promise<RoundInputs['relations']> {
  const rows = await tx.run<{ kind: 'together' | 'apart'; one: string; other: string }>(sql`
    select relation.kind, relation.participant_id as one, relation.other_participant_id as other
    from assignments.participant_relations as relation
    join assignments.participants as one on one.tenant_id = relation.tenant_id and one.id = relation.participant_id
    join assignments.participants as other
      on other.tenant_id = relation.tenant_id and other.id = relation.other_participant_id
    where one.domain_id = ${domainId}
      and one.is_active
      and other.is_active
    order by one.id, other.id
  `)
  return rows.map(({ kind, one, other }) => ({ kind, participants: [one, other] }))
}

/** People with the same skills, and people who are free at the same times, have the same objects for that. */
function candidatesOf(
  people: readonly PersonRow[],
  exceptions: ReadonlyMap<string, readonly Exception[]>,
  preferences: readonly PreferenceRow[],
  limit: number,
): RoundCandidate[] {
  const excluded = excludedBy(preferences)
  const [skillsOf, weekOf] = [remembering<Candidate['skills']>(), remembering<Availability>()]
  return people.map(person => {
    const { id, name, skills, skillLevels, availability, minAssignments, maxMinutesPerWeek, minRestMinutes } = person
    const otherwise = exceptions.get(id)
    return {
      id,
      name,
      skills: skillsOf([skills, skillLevels], () => new Map(skills.map(skill => [skill, skillLevels[skill] ?? null]))),
      availability: otherwise
        ? new Availability(availability, otherwise)
        : weekOf(availability, () => new Availability(availability, [])),
      excludedFrom: excluded.get(id) ?? nothing,
      limit: person.isActive ? (person.maxAssignments ?? limit) : 0,
      minimum: minAssignments,
      maxMinutesPerWeek,
      minRestMinutes,
    }
  })
}

/** What was made once of the same value is what it was then. */
function remembering<T>(): (value: unknown, make: () => T) => T {
  const known = new Map<string, T>()
  return (value, make) => {
    const key = JSON.stringify(value)
    const found = known.get(key) ?? make()
    known.set(key, found)
    return found
  }
}

const nothing: ReadonlySet<string> = new Set()

function excludedBy(preferences: readonly PreferenceRow[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { targetId, excluded } of preferences)
    for (const participant of excluded) {
      const mine = found.get(participant) ?? new Set()
      found.set(participant, mine.add(targetId))
    }
  return found
}

function placesOf(row: TargetRow, days: readonly string[]): RoundPlace[] {
  const { requiredCount, maximumCount, skillMix, ...target } = row
  const occurs = occurrencesOf(target, days)
  if (occurs === undefined) return []
  const onlyLevels = Object.keys(target.skillLevels).filter(
    skill => !target.requiredSkills.includes(skill) && !target.anySkills.includes(skill),
  )
  return [
    {
      ...target,
      requiredSkills: [...target.requiredSkills, ...onlyLevels],
      days: occurs,
      minimum: requiredCount,
      maximum: maximumCount ?? requiredCount,
      mix: skillMix,
    },
  ]
}

const weightsOf = (preferences: readonly PreferenceRow[]): Map<string, Map<string, number>> =>
  new Map(preferences.map(({ targetId, wishes }) => [targetId, wishes]))
