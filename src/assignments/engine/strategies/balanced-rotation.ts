import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { recencyOf, standingsOf } from '../fairness.ts'
import { planByScore, scoredBy } from './scored.ts'
import type { Strategy } from './strategy.ts'

const Parameters = Type.Object({
  rotation_weight: Type.Number({
    ...{ minimum: 0, maximum: 1, default: 0.8 },
    description: 'How much it counts that somebody did the same lately or often',
  }),
  balance_weight: Type.Number({
    ...{ minimum: 0, maximum: 1, default: 0.2 },
    description: 'How much it counts how often somebody was on anything',
  }),
})

export const balancedRotation: Strategy = {
  name: 'balanced_rotation',
  describe: 'Everybody’s turn on each target: who did it lately or often comes later, who did much altogether too.',
  parameters: Parameters,
  plan: async (problem, context) => {
    const weights = Value.Default(Parameters, { ...context.parameters }) as Static<typeof Parameters>
    const history = context.history ?? []
    const recency = recencyOf(history)
    const loads = [...standingsOf(history).values()].map(({ load }) => load)
    const standings = standingsOf(history)
    const least = Math.min(...loads, Number.POSITIVE_INFINITY)
    const ahead = (participant: string) => (standings.get(participant)?.load ?? least) - (loads.length > 0 ? least : 0)
    const scored = scoredBy(
      problem,
      ({ participant, target }) =>
        weights.rotation_weight * recency(participant, target) +
        weights.balance_weight * (loads.length > 0 ? ahead(participant) : 0),
    )
    return planByScore(problem, scored, 'balanced_rotation', context)
  },
}
