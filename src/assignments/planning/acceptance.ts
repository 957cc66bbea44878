import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { json, type Queryable, sql } from '#platform/database'
import { emitEvent } from '#platform/webhooks'
import type { Configuration } from '../domains/configurations.ts'
import type { Plan } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'
import { resolveDropOuts } from './drop-outs.ts'
import { inPoints } from './points.ts'
import { tellChange } from './publications.ts'
import { readyRound } from './ready-rounds.ts'
import { keepShares, noteRevision, replacePeople } from './revisions.ts'
import { Names, readWords, sayFaults } from './sentences.ts'
import { faultsIn } from './standings.ts'

type Proposal = {
  kind: 'plan' | 'replan'
  status: string
  strategy: string
  seed: number
  configuration: Configuration
  engineVersion: string | null
  planStatus: Plan['status'] | null
  plan: Plan | null
  baseRevision: number
  acceptedRevision: number | null
  unit: number
}

/** So many faults are told; who has more has other worries. */
const mostFaults = 20

/**
 * What a run proposes becomes who is on what. Refused where the round has another revision than the run read, and where what it
 * proposes breaks a rule of today: of people, targets, wishes and pins as they are now. `tx` is a transaction, `timeZone` the tenant's.
 */
export async function acceptRun(
  app: App,
  tx: Queryable,
  assignmentId: string,
  runId: string,
  { timeZone, isByItself = false }: { timeZone: string; isByItself?: boolean },
): Promise<number> {
  await requireOpen(tx, assignmentId)
  const run = await tx.maybe<Proposal>(sql`
    select
      kind, status, strategy, seed, parameters as configuration, engine_version, plan_status, plan, base_revision,
      accepted_revision, unit
    from assignments.solver_runs
    where assignment_id = ${assignmentId}
      and id = ${runId}
    for update
  `)
  if (!run) throw errors.runNotFound({ id: runId })
  const { plan, seed, configuration } = run
  if (run.status === 'queued' || run.status === 'running') throw errors.runUnfinished()
  if (!plan || plan.status === 'infeasible') throw errors.runWithoutPlan()
  const { revision, domainId, name } = await getAssignment(tx, assignmentId)
  if (run.acceptedRevision !== null) throw errors.runAccepted({ revision: run.acceptedRevision })
  if (revision !== run.baseRevision) throw errors.runOutdated({ read: run.baseRevision, revision })
  const round = await readyRound(tx, assignmentId, { timeZone, changes: { seed, configuration } })
  const broken = faultsIn(round, plan.pairs).slice(0, mostFaults)
  if (broken.length > 0) {
    const said = sayFaults(broken, await readWords(tx, domainId), await Names.in(tx, broken))
    throw errors.runBroken({
      faults: said.map(each => each.message).join(' '),
      byIds: broken.map(each => each.text).join(' '),
    })
  }

  await replacePeople(tx, assignmentId, plan.pairs, round.times)
  await keepShares(tx, assignmentId, round, plan.pairs)
  const planStatus = plan.status
  const [cost, lowerBound] = [inPoints(plan.cost, run.unit), inPoints(plan.lowerBound, run.unit)]
  const action = run.kind === 'replan' ? 'replan' : isByItself ? 'plan' : 'accept'
  const number = await noteRevision(tx, assignmentId, { action, runId, planStatus, cost, lowerBound })
  await tx.run(sql`
    update assignments.assignments
    set
      strategy_used = ${run.strategy},
      configuration = ${json(configuration)},
      seed = ${seed},
      engine_version = ${run.engineVersion}
    where id = ${assignmentId}
  `)
  await tx.run(sql`
    update assignments.solver_runs
    set accepted_revision = ${number}
    where id = ${runId}
  `)
  await resolveDropOuts(tx, assignmentId, number)
  await recordEvent(tx, {
    action: 'accept',
    resource: 'assignments.solver_runs',
    resourceId: runId,
    details: { assignmentId, revision: number, strategy: run.strategy, planStatus, cost, lowerBound },
  })
  await emitEvent(app, tx, {
    type: 'assignments.assignment.planned',
    data: { id: assignmentId, domainId, name, revision: number, runId, planStatus },
  })
  await tellChange(app, tx, assignmentId)
  return number
}
