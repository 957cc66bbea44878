// A strategy that takes as long as it is let: it has a plan at once unless it is to find none, says so, and improves it no more until it is stopped.
import type { Plan, Problem } from '../engine/problem.ts'
import { SearchEnded } from '../engine/side-plans.ts'
import { solveRound } from '../engine/solving.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import type { Strategy } from '../engine/strategies/strategy.ts'

export const slow = { lasts: true, finds: true, proves: true, begun: 0 }

const strategy: Strategy = {
  name: 'slow_test',
  describe: 'For tests',
  parameters: { type: 'object', properties: {} },
  async plan(problem: Problem, { signal, onProgress }) {
    slow.begun++
    const plan: Plan = { ...(await solveRound(problem)), strategy: 'slow_test' }
    if (slow.finds)
      onProgress?.({ elapsedMs: 5, cost: plan.cost, lowerBound: plan.lowerBound, gap: 0, pairs: plan.pairs })
    const { promise, resolve } = Promise.withResolvers<void>()
    if (!slow.lasts || signal?.aborted) resolve()
    else signal?.addEventListener('abort', () => resolve())
    // A promise alone keeps no process.
    const clock = setInterval(() => undefined, 1_000)
    await promise
    clearInterval(clock)
    if (!slow.proves) return { ...plan, status: 'feasible', lowerBound: (plan.lowerBound ?? 0) - 1 }
    if (!slow.finds) throw new SearchEnded('It found none this time.')
    return plan
  },
}
strategies.add(strategy)
