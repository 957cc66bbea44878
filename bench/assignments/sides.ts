import { checkPlan } from '../../src/assignments/engine/checks.ts'
import { instanceOf } from '../../src/assignments/engine/instances.ts'
import { modelOf, openHighs, search } from '../../src/assignments/engine/mixed-integer.ts'
import { costOf } from '../../src/assignments/engine/multipliers.ts'
import { sideRowsOf } from '../../src/assignments/engine/side-constraints.ts'
import { solveRound } from '../../src/assignments/engine/solving.ts'
import type { BenchResult } from '../context.ts'
import { generateProblem, sizes } from './generation.ts'
import { withSides } from './side-rounds.ts'

/** Hours, overlaps and first-aiders: ours, and HiGHS alone in the same run for three times as long. */
export async function benchSides(log: (line: string) => void): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const [size, seconds] of [
    ['500×100', 10],
    ['5,000×500', 60],
  ] as const) {
    const round = withSides(generateProblem(sizes[size], 1), 1)
    const began = performance.now()
    const plan = await solveRound(round, size === '500×100' ? {} : { seconds })
    const took = (performance.now() - began) / 1000
    const gap = (100 * (plan.cost! - plan.lowerBound!)) / plan.cost!
    const { holds, provenBound } = checkPlan(round, plan)
    log(`${size}: ${plan.cost} in ${took.toFixed(1)} s, gap ${gap.toFixed(2)} %, by prices alone from ${provenBound}`)
    const name = `hours, overlaps and mixes, ${size}`
    if (size === '500×100')
      results.push({
        name: `${name}, proven`,
        value: took,
        unit: 's',
        target: '≤ 10',
        ok: holds && gap === 0 && took <= seconds,
      })
    else
      results.push({
        name: `${name}, gap after ${seconds} s`,
        value: gap,
        unit: '%',
        target: '≤ 2',
        ok: holds && gap <= 2,
      })
    results.push({
      name: `${name}: HiGHS alone after ${3 * seconds} s, cost against ours`,
      value: (await alone(round, 3 * seconds)) / plan.cost!,
      unit: '×',
    })
  }
  return results
}

async function alone(round: Parameters<typeof instanceOf>[0] & {}, seconds: number): Promise<number> {
  const problem = round
  const instance = instanceOf(problem)
  const rows = sideRowsOf(problem, instance)
  const pairs = [...instance.pairTarget.keys()]
  try {
    const found = search(await openHighs(), modelOf(instance, rows, pairs, new Uint8Array(pairs.length)), { seconds })
    return found.columns.length > 0
      ? costOf(
          instance,
          Uint8Array.from(pairs, pair => Math.round(found.columns[pair]!)),
        )
      : Number.POSITIVE_INFINITY
  } catch {
    // Out of memory: 32 bits.
    return Number.POSITIVE_INFINITY
  }
}
