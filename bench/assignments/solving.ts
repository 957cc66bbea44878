// Solves one round as a thread or a process of its own, by the engine and by HiGHS, and tells what each took.
import { parentPort } from 'node:worker_threads'
import { checkPlan } from '../../src/assignments/engine/checks.ts'
import { instanceOf } from '../../src/assignments/engine/instances.ts'
import { solveFlow } from '../../src/assignments/engine/plans.ts'
import { generateProblem, type Size } from './generation.ts'
import { solveByHighs } from './linear-programs.ts'

export type Asked = { size: Size; seed: number; withHighs: boolean }
/** `peak`: the most megabytes that the process ever had. */
export type Told = {
  solving: number
  checking: number
  isProven: boolean
  highs?: { solving: number; cost: number }
  peak: number
}

async function answer({ size, seed, withHighs }: Asked): Promise<Told> {
  const problem = generateProblem(size, seed)
  const began = performance.now()
  const plan = solveFlow(problem)
  const solving = performance.now() - began
  const check = checkPlan(problem, plan)
  const checking = performance.now() - began - solving
  const isProven = plan.status === 'optimal' && check.holds && check.provenBound === plan.cost
  const told = { solving, checking, isProven, peak: process.resourceUsage().maxRSS / 1024 }
  if (!withHighs) return told
  const { cost, milliseconds } = await solveByHighs(instanceOf(problem))
  if (cost === undefined || Math.round(cost) !== plan.cost)
    throw new Error(`Seed ${seed}: HiGHS found ${cost}, the engine ${plan.cost}`)
  return { ...told, highs: { solving: milliseconds, cost } }
}

if (parentPort) parentPort.on('message', async (asked: Asked) => parentPort!.postMessage(await answer(asked)))
else if (process.send) process.on('message', async (asked: Asked) => process.send!(await answer(asked)))
