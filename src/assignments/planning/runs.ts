import { type Static, Type } from 'typebox'
import { type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { Configuration } from '../domains/configurations.ts'
import { errors } from '../errors.ts'
import { getAssignment } from '../rounds/assignments.ts'
import { Conflict, type KeptConflict, Names, readWords, sayConflict } from './sentences.ts'

export const runStatuses = ['queued', 'running', 'done', 'stopped', 'failed'] as const
const runKinds = ['plan', 'replan'] as const

const cost = nullable(Type.Number())

export const Progress = Type.Object({
  elapsedMs: Type.Number(),
  cost,
  lowerBound: cost,
  gap: nullable(Type.Number({ description: '(cost − lowerBound) / |cost|' })),
})
export type Progress = Static<typeof Progress>

export const RunFields = Type.Object({
  kind: Type.Optional(
    oneOf(runKinds, {
      description: 'plan: the best there is, unless told; replan: the fewest changes for who dropped out',
    }),
  ),
  strategy: Type.Optional(
    Type.String({ pattern: '^[a-z][a-z0-9_]{0,99}$', description: 'Unless told, the round’s', examples: ['optimal'] }),
  ),
  configuration: Type.Optional({
    ...Configuration,
    description: 'Beside what the round says; the round has it once the plan is accepted',
  }),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Unless told, the round’s' })),
  seconds: Type.Optional(
    Type.Number({
      ...{ minimum: 1, maximum: 10_800 },
      description: 'Ends the search; what was found until then is the answer, and not the same on every machine',
    }),
  ),
  accept: Type.Optional(
    Type.Boolean({
      description: 'False keeps the answer as a proposal. A published round always waits for acceptance',
    }),
  ),
})
export type RunFields = Static<typeof RunFields>

/** What the engine was asked about a round, and what it answered. */
export const SolverRun = Type.Object({
  id: uuid,
  assignmentId: uuid,
  kind: oneOf(runKinds),
  status: oneOf(runStatuses),
  strategy: Type.String(),
  seed: Type.Integer(),
  engineVersion: nullable(Type.String()),
  planStatus: nullable(oneOf(['optimal', 'feasible', 'infeasible'])),
  cost,
  lowerBound: nullable(Type.Number({ description: 'No plan of these rules costs less' })),
  gap: nullable(Type.Number({ description: '(cost − lowerBound) / |cost|: 0 is proved to be the best' })),
  progress: Type.Array(Progress, { description: 'The best plan and bound of each time, in order' }),
  shortages: Type.Array(Type.Object({ targetId: uuid, name: Type.String(), missing: Type.Integer() })),
  conflict: nullable(Conflict),
  notes: Type.Array(Type.String()),
  baseRevision: Type.Integer({ description: 'The plan that the round had when the run read it' }),
  acceptedRevision: nullable(Type.Integer({ description: 'The plan that came of it; null while it is a proposal' })),
  fault: nullable(Type.String()),
  requestedBy: nullable({ ...uuid, description: 'Who accepted what came of it' }),
  isStopping: Type.Boolean({ description: 'Somebody asked it to stop' }),
  createdAt: timestamp,
  startedAt: nullable(timestamp),
  finishedAt: nullable(timestamp),
})
export type SolverRun = Static<typeof SolverRun>

type Row = Omit<SolverRun, 'gap' | 'shortages' | 'conflict'> & {
  shortages: { target: string; missing: number }[] | null
  conflict: KeptConflict | null
}

const selectRuns = sql`
  select
    run.id, run.assignment_id, run.kind, run.status, run.strategy, run.seed, run.engine_version, run.plan_status,
    run.best_cost as cost, run.lower_bound, run.progress, run.plan -> 'shortages' as shortages, run.conflict, run.notes,
    run.base_revision, run.accepted_revision, run.fault, revision.created_by as requested_by,
    run.stop_requested_at is not null and run.status in ('queued', 'running') as is_stopping, run.created_at,
    run.started_at, run.finished_at
  from assignments.solver_runs as run
  left join assignments.assignment_revisions as revision
    on revision.tenant_id = run.tenant_id
    and revision.assignment_id = run.assignment_id
    and revision.number = run.accepted_revision
`

/** The latest first. */
export async function listRuns(
  tx: Reader,
  assignmentId: string,
  { limit, cursor }: { limit: number; cursor?: string },
) {
  const { domainId } = await getAssignment(tx, assignmentId)
  const order = `assignment-runs ${assignmentId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<Row>(sql`
    ${selectRuns}
    where run.assignment_id = ${assignmentId}
      and ${after ? sql`(run.created_at, run.id) < (${after[0]}, ${after[1]})` : sql`true`}
    order by run.created_at desc, run.id desc
    limit ${limit + 1}
  `)
  const page = cutPage(rows, limit, order, run => [run.createdAt.toISOString(), run.id])
  return { ...page, items: await runsOf(tx, domainId, page.items) }
}

/** Refuses with not_found what does not exist, is of another round or of another tenant. */
export async function getRun(tx: Reader, assignmentId: string, id: string): Promise<SolverRun> {
  const row = await tx.maybe<Row>(sql`
    ${selectRuns}
    where run.assignment_id = ${assignmentId}
      and run.id = ${id}
  `)
  if (!row) throw errors.runNotFound({ id })
  const { domainId } = await getAssignment(tx, assignmentId)
  const [run] = await runsOf(tx, domainId, [row])
  return run as SolverRun
}

async function runsOf(tx: Reader, domainId: string, rows: readonly Row[]): Promise<SolverRun[]> {
  const names = await Names.in(
    tx,
    rows.map(({ shortages, conflict, notes, fault }) => [shortages, conflict, notes, fault]),
  )
  const words = rows.some(row => row.conflict) ? await readWords(tx, domainId) : undefined
  return rows.map(row => ({
    ...row,
    gap: gapOf(row.cost, row.lowerBound),
    shortages: (row.shortages ?? []).map(({ target, missing }) => ({
      targetId: target,
      name: names.of(target),
      missing,
    })),
    conflict: row.conflict && words ? sayConflict(row.conflict, words, names) : null,
    notes: row.notes.map(note => names.put(note)),
    fault: row.fault && names.put(row.fault),
  }))
}

const gapOf = (best: number | null, bound: number | null): number | null =>
  best === null || bound === null ? null : (best - bound) / Math.max(1, Math.abs(best))

/** A pair that a run proposes. */
export const ProposedPair = Type.Object({
  participantId: uuid,
  participantName: Type.String(),
  targetId: uuid,
  targetName: Type.String(),
  isNew: Type.Boolean({ description: 'It is not so in the round as it stands' }),
})
export type ProposedPair = Static<typeof ProposedPair>

/** By target, then participant. */
export async function listProposedPairs(
  tx: Reader,
  assignmentId: string,
  runId: string,
  { limit, cursor }: { limit: number; cursor?: string },
) {
  await getRun(tx, assignmentId, runId)
  const order = `assignment-run-details ${runId}`
  const after = readCursor(cursor, order, pairPlace)
  const rows = await tx.run<ProposedPair>(sql`
    select
      pair.participant as participant_id, participant.name as participant_name, pair.target as target_id,
      target.name as target_name,
      not exists (
        select
        from assignments.assignment_details as detail
        where detail.assignment_id = ${assignmentId}
          and detail.participant_id = pair.participant
          and detail.target_id = pair.target
      ) as is_new
    from assignments.solver_runs as run
    cross join jsonb_to_recordset(run.plan -> 'pairs') as pair (participant uuid, target uuid)
    join assignments.participants as participant
      on participant.tenant_id = run.tenant_id and participant.id = pair.participant
    join assignments.assignment_targets as target on target.tenant_id = run.tenant_id and target.id = pair.target
    where run.id = ${runId}
      and ${after ? sql`(pair.target, pair.participant) > (${after[0]}, ${after[1]})` : sql`true`}
    order by pair.target, pair.participant
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, pair => [pair.targetId, pair.participantId])
}

/**
 * Asks a run to end. One that has found nothing yet ends at once while it waits; another one within seconds, with the best plan that
 * it has found. What has ended stays as it is. `tx` is a transaction.
 */
export async function stopRun(tx: Queryable, assignmentId: string, id: string): Promise<SolverRun> {
  await tx.run(sql`
    update assignments.solver_runs
    set
      stop_requested_at = coalesce(stop_requested_at, now()),
      status = case when status = 'queued' and best_pairs is null then 'stopped' else status end,
      finished_at = case when status = 'queued' and best_pairs is null then now() end,
      fault = case
        when status = 'queued' and best_pairs is null
        then case when started_at is null then 'It was stopped before it began.' else 'It was stopped before there was a plan.' end
      end
    where assignment_id = ${assignmentId}
      and id = ${id}
      and status in ('queued', 'running')
  `)
  return await getRun(tx, assignmentId, id)
}

const place = Type.Tuple([dateTime, uuid])
const pairPlace = Type.Tuple([uuid, uuid])
