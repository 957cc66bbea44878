// What a round lacks before anybody plans it, by the registered rules.
import { type Static, Type } from 'typebox'
import type { Reader } from '#platform/database'
import { uuid } from '#platform/http'
import { rulesOf } from '../domains/business-rules.ts'
import { getDomain } from '../domains/domains.ts'
import type { Exclusion, Violation } from '../engine/validation-rules/validation-rule.ts'
import { validationRules } from '../engine/validation-rules/validation-rules.ts'
import type { Reason } from './eligibility.ts'
import { reasonsInRound } from './pair-reasons.ts'
import { forEachPlace, problemOf } from './problems.ts'
import { type RoundInputs, readRound } from './round-inputs.ts'
import { type RoundTimes, readRoundTimes } from './round-times.ts'

export const RoundFault = Type.Object({
  rule: Type.String({ description: 'One of the validation rules that `/assignment-methods` tells' }),
  targetId: Type.Optional(uuid),
  participantId: Type.Optional(uuid),
  message: Type.String(),
  missing: Type.Integer({
    minimum: 0,
    description: 'So many people or places too few; 0 where the rule does not count',
  }),
})
export type RoundFault = Static<typeof RoundFault>

/** VS-11: what the validation rules say of a round, those that it names or all. `timeZone` is the tenant's. */
export async function validateRound(
  tx: Reader,
  assignmentId: string,
  { timeZone }: { timeZone: string },
): Promise<RoundFault[]> {
  const round = await readRound(tx, assignmentId)
  const times = await readRoundTimes(tx, round, timeZone)
  const { problem } = await problemOf(round, times)
  const exclusions = await exclusionsOf(round, times)
  const names = new Map([...round.candidates, ...round.places].map(({ id, name }) => [id, name]))
  const nameOf = (id: string) => names.get(id) ?? id
  const { businessRules } = await getDomain(tx, round.domainId)
  const faults = rulesOf(round.configuration, businessRules).flatMap(({ rule, parameters, fault }) =>
    fault === undefined
      ? rule.check({ problem, exclusions }, parameters).map(found => faultOf(found, rule.say(found, nameOf)))
      : [unfitRule(rule.name, fault)],
  )
  const named = round.configuration.validation_rules ?? []
  return [...named.filter(name => !validationRules.find(name)).map(unknownRule), ...faults]
}

/** Its module may be gone since it was chosen: what is not looked at is not to look as if it held. */
const unknownRule = (name: string): RoundFault => ({
  rule: name,
  message: `There is no rule ${name}, so it is not looked at. Take it out of the domain's checks.`,
  missing: 0,
})

const unfitRule = (name: string, reason: string): RoundFault => ({
  rule: name,
  message: `The parameters of the rule ${name} do not fit, so it is not looked at: ${reason}. Change them in the domain.`,
  missing: 0,
})

const faultOf = ({ rule, target, participant, needed = 0, available = 0 }: Violation, message: string): RoundFault => ({
  rule,
  ...(target !== undefined && { targetId: target }),
  ...(participant !== undefined && { participantId: participant }),
  message,
  missing: Math.max(0, needed - available),
})

async function exclusionsOf(round: RoundInputs, times: RoundTimes): Promise<Exclusion[]> {
  const exclusions: Exclusion[] = []
  // Millions of pairs lack the same few things.
  const kept = new Map<string, readonly string[]>()
  await forEachPlace(round, place => {
    for (const candidate of round.candidates) {
      const byRule = Map.groupBy(reasonsInRound(candidate, place, round, times), ({ rule }) => rule)
      for (const [rule, reasons] of byRule) {
        const lacks = reasons.flatMap(missingOf)
        const key = lacks.join('\n')
        const missing = kept.get(key) ?? lacks
        kept.set(key, missing)
        exclusions.push({ participant: candidate.id, target: place.id, rule, missing })
      }
    }
  })
  return exclusions
}

const missingOf = ({ missing: { skills, anySkills, days } }: Reason): string[] =>
  [skills, anySkills, days].flatMap(each => (Array.isArray(each) ? each.map(String) : []))
