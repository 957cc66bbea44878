import { randomUUID } from 'node:crypto'
import { json, onViolation, sql } from '#platform/database'
import { errors } from '../errors.ts'
import { weekdays } from '../participants/availability.ts'
import { levelsOf, skillsOf } from '../skills.ts'
import {
  checkWindow,
  mixOf,
  numberOf,
  plain,
  type Target,
  TargetChanges,
  type TargetRow,
  targetColumns,
  targetOf,
} from '../targets/targets.ts'
import { dayRule, type Sheet } from './sheets.ts'

const timeRule = 'a time is written as 09:00'

export const targetSheet: Sheet = {
  name: 'targets',
  table: 'assignments.assignment_targets',
  columns: {
    reference: { column: 'reference', kind: 'text' },
    name: { column: 'name', kind: 'text' },
    description: { column: 'description', kind: 'text' },
    requiredCount: { column: 'required_count', kind: 'number' },
    maximumCount: { column: 'maximum_count', kind: 'number' },
    mayBeShort: { column: 'may_be_short', kind: 'boolean' },
    requiredSkills: { column: 'required_skills', kind: 'list' },
    anySkills: { column: 'any_skills', kind: 'list' },
    skillLevels: { column: 'skill_levels', kind: 'levels' },
    skillMix: { column: 'skill_mix', kind: 'json' },
    weekday: { column: 'weekday', kind: 'text', rule: `a weekday is one of ${weekdays.join(', ')}` },
    onDate: { column: 'on_date', kind: 'date', rule: dayRule },
    startsAt: { column: 'starts_at', kind: 'text', rule: timeRule },
    endsAt: { column: 'ends_at', kind: 'text', rule: timeRule },
    priority: { column: 'priority', kind: 'number' },
    constraints: { column: 'constraints', kind: 'json' },
    metadata: { column: 'metadata', kind: 'json' },
    isActive: { column: 'is_active', kind: 'boolean' },
  },
  schema: TargetChanges,
  plain,
  async read(tx, domainId, isLocked) {
    const rows = await tx.run<TargetRow>(sql`
      select ${targetColumns}
      from assignments.assignment_targets as target
      where domain_id = ${domainId}
      ${isLocked ? sql`for update` : sql``}
    `)
    return rows.map(targetOf)
  },
  merge(old, given) {
    const next = { ...((old ?? plain) as Target), ...(given as TargetChanges) }
    checkWindow(next)
    if (next.maximumCount !== null && next.maximumCount < next.requiredCount) throw errors.targetCounts()
    return {
      ...next,
      name: next.name.trim(),
      requiredSkills: skillsOf(next.requiredSkills),
      anySkills: skillsOf(next.anySkills),
      skillLevels: levelsOf(next.skillLevels),
      skillMix: mixOf(next.skillMix),
    }
  },
  async write(tx, domainId, rows) {
    const given = rows.map(row => {
      const { id = randomUUID(), reference, name, description, priority, constraints, metadata } = row
      return {
        ...{ id, reference, name, description, priority, constraints, metadata },
        required_count: row.requiredCount,
        maximum_count: row.maximumCount,
        may_be_short: row.mayBeShort,
        required_skills: row.requiredSkills,
        any_skills: row.anySkills,
        skill_levels: row.skillLevels,
        skill_mix: row.skillMix,
        weekday: numberOf(row.weekday as Target['weekday']),
        on_date: row.onDate,
        starts_at: row.startsAt,
        ends_at: row.endsAt,
        is_active: row.isActive,
      }
    })
    await onViolation(
      tx.run(sql`
        insert into assignments.assignment_targets (
          id, domain_id, reference, name, description, required_count, maximum_count, may_be_short, required_skills,
          any_skills, skill_levels, skill_mix, weekday, on_date, starts_at, ends_at, priority, constraints, metadata,
          is_active
        )
        select
          id, ${domainId}, reference, name, description, required_count, maximum_count, may_be_short, required_skills,
          any_skills, skill_levels, skill_mix, weekday, on_date, starts_at, ends_at, priority, constraints, metadata,
          is_active
        from jsonb_populate_recordset(null::assignments.assignment_targets, ${json(given)})
        on conflict (tenant_id, id) do update
        set
          reference = excluded.reference,
          name = excluded.name,
          description = excluded.description,
          required_count = excluded.required_count,
          maximum_count = excluded.maximum_count,
          may_be_short = excluded.may_be_short,
          required_skills = excluded.required_skills,
          any_skills = excluded.any_skills,
          skill_levels = excluded.skill_levels,
          skill_mix = excluded.skill_mix,
          weekday = excluded.weekday,
          on_date = excluded.on_date,
          starts_at = excluded.starts_at,
          ends_at = excluded.ends_at,
          priority = excluded.priority,
          constraints = excluded.constraints,
          metadata = excluded.metadata,
          is_active = excluded.is_active
      `),
      { assignment_targets_reference_unique: errors.targetReferenceTaken },
    )
  },
}
