// One round, as the engine sees it: no database, no clock, no words of the domain. What it says is what is solved.

/** A whole number without unit: preferences, fairness and shortage are weighed in it. At most `largestCost` in size. */
export type Cost = number

/** Sums of this many costs over a round stay exact in a double. */
export const largestCost = 1_000_000_000

export interface Problem {
  /** Breaks ties, and drives `random_assignment`. Of 0 to 2 ** 32 - 1. */
  readonly seed: number
  readonly participants: readonly ProblemParticipant[]
  readonly targets: readonly ProblemTarget[]
  /** Who may do what, each pair once. A pair that is not here is not possible. */
  readonly pairs: readonly Pair[]
  /** In every plan. Each is one of `pairs`. */
  readonly pins: readonly PinnedPair[]
  /** Two people on the same targets (`together`), or never on the same (`apart`). */
  readonly relations: readonly Relation[]
}

export interface ProblemParticipant {
  readonly id: string
  /** Targets he takes at least and at most in this round. */
  readonly minimum: number
  readonly maximum: number
  /** What his first, second, … target of the round costs beside the pair's own cost: `maximum` numbers that never fall (convex). */
  readonly loadCosts: readonly Cost[]
  /** Undefined: as many minutes as there are. */
  readonly minuteLimits?: readonly MinuteLimit[]
  /** Minutes without a target after each that has times. Two targets that overlap are never his, whatever this says. */
  readonly restMinutes?: number
}

/** At most so many minutes of what begins from one point of time to before another, as a week. No two of a participant begin together. */
export interface MinuteLimit {
  readonly from: number
  readonly to: number
  readonly maximum: number
}

export interface ProblemTarget {
  readonly id: string
  /** People it needs, and people it has room for. */
  readonly minimum: number
  readonly maximum: number
  /** What each place below `minimum` costs when nobody fills it. Undefined: the minimum is a must. */
  readonly shortageCost?: Cost
  /** What each person beyond `minimum` saves (positive) or costs. Never more than `shortageCost`: filling need comes first. */
  readonly extraValue: Cost
  /** When it is; whoever is on it is there each time. Undefined: at no certain time, so that it overlaps with nothing. */
  readonly occurrences?: readonly Occurrence[]
  /** So many of its people must be among these: a must, however few people the target gets. */
  readonly mixes: readonly Mix[]
}

/** Minutes since 1970-01-01 UTC, the end not included. */
export interface Occurrence {
  readonly startsAt: number
  readonly endsAt: number
}

/** `minimum` of the people on the target must be of `participants`, as "one first-aider at each door". */
export interface Mix {
  readonly name: string
  readonly minimum: number
  readonly participants: readonly string[]
}

export interface Pair {
  readonly participant: string
  readonly target: string
  readonly cost: Cost
  /** How much of what the target asks for he can do, 0 to 1. For `skill_based` alone. Undefined: all. */
  readonly skillMatch?: number
  /** Whole minutes that each time of the target takes of his limits, where it takes him longer or shorter than it lasts. */
  readonly minutesEach?: number
}

export interface PinnedPair {
  readonly participant: string
  readonly target: string
}

export interface Relation {
  readonly kind: 'together' | 'apart'
  readonly participants: readonly [string, string]
}

/** An answer. Plans of the same problem, seed and engine version are equal byte for byte, in whatever order it was given. */
export interface Plan {
  readonly engine: string
  readonly strategy: string
  /** `optimal`: no plan costs less. `feasible`: every rule is kept, `lowerBound` tells how far a better one can be. */
  readonly status: 'optimal' | 'feasible' | 'infeasible'
  /** Of pairs, loads, shortages and extras together. Null when infeasible. */
  readonly cost: Cost | null
  /** No plan costs less than this; what `certificate` proves. Null when infeasible. */
  readonly lowerBound: Cost | null
  /** Sorted by target, then participant (by code unit). Empty when infeasible. */
  readonly pairs: readonly PinnedPair[]
  /** Places below the minimum, where that was allowed. */
  readonly shortages: readonly { readonly target: string; readonly missing: number }[]
  readonly certificate: Certificate
}

/**
 * Why nothing is cheaper, or why nothing is possible. A checker who trusts nobody adds it up in time linear in the problem.
 *
 * With u = `participants`, v = `targets` and w = the prices of `multipliers` (what is missing there is 0), each side constraint
 * written as a row Σ a·x ≤ b (equal for `together`), and L, S what a load and a filling cost, no plan costs less than
 *
 *     Σ over pairs         min over x in {0, 1} (1 when pinned) of (cost + u − v + Σ w·a) · x
 *   + Σ over participants  min over loads l of minimum … maximum of L(l) − u · l
 *   + Σ over targets       min over fillings f of 0 (without shortageCost: minimum) … maximum of S(f) + v · f
 *   − Σ over multipliers   w · b
 *
 * where nobody's load, and no target's filling, is more than he or it has pairs.
 *
 * Rows: minutes Σ minutes·x ≤ maximum of the limit that begins at `from`; rest Σ x over `targets` ≤ 1, which all hold him at the
 * one moment `at` (they are on, or he rests after them); mix
 * −Σ x over the mix ≤ −minimum; apart x + x ≤ 1; together x − x = 0 (the first of the relation less the second). A price is a multiple
 * of 2 ** −20, so that doubles add up exactly; what is asked of costs being whole, the sum may be rounded up.
 *
 * `prices`: dual prices of the flow, and multipliers of the side constraints (hours, mixes, relations, rest), so that the
 * Lagrangean bound is that sum. A branch-and-bound's own bound beyond it is `claimed`: it was proved by the solver, not by this.
 * `conflict`: demands that cannot be met together; leaving any one out, the others can.
 */
export type Certificate =
  | {
      readonly kind: 'prices'
      readonly participants: Readonly<Record<string, number>>
      readonly targets: Readonly<Record<string, number>>
      readonly multipliers: readonly Multiplier[]
      readonly claimed?: { readonly by: string; readonly lowerBound: Cost }
    }
  | { readonly kind: 'conflict'; readonly demands: readonly Demand[]; readonly claimedBy?: string }

/** A side constraint by what it is about, and its price (not negative, for "at most"; of either sign for "equal"). */
export interface Multiplier {
  readonly constraint: SideConstraint
  readonly price: number
}

export type SideConstraint =
  | { readonly kind: 'minutes'; readonly participant: string; readonly from: number }
  | { readonly kind: 'rest'; readonly participant: string; readonly at: number; readonly targets: readonly string[] }
  | { readonly kind: 'mix'; readonly target: string; readonly mix: string }
  | { readonly kind: 'apart'; readonly participants: readonly [string, string]; readonly target: string }
  | { readonly kind: 'together'; readonly participants: readonly [string, string]; readonly target: string }

/** One thing that is demanded of a plan; a conflict is made of these. */
export type Demand =
  | { readonly kind: 'targetMinimum'; readonly target: string }
  | { readonly kind: 'targetMaximum'; readonly target: string }
  | { readonly kind: 'participantMinimum'; readonly participant: string }
  | { readonly kind: 'participantMaximum'; readonly participant: string }
  | { readonly kind: 'pin'; readonly participant: string; readonly target: string }
  | { readonly kind: 'relation'; readonly relation: Relation }
  | SideConstraint
