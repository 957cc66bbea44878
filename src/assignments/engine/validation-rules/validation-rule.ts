import type { Plan, Problem } from '../problem.ts'

/** Looks at a round, and at its plan when there is one, and says what does not fit. */
export interface ValidationRule {
  readonly name: string
  readonly describe: string
  check(round: Validated): readonly Violation[]
}

export interface Validated {
  readonly problem: Problem
  readonly plan?: Pick<Plan, 'pairs'>
  /** Why pairs that the problem does not have are not possible. */
  readonly exclusions: readonly Exclusion[]
}

export interface Exclusion {
  readonly participant: string
  readonly target: string
  /** The rule that tells of it. */
  readonly rule: string
  /** What he would have to have: skills, hours of a day. */
  readonly missing: readonly string[]
}

export interface Violation {
  readonly rule: string
  readonly target?: string
  readonly participant?: string
  /** People or places that are needed, and that there are. */
  readonly needed?: number
  readonly available?: number
  readonly missing: readonly string[]
}
