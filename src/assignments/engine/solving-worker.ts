import { parentPort, workerData } from 'node:worker_threads'
import { brokenRules, checkPlan } from './checks.ts'
import { ProblemError } from './instances.ts'
import { openHighs } from './mixed-integer.ts'
import { solveRelaxation } from './plans.ts'
import type { Plan, Problem } from './problem.ts'
import { type ProblemPost, problemReceiver } from './problem-posts.ts'
import { replan } from './replans.ts'
import { SearchEnded, solveWithSides } from './side-plans.ts'
import { closenessTo, replanWithSides } from './side-replans.ts'
import { type Asked, checked, type Said } from './solving.ts'
import { measuredPlan } from './strategies/scored.ts'

// One round, then the thread ends and HiGHS gives its memory back: within a thread it only grows.
const { before, start, chosen } = workerData as Asked
const receive = problemReceiver()
const say = (said: Said) => parentPort?.postMessage(said)
parentPort?.on('message', async (post: ProblemPost) => {
  const problem = receive(post)
  if (!problem) return
  try {
    const plan = chosen ? measuredPlan(problem, chosen.strategy, chosen.pairs) : await solve(problem)
    say({ plan: checked(problem, plan) })
  } catch (error) {
    if (error instanceof SearchEnded) say({ ended: error.message })
    else if (error instanceof ProblemError) say({ refused: error.message })
    else throw error
  }
})

async function solve(problem: Problem): Promise<Plan> {
  const { targets, relations } = problem
  // What no side constraint can come from needs no HiGHS.
  const isFlow =
    relations.length === 0 &&
    targets.every(({ occurrences = [], mixes }) => occurrences.length === 0 && mixes.length === 0)
  if (isFlow) return before ? replan(problem, before).plan : solveRelaxation(problem)
  const kept = start && brokenRules(problem, start).length === 0 ? measuredPlan(problem, 'optimal', start) : undefined
  const isWorse = before ? closenessTo(problem, before) : (one: Plan, other: Plan) => one.cost! > other.cost!
  // What is proved holds for whichever plan.
  const bestOf = (plan: Plan): Plan =>
    kept && isWorse(plan, kept)
      ? {
          ...plan,
          ...{ cost: kept.cost, pairs: kept.pairs, shortages: kept.shortages },
          status: plan.lowerBound === kept.cost ? 'optimal' : 'feasible',
        }
      : plan
  const report = (plan: Plan) => {
    const better = bestOf(plan)
    if (checkPlan(problem, better).holds) say({ better })
  }
  if (kept) report(kept)
  const highs = await openHighs()
  try {
    return bestOf(before ? replanWithSides(highs, problem, before, report) : solveWithSides(highs, problem, report))
  } catch (error) {
    if (kept && error instanceof SearchEnded) return kept
    throw error
  }
}
