import { brokenRules } from './checks.ts'
import { findConflict } from './conflicts.ts'
import { Flow, type FlowAnswer } from './flow.ts'
import { type Instance, instanceOf, ProblemError } from './instances.ts'
import type { Plan, Problem } from './problem.ts'

/** Plans of the same problem and seed are equal as long as this is. */
export const engineVersion = '3'

/**
 * The cheapest plan, with its proof: an optimal one, or why there is none. Side constraints (times, minutes, mixes, relations)
 * are no flow: where the cheapest plan without them keeps them, it is the cheapest with them; where not, this refuses.
 */
export function solveFlow(problem: Problem, strategy = 'optimal'): Plan {
  const plan = solveRelaxation(problem, strategy)
  const [violation] = plan.status === 'infeasible' ? [] : brokenRules(problem, plan.pairs)
  if (violation) throw new ProblemError(`A flow cannot keep the side constraints of this problem: ${violation}`)
  return plan
}

/** The cheapest plan of those that may break side constraints: a lower bound for those that may not. */
export function solveRelaxation(problem: Problem, strategy = 'optimal'): Plan {
  const instance = instanceOf(problem)
  const conflict = findConflict(instance)
  if (!conflict) return planOf(instance, solved(new Flow(instance)), strategy)
  return {
    engine: engineVersion,
    strategy,
    status: 'infeasible',
    ...{ cost: null, lowerBound: null, pairs: [], shortages: [] },
    certificate: { kind: 'conflict', demands: conflict.demands },
  }
}

function solved(flow: Flow): FlowAnswer {
  if (!flow.solve().feasible) throw new Error('A flow without a conflict has an answer')
  return flow.settle()
}

/** An optimal answer of a flow as a plan. */
export function planOf(instance: Instance, answer: FlowAnswer, strategy: string): Plan {
  const { participants, targets } = instance
  const cost = costOf(instance, answer.chosen)
  return {
    ...{ engine: engineVersion, strategy, status: 'optimal', cost, lowerBound: cost },
    pairs: pairsOf(instance, answer.chosen),
    shortages: shortagesOf(instance, answer.chosen),
    certificate: {
      kind: 'prices',
      participants: pricesBy(participants, answer.participantPrices),
      targets: pricesBy(targets, answer.targetPrices),
      multipliers: [],
    },
  }
}

/** What is chosen, sorted by target, then participant. */
export function pairsOf({ participants, targets, pairParticipant, pairTarget }: Instance, chosen: Uint8Array) {
  const ofTarget: number[][] = targets.map(() => [])
  for (let pair = 0; pair < chosen.length; pair++)
    if (chosen[pair]) ofTarget[pairTarget[pair]!]!.push(pairParticipant[pair]!)
  return ofTarget.flatMap((people, t) => people.map(p => ({ participant: participants[p]!, target: targets[t]! })))
}

export function shortagesOf({ targets, targetMinimum, pairTarget }: Instance, chosen: Uint8Array) {
  const missing = targetMinimum.slice()
  for (let pair = 0; pair < chosen.length; pair++) if (chosen[pair]) missing[pairTarget[pair]!]!--
  return targets.flatMap((target, t) => (missing[t]! > 0 ? [{ target, missing: missing[t]! }] : []))
}

/** Pairs, loads, shortages and extras of what is chosen. */
export function costOf(instance: Instance, chosen: Uint8Array): number {
  const { pairCost, pairParticipant, pairTarget, loadStart, loadCosts } = instance
  const { targetMinimum, shortageCost, extraValue } = instance
  const load = new Int32Array(instance.participants.length)
  const filled = new Int32Array(instance.targets.length)
  let cost = 0
  for (let pair = 0; pair < chosen.length; pair++) {
    if (!chosen[pair]) continue
    const p = pairParticipant[pair]!
    cost += pairCost[pair]! + loadCosts[loadStart[p]! + load[p]!++]!
    filled[pairTarget[pair]!]!++
  }
  for (let t = 0; t < filled.length; t++) {
    const beyond = filled[t]! - targetMinimum[t]!
    if (beyond > 0) cost -= beyond * extraValue[t]!
    if (beyond < 0) cost -= beyond * shortageCost[t]!
  }
  return cost
}

const pricesBy = (ids: readonly string[], prices: Float64Array): Record<string, number> =>
  // Adding 0 makes a 0 of -0, which is written as another byte sequence by some encoders.
  Object.fromEntries(ids.map((id, place) => [id, prices[place]! + 0]))
