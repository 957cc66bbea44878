import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { date, type IfMatch, nullable, requireMatch, timestamp, uuid } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { errors } from '../errors.ts'
import { pageByName } from '../name-pages.ts'
import { levelsOf, SkillLevels, Skills, skillsOf } from '../skills.ts'
import { Availability, normaliseAvailability } from './availability.ts'
import { type ParticipantFilters, participantConditions } from './filters.ts'

const Json = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 200 })
const minutesOfWeek = Type.Integer({ minimum: 0, maximum: 10_080 })
const assignmentsOfRound = Type.Integer({ minimum: 0, maximum: 10_000 })

/** What is said of a participant by who enters him. */
export const ParticipantFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', examples: ['Anna Bergström'] }),
  email: Type.Optional(nullable(Type.String({ minLength: 3, maxLength: 255, pattern: '^[^\\s@]+@[^\\s@]+$' }))),
  phone: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 20 }))),
  reference: Type.Optional(
    nullable(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'What another system calls him: an import knows him by it',
      }),
    ),
  ),
  userId: Type.Optional(nullable({ ...uuid, description: 'The member that he is' })),
  skills: Type.Optional(Skills),
  skillLevels: Type.Optional(SkillLevels),
  availability: Type.Optional(Availability),
  preferences: Type.Optional(Json),
  metadata: Type.Optional(Json),
  minAssignments: Type.Optional({ ...assignmentsOfRound, description: 'In each round' }),
  maxAssignments: Type.Optional(
    nullable({ ...assignmentsOfRound, description: 'In each round; null: as in the domain' }),
  ),
  maxMinutesPerWeek: Type.Optional(nullable({ ...minutesOfWeek, description: 'Null: as in the domain' })),
  minRestMinutes: Type.Optional(nullable({ ...minutesOfWeek, description: 'Between two targets with times' })),
  joinedOn: Type.Optional({ ...date, description: 'Rounds before it are not counted when load is compared' }),
  isActive: Type.Optional(Type.Boolean({ description: 'In the next rounds' })),
})
export type ParticipantFields = Static<typeof ParticipantFields>

export const ParticipantChanges = Type.Partial(ParticipantFields)
export type ParticipantChanges = Static<typeof ParticipantChanges>

/** VS-06: who can be assigned in a domain. */
export const Participant = Type.Object({
  id: uuid,
  domainId: uuid,
  ...Type.Required(ParticipantFields).properties,
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Participant = Static<typeof Participant>

type Page = ParticipantFilters & { limit: number; cursor?: string }

/** By name, with how many there are in all that match. */
export async function listParticipants(tx: Reader, { limit, cursor, ...filters }: Page) {
  return await pageByName<Participant>(
    tx,
    { limit, cursor },
    {
      of: `participants ${JSON.stringify(filters)}`,
      table: sql`assignments.participants as participant`,
      columns: participantColumns,
      conditions: await participantConditions(tx, filters),
    },
  )
}

/** Refuses with not_found who does not exist or belongs to another tenant. */
export async function getParticipant(tx: Reader, id: string): Promise<Participant> {
  const participant = await tx.maybe<Participant>(sql`
    select ${participantColumns}
    from assignments.participants as participant
    where id = ${id}
  `)
  if (!participant) throw errors.participantNotFound({ id })
  return participant
}

/** `userId` is a member: whoever calls has asked. */
export async function createParticipant(
  tx: Queryable,
  domainId: string,
  fields: ParticipantFields,
): Promise<Participant> {
  await getDomain(tx, domainId)
  const { skills, skillLevels } = joined(fields.skills ?? [], fields.skillLevels ?? {})
  const { id } = await refusingTaken(
    tx.one<{ id: string }>(sql`
      insert into assignments.participants (
        domain_id, user_id, reference, name, email, phone, skills, skill_levels, availability, preferences, metadata,
        min_assignments, max_assignments, max_minutes_per_week, min_rest_minutes, joined_on, is_active
      )
      values (
        ${domainId}, ${fields.userId ?? null}, ${fields.reference ?? null}, ${fields.name.trim()},
        ${fields.email ?? null}, ${fields.phone ?? null}, ${json(skills)}, ${json(skillLevels)},
        ${json(normaliseAvailability(fields.availability ?? {}))}, ${json(fields.preferences ?? {})},
        ${json(fields.metadata ?? {})}, ${fields.minAssignments ?? 0}, ${fields.maxAssignments ?? null},
        ${fields.maxMinutesPerWeek ?? null}, ${fields.minRestMinutes ?? null},
        coalesce(${fields.joinedOn ?? null}::date, current_date), ${fields.isActive ?? true}
      )
      returning id
    `),
  )
  return await getParticipant(tx, id)
}

/** Changes the given fields alone. `tx` is a transaction; `userId` is a member: whoever calls has asked. */
export async function updateParticipant(
  tx: Queryable,
  id: string,
  changes: ParticipantChanges,
  ifMatch?: IfMatch,
): Promise<Participant> {
  await tx.run(sql`select id from assignments.participants where id = ${id} for update`)
  const participant = await getParticipant(tx, id)
  requireMatch(ifMatch, participant)
  const next = { ...participant, ...changes }
  const { skills, skillLevels } = levelsAfter(participant, changes)
  await refusingTaken(
    tx.run(sql`
      update assignments.participants
      set
        user_id = ${next.userId},
        reference = ${next.reference},
        name = ${next.name.trim()},
        email = ${next.email},
        phone = ${next.phone},
        skills = ${json(skills)},
        skill_levels = ${json(skillLevels)},
        availability = ${json(normaliseAvailability(next.availability))},
        preferences = ${json(next.preferences)},
        metadata = ${json(next.metadata)},
        min_assignments = ${next.minAssignments},
        max_assignments = ${next.maxAssignments},
        max_minutes_per_week = ${next.maxMinutesPerWeek},
        min_rest_minutes = ${next.minRestMinutes},
        joined_on = ${next.joinedOn},
        is_active = ${next.isActive}
      where id = ${id}
    `),
  )
  return await getParticipant(tx, id)
}

/** Deletes who was never assigned; who was stays, for the fairness of the rounds. */
export async function deleteParticipant(tx: Queryable, id: string): Promise<void> {
  const deleted = await onViolation(
    tx.maybe(sql`delete from assignments.participants where id = ${id} returning id`),
    Object.fromEntries(holdingParticipants.map(constraint => [constraint, errors.participantAssigned])),
  )
  if (!deleted) throw errors.participantNotFound({ id })
}

/** GG-16: what names a person goes for good, that somebody did the work stays. `tx` is a transaction. */
export async function eraseParticipant(tx: Queryable, id: string): Promise<Participant> {
  await getParticipant(tx, id)
  await tx.run(sql`select assignments.erase_participants(array[platform.current_tenant_id()], array[${id}::uuid])`)
  return await getParticipant(tx, id)
}

const holdingParticipants = [
  'assignment_details_participant_id_fkey',
  'revision_details_participant_id_fkey',
  'assignment_shares_participant_id_fkey',
]

export const participantColumns = sql`
  participant.id, participant.domain_id, participant.name, participant.email, participant.phone, participant.reference,
  participant.user_id, participant.skills, participant.skill_levels, participant.availability, participant.preferences,
  participant.metadata, participant.min_assignments, participant.max_assignments, participant.max_minutes_per_week,
  participant.min_rest_minutes, participant.joined_on, participant.is_active, participant.created_by,
  participant.created_at, participant.updated_at
`

/** Who has a level in something has the skill. */
function joined(skills: readonly string[], levels: Readonly<Record<string, number>>) {
  const skillLevels = levelsOf(levels)
  return { skills: skillsOf([...skills, ...Object.keys(skillLevels)]), skillLevels }
}

/** Levels of skills that he has no more go with them. */
export function levelsAfter(
  participant: Pick<Participant, 'skills' | 'skillLevels'>,
  { skills, skillLevels }: ParticipantChanges,
) {
  if (skillLevels) return joined(skills ?? participant.skills, skillLevels)
  const left = skills ? skillsOf(skills) : participant.skills
  const levels = Object.entries(participant.skillLevels).filter(([skill]) => left.includes(skill))
  return { skills: left, skillLevels: Object.fromEntries(levels) }
}

const refusingTaken = <T>(work: Promise<T>): Promise<T> =>
  onViolation(work, {
    participants_reference_unique: errors.participantReferenceTaken,
    participants_one_per_user: errors.participantUserTaken,
    participants_limits: errors.participantLimits,
  })
