import { formatDay } from '#platform/console'
import { weekdayNames } from './week.ts'
import type { Domain, Target } from './wire-types.ts'
import { counted } from './words.ts'

/** `Mondays, 8:00 to 12:00`; `at any time`. */
export function timeInWords({
  weekday,
  onDate,
  startsAt,
  endsAt,
}: Pick<Target, 'weekday' | 'onDate' | 'startsAt' | 'endsAt'>): string {
  const day = weekday ? `${weekdayNames[weekday]}s` : onDate ? formatDay(onDate) : ''
  const isOvernight = startsAt && endsAt && endsAt <= startsAt
  const hours = startsAt ? `${startsAt}–${endsAt}${isOvernight ? ' on the next day' : ''}` : ''
  return [day, hours].filter(Boolean).join(', ') || 'at any time'
}

/** `2 house-mates`, `2 to 4 house-mates`. */
export function placesInWords(
  { requiredCount, maximumCount }: Pick<Target, 'requiredCount' | 'maximumCount'>,
  { words }: Domain,
): string {
  if (maximumCount === null || maximumCount === requiredCount) return counted(requiredCount, words.participant)
  return `${requiredCount} to ${counted(maximumCount, words.participant)}`
}

/** What one must be able to do, in one line. */
export function skillsInWords({ requiredSkills, anySkills, skillLevels, skillMix }: Skills): string {
  const named = (skill: string) => (skillLevels[skill] ? `${skill} (${skillLevels[skill]})` : skill)
  const onlyLevels = Object.keys(skillLevels).filter(
    skill => !requiredSkills.includes(skill) && !anySkills.includes(skill),
  )
  const all = [...requiredSkills, ...onlyLevels].map(named)
  return [
    ...(all.length > 0 ? [all.join(' and ')] : []),
    ...(anySkills.length > 0 ? [anySkills.map(named).join(' or ')] : []),
    ...skillMix.map(({ skill, minimum, level }) => `${minimum} × ${skill}${level === undefined ? '' : ` (${level})`}`),
  ].join('; ')
}

type Skills = Pick<Target, 'requiredSkills' | 'anySkills' | 'skillLevels' | 'skillMix'>
