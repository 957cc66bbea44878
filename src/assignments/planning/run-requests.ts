import { availableParallelism } from 'node:os'
import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, type Reader, type Scope, sql } from '#platform/database'
import { enqueue } from '#platform/jobs'
import { parameterFault } from '../domains/parameters.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import { errors } from '../errors.ts'
import { type Assignment, getAssignment, requireOpen } from '../rounds/assignments.ts'
import { timezoneOf } from '../timezones.ts'
import { type Answer, type Asked, answerOf, finishRun, givenOf, ProgressLog, planRound } from './answers.ts'
import { type KeptProblem, packProblem } from './kept-problems.ts'
import { type ReadyRound, readyRound } from './ready-rounds.ts'
import { solveRunJob } from './run-jobs.ts'
import { getRun, type RunFields, type SolverRun } from './runs.ts'
import { conflictOf } from './sentences.ts'
import { Turns } from './turns.ts'

/**
 * Up to so many pairs a round is solved while somebody waits; where that takes more of a processor, or longer since the machine is
 * busy, a job does it anew.
 */
const pairsAtOnce = 20_000
const sidePairsAtOnce = 1_000
const cpuMsAtOnce = 2_000
const msAtOnce = 10_000

/** Searches that somebody waits for are so many in this process, one of a tenant: who has waited so long in vain gets a job. */
const waitedFor = new Turns({ most: Math.max(2, availableParallelism()), mostOfOne: 1, longestWait: 4_000 })

/** So many runs of a tenant wait or are at work. */
const mostUnderWay = 20

/** A job that nobody has given a limit of time ends after so many seconds, with the best plan that it has found. */
const longestSearch = 10_800

/**
 * Plans a round: a small one at once, others as a job. Of a draft the answer becomes its plan, unless told otherwise or the round
 * has been changed meanwhile. Refuses where the round is closed or locked, or another run of it is under way.
 */
export async function requestRun(app: App, scope: Scope, assignmentId: string, fields: RunFields): Promise<SolverRun> {
  const timeZone = await timezoneOf(app, scope)
  const begun = await app.db.transaction(scope, async tx => {
    await requireOpen(tx, assignmentId)
    const assignment = await getAssignment(tx, assignmentId)
    const asked = askedOf(assignment, fields)
    await requireNoneUnderWay(tx, assignmentId)
    const isLong = asked.seconds !== null || (await mostPairs(tx, assignment)) > pairsAtOnce
    if (isLong) return { asked, runId: await queueRun(tx, assignment, asked) }
    const { seed, configuration } = asked
    const round = await readyRound(tx, assignmentId, { timeZone, changes: { seed, configuration } })
    if (!fitsAtOnce(round)) return { asked, runId: await queueRun(tx, assignment, asked) }
    return { asked, assignment, round, given: await givenOf(tx, assignmentId, round, asked) }
  })
  if (!begun.round) return await getRun(app.db.scoped(scope), assignmentId, begun.runId)
  const { asked, assignment, round, given } = begun
  const { tenantId } = scope as { tenantId: string }
  const answer = await waitedFor.during(tenantId, () => answerAtOnce(round, given, asked))
  return await app.db.transaction(scope, async tx => {
    if (!answer) return await getRun(tx, assignmentId, await queueRun(tx, assignment, asked))
    const id = await insertRun(tx, assignment, asked, 'running')
    await finishRun(app, tx, assignmentId, { id, attempt: 0 }, { ...answer, given, unit: round.unit, timeZone })
    return await getRun(tx, assignmentId, id)
  })
}

/** What the request leaves open the round says, as it is now. */
function askedOf(assignment: Assignment, fields: RunFields): Asked {
  const configuration = { ...assignment.configuration, ...fields.configuration }
  // Who is replaced says nothing of how the round was planned.
  const name =
    fields.kind === 'replan'
      ? assignment.strategyUsed
      : (fields.strategy ?? fields.configuration?.strategy ?? assignment.strategyUsed)
  const strategy = strategies.find(name)
  const known = strategies.list().map(each => each.name)
  if (!strategy) throw errors.strategyUnknown({ strategy: name, known: known.join(', ') })
  const reason = parameterFault(strategy.parameters, configuration.strategy_parameters ?? {})
  if (reason) throw errors.strategyParameters({ strategy: name, reason })
  return {
    kind: fields.kind ?? 'plan',
    strategy: name,
    configuration: { ...configuration, strategy: name },
    seed: fields.seed ?? assignment.seed,
    seconds: fields.seconds ?? null,
    accepts: fields.accept !== false && assignment.publishedAt === null,
  }
}

async function requireNoneUnderWay(tx: Reader, assignmentId: string): Promise<void> {
  const run = await tx.maybe<{ id: string }>(sql`
    select id
    from assignments.solver_runs
    where assignment_id = ${assignmentId}
      and status in ('queued', 'running')
  `)
  if (run) throw errors.runUnderWay({ id: run.id })
}

/** More pairs than this a round cannot have. */
async function mostPairs(tx: Reader, { domainId }: Assignment): Promise<number> {
  const { pairs } = await tx.one<{ pairs: number }>(sql`
    select
      (select count(*) from assignments.participants where domain_id = ${domainId} and is_active)::float8
        * (select count(*) from assignments.assignment_targets where domain_id = ${domainId} and is_active)::float8
        as pairs
  `)
  return pairs
}

/** Whatever needs more than a flow may take long with few pairs. */
function fitsAtOnce({ problem: { pairs, targets, relations } }: ReadyRound): boolean {
  return pairs.length <= sidePairsAtOnce || (relations.length === 0 && targets.every(each => each.mixes.length === 0))
}

async function answerAtOnce(round: ReadyRound, given: KeptProblem, asked: Asked) {
  const progress = new ProgressLog(round.unit)
  const tooLong = new AbortController()
  const signal = AbortSignal.any([tooLong.signal, AbortSignal.timeout(msAtOnce)])
  const onEffort = (cpuMs: number) => {
    if (cpuMs > cpuMsAtOnce) tooLong.abort()
  }
  const kept = await packProblem(given)
  const planning = planRound(given, asked, { signal, onEffort, onProgress: step => progress.add(step) })
  const answer: Answer = await answerOf(planning, kept, round.notes, () => false)
  // What was cut off by a clock is not the same everywhere: the job takes the time that it needs.
  if (signal.aborted) return undefined
  return { ...answer, conflict: await conflictOf(given.problem, answer.plan), progress: progress.steps, kept }
}

async function insertRun(
  tx: Queryable,
  { id, revision }: Pick<Assignment, 'id' | 'revision'>,
  { kind, strategy, configuration, seed, seconds, accepts }: Asked,
  status: 'queued' | 'running',
): Promise<string> {
  const run = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.solver_runs
        (assignment_id, kind, status, strategy, parameters, seed, seconds, accepts, base_revision, started_at)
      values (
        ${id}, ${kind}, ${status}, ${strategy}, ${json(configuration)}, ${seed}, ${seconds}, ${accepts}, ${revision},
        ${status === 'running' ? sql`now()` : null}
      )
      returning id
    `),
    { solver_runs_one_at_a_time: errors.runUnderWay },
  )
  return run.id
}

async function queueRun(tx: Queryable, assignment: Assignment, asked: Asked): Promise<string> {
  await requireRoom(tx)
  const id = await insertRun(tx, assignment, { ...asked, seconds: asked.seconds ?? longestSearch }, 'queued')
  const { tenantId, userId, userName } = tx.scope as { tenantId: string; userId?: string; userName?: string }
  await enqueue(tx, solveRunJob, { tenantId, userId, userName, assignmentId: assignment.id, runId: id })
  return id
}

/** Searches are long and few are done at a time: nobody lets all others wait behind hundreds of his own. */
async function requireRoom(tx: Queryable): Promise<void> {
  const { tenantId } = tx.scope
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('assignments.solver_runs'), hashtext(${tenantId}))`)
  const { count } = await tx.one<{ count: number }>(sql`
    select count(*)::integer as count
    from assignments.solver_runs
    where tenant_id = ${tenantId}
      and status in ('queued', 'running')
  `)
  if (count >= mostUnderWay) throw errors.runsTooMany({ most: mostUnderWay })
}
