import type { Static } from 'typebox'
import type { ValidationRule } from '../engine/validation-rules/validation-rule.ts'
import { validationRules } from '../engine/validation-rules/validation-rules.ts'
import { errors } from '../errors.ts'
import type { BusinessRule, Configuration } from './configurations.ts'
import { parameterFault, withDefaults } from './parameters.ts'

type BusinessRules = readonly Static<typeof BusinessRule>[]

/** Refuses parameters that a rule does not take. What no rule is called is kept as it is, for programs of one's own. */
export function checkBusinessRules(rules: BusinessRules): void {
  for (const { name, parameters } of rules) {
    const rule = validationRules.find(name)
    const reason = rule && faultOf(rule, parameters ?? {})
    if (reason) throw errors.ruleParameters({ rule: name, reason })
  }
}

/** A rule that a round is held against. */
export type AskedRule = {
  rule: ValidationRule
  parameters: Readonly<Record<string, unknown>>
  /** Its parameters were stored for an earlier version of it. */
  fault?: string
}

/**
 * The rules that a round names, or all, and those that its domain has under their name: as often as it has them, with the parameters
 * that are there. What the domain has switched off is not asked.
 */
export function rulesOf({ validation_rules: named }: Configuration, business: BusinessRules): AskedRule[] {
  return validationRules.list().flatMap(rule => {
    const own = business.filter(({ name }) => name === rule.name)
    const active = own.filter(({ isActive }) => isActive !== false)
    if (active.length > 0) return active.map(({ parameters = {} }) => askedOf(rule, parameters))
    return own.length === 0 && (named?.includes(rule.name) ?? true) ? [askedOf(rule, {})] : []
  })
}

function askedOf(rule: ValidationRule, given: Readonly<Record<string, unknown>>): AskedRule {
  const fault = faultOf(rule, given)
  return { rule, parameters: withDefaults(rule.parameters, given), ...(fault && { fault }) }
}

function faultOf({ parameters: schema }: ValidationRule, given: Readonly<Record<string, unknown>>): string | undefined {
  const taken = Object.keys(schema?.properties ?? {})
  const unknown = Object.keys(given).find(name => !taken.includes(name))
  if (unknown !== undefined)
    return `it takes ${taken.length === 0 ? 'none' : `${taken.join(', ')}`}, and there is ${unknown}`
  return schema && parameterFault(schema, given)
}
