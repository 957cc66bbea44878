// Rounds of a schedule: made, planned, published, each step once whoever is killed in between.
import type { App } from '#platform/app.ts'
import { type Queryable, type Reader, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { enqueue, type Job } from '#platform/jobs'
import { notify } from '#platform/notifications'
import { findPlanners } from '../notices/planners.ts'
import { periodInWords } from '../notices/sentences.ts'
import { publishRound } from '../planning/publications.ts'
import { requestRun } from '../planning/run-requests.ts'
import { listRuns, type SolverRun } from '../planning/runs.ts'
import { createAssignment, getAssignment } from '../rounds/assignments.ts'
import { timezoneOf } from '../timezones.ts'
import { getSchedule, lockSchedule, type Schedule, todayOf } from './schedules.ts'
import { addDays, lastDayOf, nextTurn } from './turns.ts'

/** A server that is silent for so long is believed dead: what it has begun is taken up by another. */
const claimMinutes = 5

/** Whether a round that takes long is planned is asked after so many seconds. */
const lookAgainAfter = 30

type Settling = 'settled' | 'waiting'

export const runScheduleJob: Job<{ tenantId: string; scheduleId: string }> = {
  name: 'assignments.run-schedule',
  description: 'VS-08: makes, plans and publishes the rounds of a schedule that are due, each once',
  async run({ tenantId, scheduleId }, app) {
    const scope = { tenantId, userName: 'A schedule' }
    const known = await app.db.scoped(scope).maybe(sql`select id from assignments.schedules where id = ${scheduleId}`)
    if (known) await runSchedule(app, scope, scheduleId)
  },
}

/**
 * Makes and plans the rounds of a schedule that are due: after a time without a server those that are not over. `isForced` makes
 * the next one whenever it is due. Answers the round that was made first, and whether one is still being planned.
 */
export async function runSchedule(
  app: App,
  scope: Scope,
  id: string,
  { isForced = false }: { isForced?: boolean } = {},
): Promise<{ assignmentId: string | null; isWaiting: boolean }> {
  const today = await todayOf(app, scope)
  const { createdBy } = await getSchedule(app.db.reads(scope), id)
  const planners = await findPlanners(app, scope.tenantId as string, createdBy)
  const { made, schedule } = await app.db.transaction({ ...scope, system: true }, async tx => {
    const { made, passed, schedule } = await makeRounds(tx, id, today, isForced)
    if (passed[0] !== undefined)
      await noteFault(app, tx, schedule, planners, { fault: passedInWords(passed[0], passed.length) })
    return { made, schedule }
  })
  let isWaiting = false
  for (const { startsOn } of await listOpen(app.db.scoped(scope), id)) {
    // In their order: each counts on what was done in the one before.
    if ((await settleRound(app, scope, schedule, planners, startsOn)) === 'waiting') {
      isWaiting = true
      const { tenantId } = scope as { tenantId: string }
      await enqueue(app.db.scoped(scope), runScheduleJob, { tenantId, scheduleId: id }, { startAfter: lookAgainAfter })
      break
    }
  }
  return { assignmentId: made[0] ?? null, isWaiting }
}

async function makeRounds(tx: Queryable, id: string, today: string, isForced: boolean) {
  const schedule = await lockSchedule(tx, id)
  const made: string[] = []
  const passed: string[] = []
  let { nextOn } = schedule
  const isDue = (day: string) => addDays(day, -schedule.leadDays) <= today
  while (nextOn !== null && (isForced ? made.length === 0 : schedule.isActive && isDue(nextOn))) {
    if (lastDayOf(schedule, nextOn) < today) passed.push(nextOn)
    else made.push(await makeRound(tx, schedule, nextOn))
    const turn = nextTurn(schedule, { after: nextOn, today })
    passed.push(...turn.passed)
    nextOn = turn.startsOn
  }
  await tx.run(sql`
    update assignments.schedules
    set next_on = ${nextOn}, last_run_at = now()
    where id = ${id}
  `)
  return { made, passed, schedule }
}

function passedInWords(firstDay: string, count: number): string {
  const words = count === 1 ? 'A round was' : `${count} rounds were`
  return `${words} not planned, from ${periodInWords(firstDay, firstDay)} on: the days were over.`
}

async function makeRound(tx: Queryable, schedule: Schedule, startsOn: string): Promise<string> {
  const { id } = await createAssignment(tx, schedule.domainId, {
    name: schedule.name,
    assignmentDate: startsOn,
    endsOn: lastDayOf(schedule, startsOn),
    strategyUsed: schedule.strategy,
    configuration: schedule.configuration,
    scheduleId: schedule.id,
  })
  await tx.run(sql`
    insert into assignments.schedule_rounds (schedule_id, starts_on, assignment_id)
    values (${schedule.id}, ${startsOn}, ${id})
  `)
  return id
}

async function listOpen(tx: Reader, scheduleId: string): Promise<{ startsOn: string }[]> {
  return await tx.run<{ startsOn: string }>(sql`
    select starts_on
    from assignments.schedule_rounds
    where schedule_id = ${scheduleId}
      and settled_at is null
    order by starts_on
  `)
}

async function settleRound(
  app: App,
  scope: Scope,
  schedule: Schedule,
  planners: readonly string[],
  startsOn: string,
): Promise<Settling> {
  const claim = (minutes: number) => sql`now() + ${minutes} * interval '1 minute'`
  const claimed = await app.db.scoped(scope).maybe<{ assignmentId: string | null }>(sql`
    update assignments.schedule_rounds
    set claimed_until = ${claim(claimMinutes)}
    where schedule_id = ${schedule.id}
      and starts_on = ${startsOn}
      and settled_at is null
      and (claimed_until is null or claimed_until < now())
    returning assignment_id
  `)
  if (!claimed) return 'waiting'
  const { assignmentId } = claimed
  const outcome = assignmentId === null ? undefined : await planRound(app, scope, schedule, assignmentId)
  if (outcome === 'waiting') {
    await app.db.scoped(scope).run(sql`
      update assignments.schedule_rounds
      set claimed_until = ${claim(lookAgainAfter / 60)}
      where schedule_id = ${schedule.id}
        and starts_on = ${startsOn}
    `)
    return 'waiting'
  }
  await app.db.transaction({ ...scope, system: true }, async tx => {
    const settled = await tx.maybe(sql`
      update assignments.schedule_rounds
      set settled_at = now(), claimed_until = null
      where schedule_id = ${schedule.id}
        and starts_on = ${startsOn}
        and settled_at is null
      returning starts_on
    `)
    if (!settled || assignmentId === null) return
    if (outcome !== undefined) return await noteFault(app, tx, schedule, planners, { ...outcome, assignmentId })
    await tx.run(sql`update assignments.schedules set last_fault = null where id = ${schedule.id}`)
    if (!schedule.publishes) await tellPlanned(app, tx, schedule, planners, { assignmentId, startsOn })
  })
  return 'settled'
}

/** Undefined where it is as it is to be. */
async function planRound(
  app: App,
  scope: Scope,
  schedule: Schedule,
  assignmentId: string,
): Promise<{ fault: string } | 'waiting' | undefined> {
  const isUntouched = ({ status, publishedAt, revision }: Awaited<ReturnType<typeof getAssignment>>) =>
    status === 'active' && publishedAt === null && revision === 0
  try {
    const tx = app.db.scoped(scope)
    if (isUntouched(await getAssignment(tx, assignmentId))) {
      const run = (await lastRun(tx, assignmentId)) ?? (await requestRun(app, scope, assignmentId, {}))
      if (run.status === 'queued' || run.status === 'running') return 'waiting'
      if (run.acceptedRevision === null) return { fault: whyNot(run) }
    }
    const { status, publishedAt } = await getAssignment(tx, assignmentId)
    if (!schedule.publishes || status !== 'active' || publishedAt !== null) return undefined
    const timeZone = await timezoneOf(app, scope)
    await app.db.transaction(scope, tx =>
      publishRound(app, tx, assignmentId, { timeZone, anyway: false, ifMatch: undefined }),
    )
    return undefined
  } catch (error) {
    // So many other runs are under way: later there is room.
    if (error instanceof DomainError && error.kind === 'limited') return 'waiting'
    if (error instanceof DomainError) return { fault: error.message }
    throw error
  }
}

async function lastRun(tx: Reader, assignmentId: string): Promise<SolverRun | undefined> {
  return (await listRuns(tx, assignmentId, { limit: 1 })).items[0]
}

const whyNot = ({ fault, conflict }: SolverRun): string =>
  [fault, ...(conflict?.demands.map(({ text }) => text) ?? [])].filter(Boolean).join(' ') || 'There is no plan.'

async function noteFault(
  app: App,
  tx: Queryable,
  { id, name, domainId }: Schedule,
  planners: readonly string[],
  { fault, assignmentId }: { fault: string; assignmentId?: string },
) {
  await tx.run(sql`update assignments.schedules set last_fault = ${fault.slice(0, 2000)} where id = ${id}`)
  await notify(app, tx, {
    userIds: planners,
    kind: 'assignments.schedule_failed',
    title: `“${name}” needs you: a round is not as it was to be`,
    message: (await namesAnybody(tx, domainId, fault)) ? 'The page of the schedule says why.' : fault,
    link: assignmentId === undefined ? `/assignments/schedules?domain=${domainId}` : `/assignments/${assignmentId}`,
    data: { scheduleId: id, ...(assignmentId !== undefined && { assignmentId }) },
  })
}

/** A notice outlives whoever is erased: it names nobody. What the schedule itself says goes with him. */
async function namesAnybody(tx: Queryable, domainId: string, text: string): Promise<boolean> {
  const { isNamed } = await tx.one<{ isNamed: boolean }>(sql`
    select exists (
      select
      from assignments.participants
      where domain_id = ${domainId}
        and position(name in ${text}) > 0
    ) as is_named
  `)
  return isNamed
}

async function tellPlanned(
  app: App,
  tx: Queryable,
  schedule: Schedule,
  planners: readonly string[],
  { assignmentId, startsOn }: { assignmentId: string; startsOn: string },
) {
  const { id, name } = schedule
  await notify(app, tx, {
    userIds: planners,
    kind: 'assignments.round_planned',
    title: `“${name}” is planned for ${periodInWords(startsOn, lastDayOf(schedule, startsOn))}: look at it and publish it`,
    link: `/assignments/${assignmentId}`,
    data: { scheduleId: id, assignmentId },
  })
}
