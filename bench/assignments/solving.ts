// Solves one round as a thread or a process of its own, by the engine and by HiGHS, and tells what each took.
import { parentPort } from 'node:worker_threads'
import { checkPlan } from '../../src/assignments/engine/checks.ts'
import { instanceOf } from '../../src/assignments/engine/instances.ts'
import { solveFlow } from '../../src/assignments/engine/plans.ts'
import { generateProblem, type Size } from './generation.ts'
import { solveByHighs } from './linear-programs.ts'

/** `times`: what is over in a moment is measured more than once, and its median told. */
export type Asked = { size: Size; seed: number; withHighs: boolean; times?: number }
/** `peak`: the most megabytes that the process ever had. */
export type Told = {
  solving: number
  checking: number
  isProven: boolean
  highs?: { solving: number; cost: number }
  peak: number
}

async function answer({ size, seed, withHighs, times = 1 }: Asked): Promise<Told> {
  const problem = generateProblem(size, seed)
  const runs: number[] = []
  for (let run = 1; run < times; run++) runs.push(timeOf(() => solveFlow(problem)))
  const began = performance.now()
  const plan = solveFlow(problem)
  runs.push(performance.now() - began)
  const solving = median(runs)
  const checkBegan = performance.now()
  const check = checkPlan(problem, plan)
  const checking = performance.now() - checkBegan
  const isProven = plan.status === 'optimal' && check.holds && check.provenBound === plan.cost
  const told = { solving, checking, isProven, peak: process.resourceUsage().maxRSS / 1024 }
  if (!withHighs) return told
  const instance = instanceOf(problem)
  const highsRuns: number[] = []
  for (let run = 1; run < times; run++) highsRuns.push((await solveByHighs(instance)).milliseconds)
  const { cost, milliseconds } = await solveByHighs(instance)
  highsRuns.push(milliseconds)
  if (cost === undefined || Math.round(cost) !== plan.cost)
    throw new Error(`Seed ${seed}: HiGHS found ${cost}, the engine ${plan.cost}`)
  return { ...told, highs: { solving: median(highsRuns), cost } }
}

function timeOf(work: () => unknown): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

const median = (numbers: readonly number[]) => numbers.toSorted((one, other) => one - other)[numbers.length >> 1]!

if (parentPort) parentPort.on('message', async (asked: Asked) => parentPort!.postMessage(await answer(asked)))
else if (process.send) process.on('message', async (asked: Asked) => process.send!(await answer(asked)))
