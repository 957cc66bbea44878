import { reducedCost } from './certificates.ts'
import { ProblemError } from './instances.ts'
import { solveFlow } from './plans.ts'
import type { Cost, Demand, PinnedPair, Plan, Problem } from './problem.ts'

/** Why somebody is not on a target, from the prices of the plan alone. */
export type Reason =
  | { readonly kind: 'chosen' }
  /** It is no pair: he cannot, or is not there. The validation rules say what is missing. */
  | { readonly kind: 'notPossible' }
  | {
      readonly kind: 'dearer'
      /** With him on it the round costs so much more, or more than that. */
      readonly atLeast: Cost
      /** What it costs to have him on it. */
      readonly cost: Cost
      /** What his time is worth to other targets, and one more person to this one. */
      readonly participantPrice: number
      readonly targetPrice: number
    }

/** Takes no solving; `forcePair` says it exactly. */
export function reasonFor(problem: Problem, plan: Plan, { participant, target }: PinnedPair): Reason {
  if (plan.pairs.some(pair => pair.participant === participant && pair.target === target)) return { kind: 'chosen' }
  const pair = problem.pairs.find(one => one.participant === participant && one.target === target)
  if (!pair) return { kind: 'notPossible' }
  const { certificate, cost, lowerBound } = plan
  if (certificate.kind !== 'prices' || cost === null || lowerBound === null)
    throw new ProblemError('A plan that is infeasible has no prices: it names a conflict instead.')
  return {
    kind: 'dearer',
    atLeast: Math.max(0, Math.ceil(lowerBound - cost + Math.max(0, reducedCost(problem, certificate, pair)))),
    cost: pair.cost,
    participantPrice: certificate.participants[participant] ?? 0,
    targetPrice: certificate.targets[target] ?? 0,
  }
}

/** What becomes of a round when somebody has to be on a target. */
export type Forced =
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
