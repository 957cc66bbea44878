// A strategy that takes as long as it is let: it has a plan at once, says so, and improves it no more until it is stopped.
import type { Plan, Problem } from '../engine/problem.ts'
import { solveRound } from '../engine/solving.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import type { Strategy } from '../engine/strategies/strategy.ts'

export const slow: { lasts: boolean; begun: number } = { lasts: true, begun: 0 }

const strategy: Strategy = {
  name: 'slow_test',
  describe: 'For tests',
  parameters: { type: 'object', properties: {} },
  async plan(problem: Problem, { signal, onProgress }) {
    slow.begun++
    const plan: Plan = { ...(await solveRound(problem)), strategy: 'slow_test' }
    onProgress?.({ elapsedMs: 5, cost: plan.cost, lowerBound: plan.lowerBound, gap: 0 })
    const { promise, resolve } = Promise.withResolvers<void>()
    if (!slow.lasts || signal?.aborted) resolve()
    else signal?.addEventListener('abort', () => resolve())
    // A promise alone keeps no process.
    const clock = setInterval(() => undefined, 1_000)
    await promise
    clearInterval(clock)
    return plan
  },
}
strategies.add(strategy)
