// What the engine answers to a round, and how it is kept.
import type { App } from '#platform/app.ts'
import { json, type Queryable, type Reader, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Configuration } from '../domains/configurations.ts'
import { Pairs } from '../engine/certificates.ts'
import { ProblemError } from '../engine/instances.ts'
import { engineVersion } from '../engine/plans.ts'
import type { PinnedPair, Plan } from '../engine/problem.ts'
import { replanOf } from '../engine/replans.ts'
import { SearchEnded } from '../engine/side-plans.ts'
import { measureRound, replanRound } from '../engine/solving.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import type { PlanContext, Progress as Step } from '../engine/strategies/strategy.ts'
import { acceptRun } from './acceptance.ts'
import { checkKept } from './kept-checks.ts'
import type { KeptProblem, Packed } from './kept-problems.ts'
import { inPoints } from './points.ts'
import type { Progress } from './runs.ts'
import type { KeptConflict } from './sentences.ts'
import { readPairs } from './standings.ts'

/** What a run was asked, with all that the request left to the round. */
export type Asked = {
  kind: 'plan' | 'replan'
  strategy: string
  configuration: Configuration
  seed: number
  seconds: number | null
  accepts: boolean
}

export type Answer = {
  status: 'done' | 'stopped' | 'failed'
  plan: Plan | null
  notes: readonly string[]
  fault: string | null
}

/** Asks the strategy; of a replan what keeps most. Throws `SearchEnded` where it was stopped before there was a plan. */
export async function planRound(
  given: KeptProblem,
  asked: Pick<Asked, 'strategy' | 'configuration'>,
  context: SearchContext = {},
): Promise<Plan> {
  try {
    return await searchRound(given, asked, context)
  } catch (error) {
    if (error instanceof SearchEnded && context.start)
      return await measureRound(given.problem, asked.strategy, context.start)
    throw error
  }
}

type SearchContext = Pick<PlanContext, 'signal' | 'seconds' | 'start' | 'onProgress' | 'onEffort'>

async function searchRound(
  { problem, history, before }: KeptProblem,
  { strategy: name, configuration }: Pick<Asked, 'strategy' | 'configuration'>,
  context: SearchContext,
): Promise<Plan> {
  if (before) return (await replanRound(problem, before, context)).plan
  const strategy = strategies.find(name)
  if (!strategy) throw new SearchEnded(`There is no strategy ${name}.`)
  return await strategy.plan(problem, { ...context, parameters: configuration.strategy_parameters ?? {}, history })
}

/** The answer of a search that ended, however it did. What is a fault of the program is thrown. */
export async function answerOf(
  planning: Promise<Plan>,
  kept: Packed,
  notes: readonly string[],
  isStopped: () => boolean,
): Promise<Answer> {
  try {
    const plan = await planning
    // Whatever a strategy says of its plan is believed once the problem bears it out.
    const { holds, findings } = await checkKept({ ...kept, plan })
    if (!holds) throw new Error(`The plan does not hold: ${findings.slice(0, 5).join(' ')}`)
    return { status: isStopped() ? 'stopped' : 'done', plan, notes, fault: null }
  } catch (error) {
    if (!(error instanceof SearchEnded || error instanceof ProblemError || error instanceof DomainError)) throw error
    return {
      status: isStopped() ? 'stopped' : 'failed',
      plan: null,
      notes,
      fault: error instanceof DomainError ? keptText(error) : error.message,
    }
  }
}

/** A refusal as it is kept: by ids, since whoever is erased later is not to stand in it by name. */
export function keptText({ code, details, message }: DomainError): string {
  if (code === 'assignments.run_broken') return `The plan breaks rules as they are today. ${details.byIds}`
  if (code === 'assignments.pin_impossible')
    return `${details.participantId} is pinned on ${details.targetId}, which cannot be. Take the pin away.`
  return message
}

/** At most so many steps of a search are kept: of two neighbours one goes, the first and the last stay. */
const mostProgress = 400

/** Collects how far a search is. */
export class ProgressLog {
  steps: Progress[] = []
  /** The best plan so far. */
  pairs: readonly PinnedPair[] | undefined
  private readonly unit: number
  private every = 1
  private told = 0

  constructor(unit: number, pairs?: readonly PinnedPair[]) {
    this.unit = unit
    this.pairs = pairs
  }

  add({ elapsedMs, cost, lowerBound, gap, pairs }: Step): void {
    this.pairs = pairs ?? this.pairs
    const step = { elapsedMs, cost: inPoints(cost, this.unit), lowerBound: inPoints(lowerBound, this.unit), gap }
    const last = this.steps.at(-1)
    if (last && last.cost === step.cost && last.lowerBound === step.lowerBound) return
    if (this.told++ % this.every === 0) this.steps.push(step)
    else this.steps[this.steps.length - 1] = step
    if (this.steps.length <= mostProgress) return
    this.steps = this.steps.filter((_, place) => place % 2 === 0 || place === this.steps.length - 1)
    this.every *= 2
  }
}

/** What the engine is given: for strategies that look at them the rounds before, for a replan who is on what and can stay. */
export async function givenOf(
  tx: Reader,
  assignmentId: string,
  { problem, history }: KeptProblem,
  { kind, strategy }: Pick<Asked, 'kind' | 'strategy'>,
): Promise<KeptProblem> {
  if (kind === 'plan') return { problem, history: strategy === 'optimal' ? [] : history }
  const possible = new Pairs(problem.pairs)
  const pairs = await readPairs(tx, assignmentId)
  return { problem, history: [], before: pairs.filter(each => possible.has(each.participant, each.target)) }
}

/** What it means to those who stay. */
function replanNotes({ problem, before }: KeptProblem, plan: Plan, unit: number): string[] {
  if (!before || plan.status === 'infeasible') return []
  const { moved, extraCost } = replanOf(problem, before, plan)
  const people = [...new Set(moved.map(({ participant }) => participant))]
  const extra = Math.round((10 * (extraCost ?? 0)) / unit) / 10
  return [
    people.length === 0
      ? 'Nobody else has to move.'
      : `${people.length === 1 ? 'One other has' : `${people.length} others have`} to move: ${people.slice(0, 10).join(', ')}.`,
    ...(extra > 0 ? [`It costs at most ${extra} points more than a plan that may move everybody.`] : []),
  ]
}

type Finish = Answer & {
  /** Why there is no plan. */
  conflict?: KeptConflict | null
  progress: readonly Progress[]
  /** Undefined where it was kept before. */
  kept?: Packed
  given: KeptProblem | null
  /** Of the engine's cost that one point is. */
  unit: number
  timeZone: string
}

/**
 * Writes down what a run answered, and makes it the round's plan where it was asked to. A worker that was given up, and the run
 * given to another, writes nothing. Answers whether it was written. `tx` is a transaction.
 */
export async function finishRun(
  app: App,
  tx: Queryable,
  assignmentId: string,
  { id, attempt }: { id: string; attempt: number },
  { status, plan, fault, conflict, progress, kept, given, unit, timeZone, ...answer }: Finish,
): Promise<boolean> {
  const notes = [...answer.notes, ...(given && plan ? replanNotes(given, plan, unit) : [])]
  const done = await tx.maybe<{ accepts: boolean }>(sql`
    update assignments.solver_runs
    set
      status = ${status},
      plan = ${plan ? json(plan) : null},
      plan_status = ${plan?.status ?? null},
      best_cost = ${inPoints(plan?.cost, unit)},
      lower_bound = ${inPoints(plan?.lowerBound, unit)},
      unit = ${unit},
      conflict = ${conflict ? json(conflict) : null},
      best_pairs = null,
      ${kept ? sql`problem = ${kept.bytes}, problem_hash = ${kept.hash},` : sql``}
      engine_version = ${plan?.engine ?? engineVersion},
      progress = ${json(progress)},
      notes = ${json(notes)},
      fault = ${fault},
      finished_at = now()
    where id = ${id}
      and attempt = ${attempt}
      and status = 'running'
    returning accepts
  `)
  if (!done) return false
  if (!plan) return true
  if (plan.status === 'infeasible') {
    // A round that has a plan keeps it.
    await tx.run(sql`
      update assignments.assignments
      set plan_status = 'infeasible'
      where id = ${assignmentId}
        and revision = 0
    `)
  } else if (done.accepts) {
    try {
      await acceptRun(app, tx, assignmentId, id, { timeZone, isByItself: true })
    } catch (error) {
      // Refused before anything was written: the answer stays a proposal.
      if (!(error instanceof DomainError)) throw error
      const note = `It was not taken over by itself: ${keptText(error)}`
      await tx.run(sql`update assignments.solver_runs set notes = ${json([...notes, note])} where id = ${id}`)
    }
  }
  return true
}
