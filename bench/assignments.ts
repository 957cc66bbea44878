import { parseArgs } from 'node:util'
import { benchFlowConflicts } from './assignments/conflicts.ts'
import { benchFairness, benchFairnessCases } from './assignments/fairness.ts'
import { benchFamilies } from './assignments/families.ts'
import { benchDropOuts, benchMatchings, benchSameness } from './assignments/matchings.ts'
import { benchSideConflicts } from './assignments/side-conflicts.ts'
import { benchSides } from './assignments/sides.ts'
import type { Bench, BenchResult } from './context.ts'

/** `--only=NAMES` measures some parts, with commas between; `--seeds=N` so many rounds of each kind, unless told ten. */
const { values: flags } = parseArgs({
  strict: false,
  options: { only: { type: 'string' }, seeds: { type: 'string', default: '10' } },
})

type Part = (log: (line: string) => void, seeds: number) => BenchResult[] | Promise<BenchResult[]>

const parts: Readonly<Record<string, Part>> = {
  matchings: benchMatchings,
  conflicts: benchFlowConflicts,
  drop_outs: benchDropOuts,
  sameness: benchSameness,
  sides: benchSides,
  side_conflicts: (log, seeds) => benchSideConflicts(log, 10 * seeds),
  fairness: benchFairness,
  fairness_cases: benchFairnessCases,
  families: (log, seeds) => benchFamilies(log, Math.min(3, seeds)),
}

/** Rounds of assignments, planned, proved, found impossible and planned again, beside HiGHS in the same run. */
const bench: Bench = async ({ log }) => {
  const only = flags.only === undefined ? Object.keys(parts) : String(flags.only).split(',')
  const unknown = only.filter(name => !(name in parts))
  if (unknown.length > 0) throw new Error(`There is no part ${unknown}. There are: ${Object.keys(parts).join(', ')}.`)
  const results: BenchResult[] = []
  for (const [name, part] of Object.entries(parts)) {
    if (!only.includes(name)) continue
    const measured = await part(log, Number(flags.seeds))
    for (const { name: what, value, unit, target } of measured)
      log(`${what}: ${value.toPrecision(4)} ${unit}${target ? ` (${target})` : ''}`)
    results.push(...measured)
  }
  return results
}

export default bench
