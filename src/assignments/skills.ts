import { Type } from 'typebox'
import { errors } from './errors.ts'

export const Skill = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['first aid'] })

export const Skills = Type.Array(Skill, { maxItems: 200, description: 'Names; kept in lower case, each once' })

export const SkillLevels = Type.Record(Type.String({ maxLength: 100 }), Type.Integer({ minimum: 1, maximum: 10 }), {
  maxProperties: 200,
  description: 'Levels from 1 to 10, by the name of the skill',
  examples: [{ 'first aid': 2 }],
})

/** One spelling of a skill: “First  Aid” and “first aid” are the same. */
export function skillOf(text: string): string {
  const skill = text.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase()
  if (skill.length > 100) throw errors.skillTooLong({ skill })
  return skill
}

export const skillsOf = (texts: readonly string[]): string[] => [...new Set(texts.map(skillOf))].filter(Boolean)

export function levelsOf(levels: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(levels).map(([skill, level]) => [skillOf(skill), level] as const))
}
