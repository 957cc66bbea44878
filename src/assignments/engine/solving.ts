import { Worker } from 'node:worker_threads'
import { brokenRules, checkPlan } from './checks.ts'
import { instanceOf } from './instances.ts'
import { solveRelaxation } from './plans.ts'
import type { Plan, Problem } from './problem.ts'
import { sideRowsOf } from './side-constraints.ts'
import { SearchEnded } from './side-plans.ts'
import type { PlanContext } from './strategies/strategy.ts'

type Said = { readonly better: Plan } | { readonly plan: Plan } | { readonly ended: string }

/**
 * The cheapest plan, or the best when it is stopped: by a flow where that holds all rules, otherwise in a thread of its own. Nothing
 * leaves it unchecked. Throws `SearchEnded` when it is stopped before there is a plan.
 */
export async function solveRound(problem: Problem, context: PlanContext = {}): Promise<Plan> {
  const began = performance.now()
  const tell = (plan: Plan) =>
    context.onProgress?.({
      elapsedMs: performance.now() - began,
      cost: plan.cost,
      lowerBound: plan.lowerBound,
      gap:
        plan.cost === null || plan.lowerBound === null
          ? null
          : (plan.cost - plan.lowerBound) / Math.max(1, Math.abs(plan.cost)),
    })
  const plan =
    sideRowsOf(problem, instanceOf(problem)).constraints.length === 0
      ? solveRelaxation(problem)
      : await solveInThread(problem, context, tell)
  tell(plan)
  return checked(problem, plan)
}

/** Throws if a plan is not what it says: never is a rule broken in what somebody sees. */
export function checked(problem: Problem, plan: Plan): Plan {
  const { holds, findings } = checkPlan(problem, plan)
  if (!holds) throw new Error(`The plan does not hold: ${findings.slice(0, 5).join(' ')}`)
  return plan
}

async function solveInThread(
  problem: Problem,
  { signal, seconds }: PlanContext,
  tell: (plan: Plan) => void,
): Promise<Plan> {
  const { promise, resolve, reject } = Promise.withResolvers<Plan>()
  const worker = new Worker(new URL('./solving-worker.ts', import.meta.url), { workerData: problem })
  let best: Plan | undefined
  const stop = () => {
    if (best) resolve(best)
    else reject(new SearchEnded('It was stopped before a plan was found. Give it more time.'))
  }
  const clock = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000)
  signal?.addEventListener('abort', stop)
  worker.on('message', (said: Said) => {
    if ('plan' in said) resolve(said.plan)
    else if ('ended' in said) reject(new SearchEnded(said.ended))
    else if (brokenRules(problem, said.better.pairs).length === 0) {
      best = said.better
      tell(best)
    }
  })
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('The thread that solves ended without an answer')))
  if (signal?.aborted) stop()
  try {
    return await promise
  } finally {
    clearTimeout(clock)
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
