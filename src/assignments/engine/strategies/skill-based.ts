import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { SearchEnded } from '../side-plans.ts'
import { planByScore, scoredBy } from './scored.ts'
import type { Strategy } from './strategy.ts'

const Parameters = Type.Object({
  threshold: Type.Number({
    ...{ minimum: 0, maximum: 1, default: 0.7 },
    description: 'The part of what a target asks for that somebody must be able to do',
  }),
  fallback: Type.Boolean({
    default: true,
    description: 'Whether others come in where too few reach the threshold, those first who come closest',
  }),
})

export const skillBased: Strategy = {
  name: 'skill_based',
  describe: 'Whoever can do most of what a target asks for, regardless of wishes and turns.',
  parameters: Parameters,
  plan: async (problem, context) => {
    const { threshold, fallback } = Value.Default(Parameters, { ...context.parameters }) as Static<typeof Parameters>
    const pinned = new Set(problem.pins.map(({ participant, target }) => JSON.stringify([participant, target])))
    const matchOf = ({ skillMatch = 1 }: { skillMatch?: number }) => skillMatch
    const able = problem.pairs.filter(
      pair => fallback || matchOf(pair) >= threshold || pinned.has(JSON.stringify([pair.participant, pair.target])),
    )
    // One below the threshold weighs more than any who reach it.
    const scored = scoredBy({ ...problem, pairs: able }, pair =>
      matchOf(pair) >= threshold ? 1 - matchOf(pair) : 1000 * (2 - matchOf(pair)),
    )
    const plan = await planByScore(problem, scored, 'skill_based', context)
    if (plan.status === 'infeasible' && able.length < problem.pairs.length)
      throw new SearchEnded(`Too few people reach the threshold of ${threshold}. Lower it, or allow the fallback.`)
    return plan
  },
}
