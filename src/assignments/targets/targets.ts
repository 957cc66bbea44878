import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { date, type IfMatch, nullable, oneOf, requireMatch, timestamp, uuid } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { errors } from '../errors.ts'
import { pageByName } from '../name-pages.ts'
import { type Weekday, weekdays } from '../participants/availability.ts'
import { levelsOf, Skill, SkillLevels, Skills, skillOf, skillsOf } from '../skills.ts'
import { type TargetFilters, targetConditions } from './filters.ts'

const Json = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 200 })
const places = Type.Integer({ minimum: 1, maximum: 10_000 })
const timeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['08:00'] })

export const SkillMix = Type.Object({
  skill: Skill,
  minimum: Type.Integer({ minimum: 1, maximum: 10_000, description: 'So many of its people have it' }),
  level: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: 'At least so well' })),
})

/** What is said of a target by who enters it. */
export const TargetFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', examples: ['Kitchen'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  reference: Type.Optional(
    nullable(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'What another system calls it: an import knows it by it',
      }),
    ),
  ),
  requiredCount: Type.Optional({ ...places, description: 'People that it needs, 1 unless told' }),
  maximumCount: Type.Optional(
    nullable({ ...places, description: 'People that it has room for; null: as many as it needs' }),
  ),
  mayBeShort: Type.Optional(Type.Boolean({ description: 'Places may stay empty where nobody is there for them' })),
  requiredSkills: Type.Optional({ ...Skills, description: 'Each of its people has all of these' }),
  anySkills: Type.Optional({ ...Skills, description: 'Each of its people has one of these' }),
  skillLevels: Type.Optional({
    ...SkillLevels,
    description: 'At least so well; a skill that is only here is required',
  }),
  skillMix: Type.Optional(
    Type.Array(SkillMix, { maxItems: 20, description: 'Some of its people have a skill, others need not' }),
  ),
  weekday: Type.Optional(nullable(oneOf(weekdays, { description: 'On each of them in a round' }))),
  onDate: Type.Optional(nullable({ ...date, description: 'On this day alone, instead of a weekday' })),
  startsAt: Type.Optional(nullable({ ...timeOfDay, description: 'In the time zone of the workspace' })),
  endsAt: Type.Optional(nullable({ ...timeOfDay, description: 'Not later than it starts: on the next day' })),
  priority: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, description: '5 is filled before 1; 3 unless told' })),
  constraints: Type.Optional(Json),
  metadata: Type.Optional(Json),
  isActive: Type.Optional(Type.Boolean({ description: 'In the next rounds' })),
})
export type TargetFields = Static<typeof TargetFields>

export const TargetChanges = Type.Partial(TargetFields)
export type TargetChanges = Static<typeof TargetChanges>

/** VS-07: what people are assigned to, with its places. */
export const Target = Type.Object({
  id: uuid,
  domainId: uuid,
  ...Type.Required(TargetFields).properties,
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Target = Static<typeof Target>

type Page = TargetFilters & { limit: number; cursor?: string }

/** By name, with how many there are in all that match. */
export async function listTargets(tx: Reader, { limit, cursor, ...filters }: Page) {
  const page = await pageByName<TargetRow>(
    tx,
    { limit, cursor },
    {
      of: `assignment-targets ${JSON.stringify(filters)}`,
      table: sql`assignments.assignment_targets as target`,
      columns: targetColumns,
      conditions: await targetConditions(tx, filters),
    },
  )
  return { ...page, items: page.items.map(targetOf) }
}

/** Refuses with not_found what does not exist or belongs to another tenant. */
export async function getTarget(tx: Reader, id: string): Promise<Target> {
  const target = await tx.maybe<TargetRow>(sql`
    select ${targetColumns}
    from assignments.assignment_targets as target
    where id = ${id}
  `)
  if (!target) throw errors.targetNotFound({ id })
  return targetOf(target)
}

/** `tx` is a transaction. */
export async function createTarget(tx: Queryable, domainId: string, fields: TargetFields): Promise<Target> {
  await getDomain(tx, domainId)
  const given: Required<TargetFields> = { ...plain, ...fields }
  checkWindow(given)
  const { id } = await refusingTaken(
    tx.one<{ id: string }>(sql`
      insert into assignments.assignment_targets (
        domain_id, reference, name, description, required_count, maximum_count, may_be_short, required_skills, any_skills,
        skill_levels, skill_mix, weekday, on_date, starts_at, ends_at, priority, constraints, metadata, is_active
      )
      values (
        ${domainId}, ${given.reference}, ${given.name.trim()}, ${given.description}, ${given.requiredCount},
        ${given.maximumCount}, ${given.mayBeShort}, ${json(skillsOf(given.requiredSkills))},
        ${json(skillsOf(given.anySkills))}, ${json(levelsOf(given.skillLevels))}, ${json(mixOf(given.skillMix))},
        ${numberOf(given.weekday)}, ${given.onDate}, ${given.startsAt}, ${given.endsAt}, ${given.priority},
        ${json(given.constraints)}, ${json(given.metadata)}, ${given.isActive}
      )
      returning id
    `),
  )
  return await getTarget(tx, id)
}

/** Changes the given fields alone. `tx` is a transaction. */
export async function updateTarget(
  tx: Queryable,
  id: string,
  changes: TargetChanges,
  ifMatch?: IfMatch,
): Promise<Target> {
  await tx.run(sql`select id from assignments.assignment_targets where id = ${id} for update`)
  const target = await getTarget(tx, id)
  requireMatch(ifMatch, target)
  const next = { ...target, ...changes }
  checkWindow(next)
  await refusingTaken(
    tx.run(sql`
      update assignments.assignment_targets
      set
        reference = ${next.reference},
        name = ${next.name.trim()},
        description = ${next.description},
        required_count = ${next.requiredCount},
        maximum_count = ${next.maximumCount},
        may_be_short = ${next.mayBeShort},
        required_skills = ${json(skillsOf(next.requiredSkills))},
        any_skills = ${json(skillsOf(next.anySkills))},
        skill_levels = ${json(levelsOf(next.skillLevels))},
        skill_mix = ${json(mixOf(next.skillMix))},
        weekday = ${numberOf(next.weekday)},
        on_date = ${next.onDate},
        starts_at = ${next.startsAt},
        ends_at = ${next.endsAt},
        priority = ${next.priority},
        constraints = ${json(next.constraints)},
        metadata = ${json(next.metadata)},
        is_active = ${next.isActive}
      where id = ${id}
    `),
  )
  return await getTarget(tx, id)
}

/** Deletes what nobody was ever assigned to. */
export async function deleteTarget(tx: Queryable, id: string): Promise<void> {
  const deleted = await onViolation(
    tx.maybe(sql`delete from assignments.assignment_targets where id = ${id} returning id`),
    {
      assignment_details_target_id_fkey: errors.targetAssigned,
      revision_details_target_id_fkey: errors.targetAssigned,
    },
  )
  if (!deleted) throw errors.targetNotFound({ id })
}

/** What a target is of which only the name is said. */
export const plain = {
  description: null,
  reference: null,
  requiredCount: 1,
  maximumCount: null,
  mayBeShort: false,
  requiredSkills: [],
  anySkills: [],
  skillLevels: {},
  skillMix: [],
  weekday: null,
  onDate: null,
  startsAt: null,
  endsAt: null,
  priority: 3,
  constraints: {},
  metadata: {},
  isActive: true,
} satisfies Omit<Required<TargetFields>, 'name'>

/** Refuses times that say nothing that could be meant. */
export function checkWindow({ weekday, onDate, startsAt, endsAt }: Pick<TargetFields, Window>): void {
  if (weekday && onDate) throw errors.targetWindow({ reason: 'A target has a weekday or a date, not both.' })
  if (!startsAt !== !endsAt) throw errors.targetWindow({ reason: 'Give both startsAt and endsAt, or neither.' })
}

type Window = 'weekday' | 'onDate' | 'startsAt' | 'endsAt'
export type TargetRow = Omit<Target, 'weekday'> & { weekday: number | null }

export const targetColumns = sql`
  target.id, target.domain_id, target.name, target.description, target.reference, target.required_count,
  target.maximum_count, target.may_be_short, target.required_skills, target.any_skills, target.skill_levels,
  target.skill_mix, target.weekday, target.on_date, to_char(target.starts_at, 'HH24:MI') as starts_at,
  to_char(target.ends_at, 'HH24:MI') as ends_at, target.priority, target.constraints, target.metadata, target.is_active,
  target.created_by, target.created_at, target.updated_at
`

export const targetOf = (row: TargetRow): Target => ({
  ...row,
  weekday: row.weekday === null ? null : (weekdays[row.weekday - 1] ?? null),
})

export const numberOf = (weekday: Weekday | null) => (weekday === null ? null : weekdays.indexOf(weekday) + 1)

export const mixOf = (mix: readonly Static<typeof SkillMix>[]) =>
  mix.map(each => ({ ...each, skill: skillOf(each.skill) }))

const refusingTaken = <T>(work: Promise<T>): Promise<T> =>
  onViolation(work, {
    assignment_targets_reference_unique: errors.targetReferenceTaken,
    assignment_targets_counts_order: errors.targetCounts,
  })
