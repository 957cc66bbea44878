import { benchFlowConflicts } from './assignments/conflicts.ts'
import { benchFairness, benchFairnessCases } from './assignments/fairness.ts'
import { benchFamilies } from './assignments/families.ts'
import { benchDropOuts, benchMatchings, benchSameness } from './assignments/matchings.ts'
import { benchSideConflicts } from './assignments/side-conflicts.ts'
import { benchSides } from './assignments/sides.ts'
import type { Bench } from './context.ts'

/** Rounds of assignments, planned, proved, found impossible and planned again, beside HiGHS in the same run. */
const bench: Bench = async ({ log }) => [
  ...(await benchMatchings(log)),
  ...(await benchFlowConflicts(log)),
  ...(await benchDropOuts(log)),
  ...(await benchSameness()),
  ...(await benchSides(log)),
  ...(await benchSideConflicts(log)),
  ...(await benchFairness(log)),
  ...benchFairnessCases(),
  ...(await benchFamilies(log)),
]

export default bench
