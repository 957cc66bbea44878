import { addUpPrices, reducedCost } from './certificates.ts'
import { ProblemError } from './instances.ts'
import { solveFlow } from './plans.ts'
import type { Cost, Demand, PinnedPair, Plan, Problem } from './problem.ts'
import { solveRound } from './solving.ts'
import type { PlanContext } from './strategies/strategy.ts'

/** Why somebody is not on a target, from the prices of the plan alone. */
export type Reason =
  | { readonly kind: 'chosen' }
  /** It is no pair: he cannot, or is not there. The validation rules say what is missing. */
  | { readonly kind: 'notPossible' }
  | {
      readonly kind: 'dearer'
      /** With him on it the round costs so much more than the plan, or more than that; negative where the plan is not known to be the cheapest. */
      readonly atLeast: Cost
      /** What it costs to have him on it. */
      readonly cost: Cost
      /** What his time is worth to other targets, and one more person to this one. */
      readonly participantPrice: number
      readonly targetPrice: number
    }

/** Takes no solving; `weighPair` says it exactly. */
export function reasonFor(problem: Problem, plan: Plan, { participant, target }: PinnedPair): Reason {
  if (plan.pairs.some(pair => pair.participant === participant && pair.target === target)) return { kind: 'chosen' }
  const pair = problem.pairs.find(one => one.participant === participant && one.target === target)
  if (!pair) return { kind: 'notPossible' }
  const { certificate, cost, lowerBound } = plan
  if (certificate.kind !== 'prices' || cost === null || lowerBound === null)
    throw new ProblemError('A plan that is infeasible has no prices: it names a conflict instead.')
  // The pair adds to what the prices prove, not to what a solver claims beyond that.
  const proven = certificate.claimed ? addUpPrices(problem, certificate).lowerBound! : lowerBound
  return {
    kind: 'dearer',
    atLeast: Math.max(lowerBound, Math.ceil(proven + reducedCost(problem, certificate, pair))) - cost,
    cost: pair.cost,
    participantPrice: certificate.participants[participant] ?? 0,
    targetPrice: certificate.targets[target] ?? 0,
  }
}

/** What it takes to have somebody on a target, found by planning the round with him there. */
type Weighed =
  | { readonly kind: 'chosen' | 'notPossible' }
  | { readonly kind: 'impossible'; readonly demands: readonly Demand[] }
  | {
      readonly kind: 'dearer'
      /** Above what the plan costs: `atMost` is what `plan` does, and no plan with the pair does less than `atLeast`. Equal where it is proved. */
      readonly atLeast: Cost
      readonly atMost: Cost
      readonly plan: Plan
      /** Who has to change what for it. */
      readonly moves: readonly Move[]
    }

/** As `reasonFor`, and exact, under all constraints: solves the round again with the pair pinned, in a thread. */
export async function weighPair(
  problem: Problem,
  plan: Plan,
  pair: PinnedPair,
  context: PlanContext = {},
): Promise<Weighed> {
  const known = reasonFor(problem, plan, pair)
  if (known.kind !== 'dearer') return known
  const { participant, target } = pair
  const forced = await solveRound({ ...problem, pins: [...problem.pins, { participant, target }] }, context)
  if (forced.certificate.kind === 'conflict') return { kind: 'impossible', demands: forced.certificate.demands }
  return {
    kind: 'dearer',
    atLeast: Math.max(forced.lowerBound! - plan.cost!, known.atLeast),
    atMost: forced.cost! - plan.cost!,
    plan: forced,
    moves: movesBetween(plan.pairs, forced.pairs),
  }
}

/** What becomes of a round when somebody has to be on a target. */
type Forced =
  | { readonly kind: 'possible'; readonly extraCost: Cost; readonly plan: Plan; readonly moves: readonly Move[] }
  | { readonly kind: 'impossible'; readonly demands: readonly Demand[] }

/** What one participant leaves and joins between two plans. */
export interface Move {
  readonly participant: string
  readonly leaves: readonly string[]
  readonly joins: readonly string[]
}

/** Solves the round again with the pair pinned; `solve` as the plan was solved. */
export function forcePair(
  problem: Problem,
  plan: Plan,
  pair: PinnedPair,
  solve: (problem: Problem) => Plan = solveFlow,
): Forced {
  const { participant, target } = pair
  const forced = solve({ ...problem, pins: [...problem.pins, { participant, target }] })
  if (forced.certificate.kind === 'conflict') return { kind: 'impossible', demands: forced.certificate.demands }
  return {
    kind: 'possible',
    extraCost: forced.cost! - plan.cost!,
    plan: forced,
    moves: movesBetween(plan.pairs, forced.pairs),
  }
}

/** Who changes what, sorted by participant. */
export function movesBetween(before: readonly PinnedPair[], after: readonly PinnedPair[]): Move[] {
  const [old, now] = [targetsByParticipant(before), targetsByParticipant(after)]
  const people = [...new Set([...old.keys(), ...now.keys()])].toSorted((one, other) => (one < other ? -1 : 1))
  return people.flatMap(participant => {
    const had = old.get(participant) ?? new Set<string>()
    const has = now.get(participant) ?? new Set<string>()
    const [leaves, joins] = [[...had].filter(target => !has.has(target)), [...has].filter(target => !had.has(target))]
    return leaves.length + joins.length > 0 ? [{ participant, leaves: leaves.toSorted(), joins: joins.toSorted() }] : []
  })
}

function targetsByParticipant(pairs: readonly PinnedPair[]): Map<string, Set<string>> {
  const targets = new Map<string, Set<string>>()
  for (const { participant, target } of pairs) {
    const his = targets.get(participant)
    if (his) his.add(target)
    else targets.set(participant, new Set([target]))
  }
  return targets
}
