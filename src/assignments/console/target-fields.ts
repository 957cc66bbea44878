import { jsonOf, type NamedValue, namedValuesOf } from './named-values.tsx'
import { fieldsOf, type SkillLevel, type SkillMix, skillLevelsOf } from './skill-fields.tsx'
import type { Target, TargetFields, Weekday } from './wire-types.ts'

export type TargetTime = {
  kind: 'any' | 'weekday' | 'date'
  weekday: Weekday
  onDate: string
  startsAt: string
  endsAt: string
}

/** A target as its form has it. */
export type TargetForm = {
  name: string
  description: string
  reference: string
  requiredCount: number
  maximumCount: number | null
  mayBeShort: boolean
  allSkills: SkillLevel[]
  anySkills: SkillLevel[]
  skillMix: SkillMix[]
  time: TargetTime
  priority: string
  isActive: boolean
  constraints: NamedValue[]
}

export const targetLabels: Readonly<Record<keyof TargetForm, string>> = {
  name: 'Name',
  description: 'Description',
  reference: 'Reference',
  requiredCount: 'Needs',
  maximumCount: 'Has room for',
  mayBeShort: 'Places may stay empty',
  allSkills: 'Skills that everybody on it has',
  anySkills: 'Skills of which one is enough',
  skillMix: 'Skills that some of them have',
  time: 'When',
  priority: 'Priority',
  isActive: 'Active',
  constraints: 'Other constraints',
}

export const readTargetForm = (target: Target): TargetForm => {
  // A skill of which only the level is said is required.
  const onlyLevels = Object.keys(target.skillLevels).filter(
    skill => !target.requiredSkills.includes(skill) && !target.anySkills.includes(skill),
  )
  return {
    name: target.name,
    description: target.description ?? '',
    reference: target.reference ?? '',
    requiredCount: target.requiredCount,
    maximumCount: target.maximumCount,
    mayBeShort: target.mayBeShort,
    allSkills: skillLevelsOf([...target.requiredSkills, ...onlyLevels], target.skillLevels),
    anySkills: skillLevelsOf(target.anySkills, target.skillLevels),
    skillMix: target.skillMix.map(mix => ({ ...mix })),
    time: {
      kind: target.weekday ? 'weekday' : target.onDate ? 'date' : 'any',
      weekday: target.weekday ?? 'monday',
      onDate: target.onDate ?? '',
      startsAt: target.startsAt ?? '',
      endsAt: target.endsAt ?? '',
    },
    priority: String(target.priority),
    isActive: target.isActive,
    constraints: namedValuesOf(target.constraints),
  }
}

/** What is sent of a form's changes; levels of all skills go together, since they are one thing in the API. */
export function writeTargetForm(
  changes: Partial<TargetForm>,
  form: TargetForm,
  { constraints: kept }: Target,
): Partial<TargetFields> {
  const { allSkills, anySkills, time, priority, description, reference, constraints, skillMix, ...plain } = changes
  return {
    ...plain,
    ...(description !== undefined && { description: description.trim() || null }),
    ...(reference !== undefined && { reference: reference.trim() || null }),
    ...((allSkills || anySkills) && skillsOf(form)),
    ...(skillMix && { skillMix: skillMix.filter(({ skill }) => skill.trim() !== '') }),
    ...(time && {
      weekday: time.kind === 'weekday' ? time.weekday : null,
      onDate: time.kind === 'date' ? time.onDate : null,
      startsAt: time.startsAt || null,
      endsAt: time.endsAt || null,
    }),
    ...(priority !== undefined && { priority: Number(priority) }),
    ...(constraints && { constraints: jsonOf(constraints, kept) }),
  }
}

function skillsOf({ allSkills, anySkills }: TargetForm) {
  const [all, any] = [fieldsOf(allSkills), fieldsOf(anySkills)]
  return {
    requiredSkills: all.skills,
    anySkills: any.skills,
    skillLevels: { ...any.skillLevels, ...all.skillLevels },
  }
}

export function faultOfTime({ kind, onDate, startsAt, endsAt }: TargetTime): string | null {
  if (kind === 'date' && !onDate) return 'Say the date.'
  if (!startsAt !== !endsAt) return 'Say both when it begins and when it ends, or neither.'
  return null
}
