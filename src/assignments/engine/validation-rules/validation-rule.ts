import type { Plan, Problem } from '../problem.ts'

/** Looks at a round, and at its plan when there is one, and says what does not fit. */
export interface ValidationRule {
  readonly name: string
  readonly describe: string
  check(round: Validated): readonly Violation[]
  /** One of its violations as a sentence; `nameOf` tells what a participant or target is called. */
  say(violation: Violation, nameOf: (id: string) => string): string
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
