import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { getDomain } from './domains.ts'

export const DomainSkill = Type.Object({
  skill: Type.String(),
  participantCount: Type.Integer({ description: 'Those that have it, active or not' }),
})
type DomainSkill = Static<typeof DomainSkill>

/** What people can do in a domain, and what its targets ask for, by name; at most a thousand. */
export async function listDomainSkills(tx: Reader, id: string): Promise<DomainSkill[]> {
  await getDomain(tx, id)
  return await tx.run<DomainSkill>(sql`
    select skill, sum(participant_count)::integer as participant_count
    from (
      select held.skill, 1 as participant_count
      from assignments.participant_skills as held
      join assignments.participants as participant on participant.id = held.participant_id
      where participant.domain_id = ${id}
      union all
      select asked.skill, 0
      from assignments.assignment_targets as target
      cross join lateral (
        select jsonb_array_elements_text(target.required_skills || target.any_skills)
        union all
        select jsonb_object_keys(target.skill_levels)
        union all
        select mix ->> 'skill'
        from jsonb_array_elements(target.skill_mix) as mix
      ) as asked (skill)
      where target.domain_id = ${id}
    ) as skills
    group by skill
    order by skill
    limit 1000
  `)
}
