import { Type } from 'typebox'
import { hashText } from '../tie-breaks.ts'
import { planByScore, scoredBy } from './scored.ts'
import type { Strategy } from './strategy.ts'

export const randomAssignment: Strategy = {
  name: 'random_assignment',
  describe: 'By lot; the same seed draws the same again.',
  parameters: Type.Object({}),
  plan: (problem, context) =>
    planByScore(
      problem,
      scoredBy(
        problem,
        ({ participant, target }) => hashText(JSON.stringify([participant, target]), problem.seed) / 2 ** 32,
      ),
      'random_assignment',
      context,
    ),
}
