import { Type } from 'typebox'
import { solveRound } from '../solving.ts'
import type { Strategy } from './strategy.ts'

export const optimal: Strategy = {
  name: 'optimal',
  describe: 'The plan that costs least in wishes, fairness and rotation, with a proof that no other costs less.',
  parameters: Type.Object({}),
  plan: solveRound,
}
