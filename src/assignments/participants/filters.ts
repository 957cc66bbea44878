import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { oneOf, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { Skill, skillsOf } from '../skills.ts'
import { minuteOf, type Weekday, weekdays } from './availability.ts'

/** VS-12: has a skill, has all of several, is free at a weekday and time, fits a target. */
export const participantFilters = {
  domainId: Type.Optional(uuid),
  isActive: Type.Optional(Type.Boolean()),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of name, e-mail address or reference' })),
  skill: Type.Optional(Type.Array(Skill, { maxItems: 20, description: 'Has all of these; name it several times' })),
  anySkill: Type.Optional(Type.Array(Skill, { maxItems: 20, description: 'Has one of these' })),
  weekday: Type.Optional(oneOf(weekdays, { description: 'Free on it in an ordinary week' })),
  time: Type.Optional(
    Type.String({
      pattern: '^([01]?[0-9]|2[0-3]):[0-5][0-9]$',
      description: 'With `weekday`: free at this time',
      examples: ['9:00'],
    }),
  ),
  targetId: Type.Optional({
    ...uuid,
    description: 'Has the skills that this target asks for, and is not excluded from it',
  }),
  userId: Type.Optional({ ...uuid, description: 'Is this member' }),
}

const Filters = Type.Object(participantFilters)
export type ParticipantFilters = Static<typeof Filters>

/** The condition on a row of `assignments.participants as participant`; each part goes through an index of the tenant. */
export async function participantConditions(tx: Reader, filters: ParticipantFilters) {
  const { domainId, isActive, q, weekday, time, targetId, userId } = filters
  const [all, any] = [skillsOf(filters.skill ?? []), skillsOf(filters.anySkill ?? [])]
  const conditions = [
    domainId === undefined ? [] : [sql`participant.domain_id = ${domainId}`],
    isActive === undefined ? [] : [sql`participant.is_active = ${isActive}`],
    userId === undefined ? [] : [sql`participant.user_id = ${userId}`],
    q === undefined ? [] : [matches(q)],
    all.map(skill => hasOneOf([skill])),
    any.length === 0 ? [] : [hasOneOf(any)],
    weekday === undefined ? [] : [isFree(weekday, time)],
    targetId === undefined ? [] : [await fits(tx, targetId)],
  ].flat()
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`
}

/** Has one of the skills, at the level that is asked for. */
function hasOneOf(skills: readonly string[], levels: Readonly<Record<string, number>> = {}) {
  const asked = skills.map(skill => {
    const level = levels[skill]
    return level === undefined ? sql`skill = ${skill}` : sql`(skill = ${skill} and level >= ${level}::smallint)`
  })
  return sql`participant.id in (
    select participant_id
    from assignments.participant_skills
    where ${sql.join(asked, sql` or `)}
  )`
}

function isFree(weekday: Weekday, time: string | undefined) {
  const minute = time === undefined ? undefined : minuteOf(time)
  return sql`participant.id in (
    select participant_id
    from assignments.participant_hours
    where weekday = ${weekdays.indexOf(weekday) + 1}
      and ${minute === undefined ? sql`true` : sql`starts_at <= ${minute} and ends_at > ${minute}`}
  )`
}

type Demand = { domainId: string; requiredSkills: string[]; anySkills: string[]; skillLevels: Record<string, number> }

/** What `why` of a pair says at length, for whoever can be asked by index: skills and exclusions. */
async function fits(tx: Reader, targetId: string) {
  const target = await tx.maybe<Demand>(sql`
    select domain_id, required_skills, any_skills, skill_levels
    from assignments.assignment_targets
    where id = ${targetId}
  `)
  if (!target) throw errors.targetNotFound({ id: targetId })
  const { requiredSkills, anySkills, skillLevels } = target
  const onlyLevels = Object.keys(skillLevels).filter(
    skill => !requiredSkills.includes(skill) && !anySkills.includes(skill),
  )
  return sql.join(
    [
      sql`participant.domain_id = ${target.domainId}`,
      ...[...requiredSkills, ...onlyLevels].map(skill => hasOneOf([skill], skillLevels)),
      ...(anySkills.length > 0 ? [hasOneOf(anySkills, skillLevels)] : []),
      sql`participant.id not in (
        select participant_id
        from assignments.participant_preferences
        where target_id = ${targetId}
          and is_excluded
      )`,
    ],
    sql` and `,
  )
}

function matches(q: string) {
  const pattern = `%${q.trim().replaceAll(/[\\%_]/g, '\\$&')}%`
  return sql`(participant.name ilike ${pattern} or participant.email ilike ${pattern} or participant.reference ilike ${pattern})`
}
