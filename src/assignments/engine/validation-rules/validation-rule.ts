import type { Static, TObject } from 'typebox'
import type { Plan, Problem } from '../problem.ts'

/** Looks at a round, and at its plan when there is one, and says what does not fit. */
export interface ValidationRule {
  readonly name: string
  readonly describe: string
  /** An object schema; each property has a default. Undefined: it takes no parameters. */
  readonly parameters?: TObject
  /** `parameters` are those that the domain has for it, with the defaults: they fit its schema, which is asked when they are stored. */
  check(round: Validated, parameters: Readonly<Record<string, unknown>>): readonly Violation[]
  /** One of its violations as a sentence; `nameOf` tells what a participant or target is called. */
  say(violation: Violation, nameOf: (id: string) => string): string
}

/** A rule with parameters, typed by their schema. */
export function ruleWithParameters<S extends TObject>(
  rule: Omit<ValidationRule, 'parameters' | 'check'> & {
    readonly parameters: S
    check(round: Validated, parameters: Static<S>): readonly Violation[]
  },
): ValidationRule {
  return { ...rule, check: (round, parameters) => rule.check(round, parameters as Static<S>) }
}

export interface Validated {
  readonly problem: Problem
  readonly plan?: Pick<Plan, 'pairs'>
  /** Why pairs that the problem does not have are not possible, each pair once by rule. */
  readonly exclusions: readonly Exclusion[]
}

export interface Exclusion {
  readonly participant: string
  readonly target: string
  /** The rule that tells of it. */
  readonly rule: string
  /** What he would have to have: skills, days. */
  readonly missing: readonly string[]
}

export interface Violation {
  readonly rule: string
  readonly target?: string
  readonly participant?: string
  /** The mix of the target that lacks somebody. */
  readonly mix?: string
  /** People or places that are needed, and that there are. */
  readonly needed?: number
  readonly available?: number
  readonly missing: readonly string[]
}
