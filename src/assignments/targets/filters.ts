import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { date, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { Skill, skillsOf } from '../skills.ts'

/** VS-12: which targets somebody fits; and what the board needs. */
export const targetFilters = {
  domainId: Type.Optional(uuid),
  isActive: Type.Optional(Type.Boolean()),
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of name or reference' })),
  skill: Type.Optional(Type.Array(Skill, { maxItems: 20, description: 'Asks for all of these' })),
  participantId: Type.Optional({
    ...uuid,
    description: 'This participant has the skills for it, and is not excluded from it',
  }),
  from: Type.Optional({ ...date, description: 'On this date or later, or on weekdays, or without a day' }),
  to: Type.Optional({ ...date, description: 'Not later than this date' }),
}

const Filters = Type.Object(targetFilters)
export type TargetFilters = Static<typeof Filters>

/** The condition on a row of `assignments.assignment_targets as target`. */
export async function targetConditions(tx: Reader, filters: TargetFilters) {
  const { domainId, isActive, q, skill, participantId, from, to } = filters
  const conditions = [
    domainId === undefined ? [] : [sql`target.domain_id = ${domainId}`],
    isActive === undefined ? [] : [sql`target.is_active = ${isActive}`],
    q === undefined ? [] : [matches(q)],
    skillsOf(skill ?? []).map(each => sql`target.required_skills ? ${each}`),
    from === undefined ? [] : [sql`(target.on_date is null or target.on_date >= ${from})`],
    to === undefined ? [] : [sql`(target.on_date is null or target.on_date <= ${to})`],
    participantId === undefined ? [] : [await suits(tx, participantId)],
  ].flat()
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`
}

/** Has what the target asks for: the participant's skills are found by their index, once for each. */
async function suits(tx: Reader, participantId: string) {
  const participant = await tx.maybe<{ domainId: string }>(sql`
    select domain_id
    from assignments.participants
    where id = ${participantId}
  `)
  if (!participant) throw errors.participantNotFound({ id: participantId })
  const has = (skill: ReturnType<typeof sql>) => sql`exists (
    select
    from assignments.participant_skills as held
    where held.participant_id = ${participantId}
      and held.skill = ${skill}
      and (target.skill_levels -> held.skill is null or held.level >= (target.skill_levels ->> held.skill)::smallint)
  )`
  return sql`
    target.domain_id = ${participant.domainId}
    and not exists (
      select
      from jsonb_array_elements_text(target.required_skills) as asked (skill)
      where not ${has(sql`asked.skill`)}
    )
    and not exists (
      select
      from jsonb_object_keys(target.skill_levels) as asked (skill)
      where not target.any_skills ? asked.skill
        and not ${has(sql`asked.skill`)}
    )
    and (
      target.any_skills = '[]'
      or exists (
        select
        from jsonb_array_elements_text(target.any_skills) as asked (skill)
        where ${has(sql`asked.skill`)}
      )
    )
    and not exists (
      select
      from assignments.participant_preferences as preference
      where preference.participant_id = ${participantId}
        and preference.target_id = target.id
        and preference.is_excluded
    )
  `
}

function matches(q: string) {
  const pattern = `%${q.trim().replaceAll(/[\\%_]/g, '\\$&')}%`
  return sql`(target.name ilike ${pattern} or target.reference ilike ${pattern})`
}
