import { Worker } from 'node:worker_threads'
import { checkPlan } from './checks.ts'
import { ProblemError } from './instances.ts'
import type { PinnedPair, Plan, Problem } from './problem.ts'
import { postProblem } from './problem-posts.ts'
import { type Replan, replanOf } from './replans.ts'
import { SearchEnded } from './side-plans.ts'
import type { PlanContext } from './strategies/strategy.ts'

/** What the thread is to do beside the problem that it is sent: to solve it, to stay close to a plan, or to measure what was chosen. */
export interface Asked {
  readonly before?: readonly PinnedPair[]
  readonly start?: readonly PinnedPair[]
  readonly chosen?: { readonly strategy: string; readonly pairs: readonly PinnedPair[] }
}

/** What the thread says: a better plan or bound, at last the plan; or why there is none. */
export type Said =
  | { readonly better: Plan }
  | { readonly plan: Plan }
  | { readonly ended: string }
  | { readonly refused: string }

/**
 * The cheapest plan, or the best when it is stopped: by a flow where that holds all rules. All of it is done in a thread of its own,
 * which nothing leaves unchecked. Throws `SearchEnded` when it is stopped before there is a plan.
 */
export const solveRound = (problem: Problem, context: PlanContext = {}): Promise<Plan> =>
  answerFromThread(problem, {}, context)

/**
 * Plans a changed round so that the fewest places stay free, then the fewest pairs of the plan before are given up, then it costs
 * least, under all constraints (`replan`, `replanWithSides`). In a thread; stopped, it answers with the best so far by that measure.
 */
export async function replanRound(
  problem: Problem,
  before: readonly PinnedPair[],
  context: PlanContext = {},
): Promise<Replan> {
  return replanOf(problem, before, await answerFromThread(problem, { before }, context))
}

/** What a strategy chose by a measure of its own, with what it costs by the round's costs, and the flow's bound on those. */
export const measureRound = (problem: Problem, strategy: string, pairs: readonly PinnedPair[]): Promise<Plan> =>
  answerFromThread(problem, { chosen: { strategy, pairs } }, {})

/** Throws if a plan is not what it says: never is a rule broken in what somebody sees. */
export function checked(problem: Problem, plan: Plan): Plan {
  const { holds, findings } = checkPlan(problem, plan)
  if (!holds) throw new Error(`The plan does not hold: ${findings.slice(0, 5).join(' ')}`)
  return plan
}

async function answerFromThread(
  problem: Problem,
  asked: Asked,
  { signal, seconds, start, onProgress, onEffort }: PlanContext,
): Promise<Plan> {
  const began = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<Plan>()
  const worker = new Worker(new URL('./solving-worker.ts', import.meta.url), {
    workerData: { ...asked, start } satisfies Asked,
  })
  let best: Plan | undefined
  const tell = (plan: Plan) =>
    onProgress?.({
      elapsedMs: performance.now() - began,
      cost: plan.cost,
      lowerBound: plan.lowerBound,
      gap:
        plan.cost === null || plan.lowerBound === null
          ? null
          : (plan.cost - plan.lowerBound) / Math.max(1, Math.abs(plan.cost)),
      ...(plan.status !== 'infeasible' && { pairs: plan.pairs }),
    })
  const stop = () => {
    const after = ((performance.now() - began) / 1000).toFixed(1)
    if (best) resolve(best)
    else reject(new SearchEnded(`The search was stopped after ${after} s, before it had a plan. Give it more time.`))
  }
  const clock = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000)
  signal?.addEventListener('abort', stop)
  const measure = async () => {
    const { user, system } = await worker.cpuUsage()
    onEffort?.((user + system) / 1000)
  }
  // One that has ended is not measured any more.
  const beat = onEffort && setInterval(() => void measure().catch(() => {}), 100)
  worker.on('message', (said: Said) => {
    if ('plan' in said) resolve(said.plan)
    else if ('ended' in said) reject(new SearchEnded(said.ended))
    else if ('refused' in said) reject(new ProblemError(said.refused))
    else {
      best = said.better
      tell(best)
    }
  })
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('The thread that solves ended without an answer')))
  if (signal?.aborted) stop()
  else postProblem(worker, problem).catch(reject)
  try {
    const plan = await promise
    tell(plan)
    return plan
  } finally {
    clearTimeout(clock)
    clearInterval(beat)
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
