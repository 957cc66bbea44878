import { setTimeout as sleep } from 'node:timers/promises'
import { type App, mainApp } from '#platform/app.ts'
import { json, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { enqueue, type Job } from '#platform/jobs'
import { getAssignment } from '../rounds/assignments.ts'
import { timezoneOf } from '../timezones.ts'
import { type Asked, answerOf, finishRun, givenOf, keptText, ProgressLog, planRound } from './answers.ts'
import { type KeptProblem, type Packed, packPairs, packProblem, unpackPairs, unpackProblem } from './kept-problems.ts'
import { readyRound } from './ready-rounds.ts'
import { tellRunEnded } from './run-notices.ts'
import { conflictOf } from './sentences.ts'
import { LongPlace, Turns } from './turns.ts'

type Work = { tenantId: string; userId?: string; userName?: string; assignmentId: string; runId: string }

/** How often what is known of a search is written down, and whether somebody wants it to end is asked, in ms. */
const noteEvery = 1_000

/** How often at most a better plan is written down, for whoever goes on when this program does not, in ms. */
const keepEvery = 5_000

/** A worker that dies in a search gives it up to the next; after so many the round is at fault. */
const mostAttempts = 3

type Claimed = Asked & {
  id: string
  attempt: number
  problem: Buffer | null
  problemHash: Buffer | null
  bestPairs: Buffer | null
  notes: string[]
  unit: number
  isStopped: boolean
}

/** Plans a round that takes longer than somebody waits. */
export const solveRunJob: Job<Work> = {
  name: 'assignments.solve-run',
  description: 'Plans a round of assignments that takes longer than somebody waits',
  async run({ assignmentId, runId, ...scope }, app) {
    const ended = await oneOfEach.during(scope.tenantId, () => solveRun(app, scope, assignmentId, runId))
    if (ended === 'ended') return
    const work = { ...scope, assignmentId, runId }
    await enqueue(mainApp(app).db.scoped({ system: true }), solveRunJob, work, { startAfter: lookAgainAfter })
  },
}

/** Of a tenant one search at a time in this process, so that another's finds a place beside it. */
const oneOfEach = new Turns({ most: Number.POSITIVE_INFINITY, mostOfOne: 1 })

/** Whether it is his turn is asked after so many seconds. */
const lookAgainAfter = 10

/** What is at work for longer than this needs the one place for that; there, it is left alone. In ms. */
export type Places = { long: LongPlace; shortMs: number }

/** Of two places of a worker one is never held for long: whoever else comes has it within two minutes. */
const placesHere: Places = { long: new LongPlace(), shortMs: 90_000 }

/**
 * Does nothing where the run has ended. One whose worker died begins anew with the problem that was kept; what was found until then
 * is the answer unless there is a better one.
 *
 * A search that takes long gives up its place where others hold that for long ones, and waits: its best plan is kept.
 */
export async function solveRun(
  app: App,
  scope: Scope,
  assignmentId: string,
  runId: string,
  places: Places = placesHere,
): Promise<'ended' | 'waits'> {
  const tx = app.db.scoped(scope)
  const tenantId = scope.tenantId as string
  const queued = await tx.maybe<{ needsPlace: boolean }>(sql`
    select is_long and stop_requested_at is null as needs_place
    from assignments.solver_runs
    where id = ${runId}
  `)
  let hasLongPlace = queued?.needsPlace === true && places.long.take(tenantId)
  if (queued?.needsPlace && !hasLongPlace) return 'waits'
  const givingWay = new AbortController()
  const clock = setTimeout(() => {
    hasLongPlace ||= places.long.take(tenantId)
    if (!hasLongPlace) givingWay.abort()
  }, places.shortMs)
  try {
    return await searchRun(app, scope, assignmentId, runId, givingWay.signal)
  } finally {
    clearTimeout(clock)
    if (hasLongPlace) places.long.giveBack()
  }
}

async function searchRun(
  app: App,
  scope: Scope,
  assignmentId: string,
  runId: string,
  givingWay: AbortSignal,
): Promise<'ended' | 'waits'> {
  const tx = app.db.scoped(scope)
  const run = await tx.maybe<Claimed>(sql`
    update assignments.solver_runs
    set status = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now()), progress = '[]'
    where assignment_id = ${assignmentId}
      and id = ${runId}
      and status in ('queued', 'running')
    returning
      id, kind, strategy, parameters as configuration, seed, seconds, accepts, attempt, problem, problem_hash,
      best_pairs, notes, unit, stop_requested_at is not null as is_stopped
  `)
  if (!run) return 'ended'
  const timeZone = await timezoneOf(app, scope)
  const end = async (finish: Omit<Parameters<typeof finishRun>[4], 'timeZone'>) => {
    await app.db.transaction(scope, async tx => {
      const isWritten = await finishRun(app, tx, assignmentId, run, { ...finish, timeZone })
      if (isWritten) await tellRunEnded(app, tx, assignmentId, runId)
    })
    return 'ended' as const
  }
  const without = (status: 'stopped' | 'failed', fault: string) =>
    end({ status, plan: null, notes: [], fault, progress: [], given: null, unit: 1 })
  const isGivenUp = run.attempt > mostAttempts
  if (run.isStopped && !run.bestPairs) return await without('stopped', 'It was stopped before there was a plan.')
  // What the program does not survive may be the plan that was found.
  if (isGivenUp && (!run.bestPairs || run.attempt > mostAttempts + 1))
    return await without('failed', `${tooOften} Ask for it with a limit of time.`)
  try {
    const kept = await keepProblem(app, scope, assignmentId, run, timeZone)
    const { given, packed, unit } = kept
    const notes = isGivenUp ? [...kept.notes, `${tooOften} This is the best plan that was found.`] : kept.notes
    const start = run.bestPairs ? await unpackPairs(given, run.bestPairs) : undefined
    const ending = new AbortController()
    if (run.isStopped || isGivenUp) ending.abort()
    const progress = new ProgressLog(unit, start)
    const watching = watch(app, scope, run, given, progress, ending)
    try {
      const { seconds } = run
      const planning = planRound(given, run, {
        ...{ signal: AbortSignal.any([ending.signal, givingWay]), start },
        ...(seconds !== null && { seconds }),
        onProgress: step => progress.add(step),
      })
      let isCutOff = false
      const looking = () => {
        isCutOff = givingWay.aborted
      }
      planning.then(looking, looking)
      const answer = await answerOf(planning, packed, notes, () => ending.signal.aborted)
      await watching.end()
      const isProved = answer.plan !== null && answer.plan.status !== 'feasible'
      if (isCutOff && !isProved && (await giveWay(app, scope, run, given, progress))) return 'waits'
      const conflict = await conflictOf(given.problem, answer.plan)
      return await end({ ...answer, conflict, progress: progress.steps, given, unit })
    } finally {
      await watching.end()
    }
  } catch (error) {
    if (error instanceof DomainError) return await without('failed', keptText(error))
    if (run.attempt < mostAttempts) throw error
    app.log.error({ err: error, runId }, 'a run has failed')
    return await without('failed', 'Something went wrong in the program.')
  }
}

/** False where somebody wants it to end. What it has found is kept; that it was begun does not count as an attempt. */
async function giveWay(
  app: App,
  scope: Scope,
  run: Claimed,
  given: KeptProblem,
  { pairs }: ProgressLog,
): Promise<boolean> {
  const waits = await app.db.scoped(scope).maybe(sql`
    update assignments.solver_runs
    set
      status = 'queued',
      is_long = true,
      ${pairs ? sql`best_pairs = ${await packPairs(given, pairs)},` : sql``}
      attempt = attempt - 1
    where id = ${run.id}
      and attempt = ${run.attempt}
      and status = 'running'
      and stop_requested_at is null
    returning id
  `)
  return waits !== undefined
}

const tooOften = `The program ended ${mostAttempts} times while it was planned.`

/** Reads the round and keeps it with the run; of one that was begun before what was kept then. */
async function keepProblem(
  app: App,
  scope: Scope,
  assignmentId: string,
  run: Claimed,
  timeZone: string,
): Promise<{ given: KeptProblem; packed: Packed; notes: readonly string[]; unit: number }> {
  const { notes, unit } = run
  if (run.problem && run.problemHash) {
    const packed = { bytes: run.problem, hash: run.problemHash }
    return { given: await unpackProblem(packed.bytes, packed.hash), packed, notes, unit }
  }
  const { seed, configuration } = run
  const { round, revision, given } = await app.db.transaction(scope, async tx => {
    // No plan comes in between the revision and what is read with it.
    await tx.run(sql`select id from assignments.assignments where id = ${assignmentId} for share`)
    const { revision } = await getAssignment(tx, assignmentId)
    const round = await readyRound(tx, assignmentId, { timeZone, changes: { seed, configuration } })
    return { revision, round, given: await givenOf(tx, assignmentId, round, run) }
  })
  const packed = await packProblem(given)
  await app.db.scoped(scope).run(sql`
    update assignments.solver_runs
    set problem = ${packed.bytes}, problem_hash = ${packed.hash}, base_revision = ${revision}, unit = ${round.unit},
      notes = ${json(round.notes)}
    where id = ${run.id}
      and attempt = ${run.attempt}
  `)
  return { given, packed, notes: round.notes, unit: round.unit }
}

/** Writes down how far a search is and the best plan so far, and ends it when somebody has asked for that, or has begun it elsewhere. */
function watch(
  app: App,
  scope: Scope,
  { id, attempt }: Claimed,
  given: KeptProblem,
  progress: ProgressLog,
  ending: AbortController,
) {
  let [keptPairs, keptAt] = [progress.pairs, Number.NEGATIVE_INFINITY]
  const note = async () => {
    const [{ pairs }, last] = [progress, progress.steps.at(-1)]
    const isBetter = pairs !== undefined && pairs !== keptPairs && performance.now() - keptAt >= keepEvery
    const run = await app.db.scoped(scope).maybe<{ isStopped: boolean }>(sql`
      update assignments.solver_runs
      set
        ${isBetter ? sql`best_pairs = ${await packPairs(given, pairs)},` : sql``}
        progress = ${json(progress.steps)},
        best_cost = ${last?.cost ?? null},
        lower_bound = ${last?.lowerBound ?? null}
      where id = ${id}
        and attempt = ${attempt}
        and status = 'running'
      returning stop_requested_at is not null as is_stopped
    `)
    if (isBetter) [keptPairs, keptAt] = [pairs, performance.now()]
    if (!run || run.isStopped) ending.abort()
  }
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted && !ending.signal.aborted) {
      await sleep(noteEvery, undefined, { signal: over.signal }).catch(() => undefined)
      if (over.signal.aborted) return
      // A moment without the database ends no search.
      await note().catch(error => app.log.warn({ err: error, runId: id }, 'a run could not be followed'))
    }
  })()
  return {
    end: async () => {
      over.abort()
      await watching
    },
  }
}
