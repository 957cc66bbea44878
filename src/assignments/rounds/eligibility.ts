// Who may be on what, and why not: rules over one participant and one target, without a database.
import { type Static, Type } from 'typebox'
import { oneOf } from '#platform/http'
import type { Availability } from './calendar.ts'
import { shifted, spansOf, type Window } from './calendar.ts'

export const rules = ['capacity_check', 'availability_check', 'skill_matching'] as const

/** Why a pair is not possible, in words, with what is missing. */
export const Reason = Type.Object({
  rule: oneOf(rules),
  message: Type.String(),
  missing: Type.Record(Type.String(), Type.Unknown(), {
    examples: [{ skills: ['first aid'] }, { days: ['2027-03-08'] }],
  }),
})
export type Reason = Static<typeof Reason>

export type Candidate = {
  id: string
  name: string
  skills: ReadonlyMap<string, number | null>
  availability: Availability
  excludedFrom: ReadonlySet<string>
  /** Targets that he takes at most. */
  limit: number
}

export type Place = Window & {
  id: string
  name: string
  requiredSkills: readonly string[]
  anySkills: readonly string[]
  skillLevels: Readonly<Record<string, number>>
  /** Days on which it is; empty for no certain day. */
  days: readonly string[]
}

/** All that stands against a pair; empty where it is possible. `days` are those of the round. */
export function reasonsAgainst(candidate: Candidate, place: Place, days: readonly string[]): Reason[] {
  return [
    ...capacityReasons(candidate, place),
    ...skillReasons(candidate, place),
    ...availabilityReasons(candidate, place, days),
  ]
}

/**
 * Who can be on a place, as far as he himself and it tell, in the order in which they are given. Of people who have the same skills, or
 * are free at the same times (the same objects), it is asked once for each place: of 2,500,000 pairs that leaves a look into two lists.
 */
export class AbleCandidates<T extends Candidate> {
  private readonly candidates: readonly T[]
  private readonly days: readonly string[]
  private readonly ofSkills: Alike<T>
  private readonly ofTimes: Alike<T>

  constructor(candidates: readonly T[], days: readonly string[]) {
    this.candidates = candidates.filter(({ limit }) => limit > 0)
    this.days = days
    this.ofSkills = new Alike(this.candidates, ({ skills }) => skills)
    this.ofTimes = new Alike(this.candidates, ({ availability }) => availability)
  }

  on(place: Place): T[] {
    const isAble = this.ofSkills.ask(candidate => hasSkills(candidate, place))
    const isFree = this.ofTimes.ask(
      candidate => candidate.availability.isConstant || daysAway(candidate, place, this.days).length === 0,
    )
    return this.candidates.filter(
      ({ excludedFrom }, at) =>
        isAble[this.ofSkills.kindOf[at] as number] === 1 &&
        isFree[this.ofTimes.kindOf[at] as number] === 1 &&
        !(excludedFrom.size > 0 && excludedFrom.has(place.id)),
    )
  }
}

/** Candidates by something that many have in common. */
class Alike<T> {
  /** By place among the candidates. */
  readonly kindOf: Int32Array
  private readonly firsts: T[] = []

  constructor(candidates: readonly T[], commonOf: (candidate: T) => object) {
    const known = new Map<object, number>()
    this.kindOf = Int32Array.from(candidates, candidate => {
      const common = commonOf(candidate)
      let kind = known.get(common)
      if (kind === undefined) {
        kind = known.size
        known.set(common, kind)
        this.firsts.push(candidate)
      }
      return kind
    })
  }

  /** By kind, 1 for yes. */
  ask(question: (candidate: T) => boolean): Uint8Array {
    return Uint8Array.from(this.firsts, first => (question(first) ? 1 : 0))
  }
}

function capacityReasons({ name, limit, excludedFrom }: Candidate, place: Place): Reason[] {
  return [
    ...(limit > 0 ? [] : [reason('capacity_check', `${name} takes no assignment in this round.`, { assignments: 1 })]),
    ...(excludedFrom.has(place.id)
      ? [reason('capacity_check', `${name} must never be on ${place.name}.`, { exclusion: place.id })]
      : []),
  ]
}

function hasSkills(candidate: Candidate, place: Place): boolean {
  return (
    place.requiredSkills.every(skill => holds(candidate, skill, place.skillLevels[skill])) &&
    (place.anySkills.length === 0 || place.anySkills.some(skill => holds(candidate, skill, place.skillLevels[skill])))
  )
}

function skillReasons(candidate: Candidate, place: Place): Reason[] {
  const asked = (skill: string) => (place.skillLevels[skill] ? `${skill} at level ${place.skillLevels[skill]}` : skill)
  const missing = place.requiredSkills.filter(skill => !holds(candidate, skill, place.skillLevels[skill]))
  const hasAny =
    place.anySkills.length === 0 || place.anySkills.some(skill => holds(candidate, skill, place.skillLevels[skill]))
  return [
    ...(missing.length > 0
      ? [reason('skill_matching', `${candidate.name} lacks ${missing.map(asked).join(', ')}.`, { skills: missing })]
      : []),
    ...(hasAny
      ? []
      : [
          reason('skill_matching', `${candidate.name} has none of ${place.anySkills.map(asked).join(', ')}.`, {
            anySkills: [...place.anySkills],
          }),
        ]),
  ]
}

function availabilityReasons(candidate: Candidate, place: Place, days: readonly string[]): Reason[] {
  const away = daysAway(candidate, place, days)
  if (away.length === 0) return []
  const times = place.startsAt === null ? '' : ` from ${place.startsAt} to ${place.endsAt}`
  const when = place.days.length === 0 ? 'on any day of the round' : `on ${away.join(', ')}${times}`
  return [reason('availability_check', `${candidate.name} is not free ${when}.`, { days: away })]
}

/** Days of the target on which he is not free for it; where it is on no certain day, one on which he is, is enough. */
function daysAway({ availability }: Candidate, place: Place, days: readonly string[]): readonly string[] {
  if (place.days.length === 0) return days.some(day => availability.on(day).length > 0) ? [] : days
  const spans = spansOf(place)
  return place.days.filter(day => {
    if (!spans) return availability.on(day).length === 0
    if (!availability.covers(day, spans.today)) return true
    return spans.tomorrow !== undefined && !availability.covers(shifted(day, 1), spans.tomorrow)
  })
}

/** The part of all skills that are asked for, or welcome one beside the other, that he has: 1 for all. */
export function skillMatchOf(
  candidate: Pick<Candidate, 'skills'>,
  { requiredSkills, anySkills, skillLevels }: Place,
): number {
  if (anySkills.length === 0) return 1
  const asked = [...requiredSkills, ...anySkills]
  return asked.filter(skill => holds(candidate, skill, skillLevels[skill])).length / asked.length
}

/** Has the skill, and where a level is asked for at least that one. */
export function holds({ skills }: Pick<Candidate, 'skills'>, skill: string, level: number | undefined): boolean {
  const held = skills.get(skill)
  return held !== undefined && (level === undefined || (held ?? 0) >= level)
}

const reason = (rule: Reason['rule'], message: string, missing: Reason['missing']): Reason => ({
  rule,
  message,
  missing,
})
