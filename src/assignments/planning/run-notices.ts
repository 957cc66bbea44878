import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { notify } from '#platform/notifications'
import { periodInWords } from '../notices/sentences.ts'

type Ended = {
  status: string
  planStatus: string | null
  acceptedRevision: number | null
  name: string | null
  startsOn: string
  endsOn: string
}

/**
 * Tells the user of the scope that a run which he asked for has ended, unless a person has ended it. Names of participants stay where the link leads, so that they go there when they are erased.
 */
export async function tellRunEnded(app: App, tx: Queryable, assignmentId: string, runId: string): Promise<void> {
  const { userId } = tx.scope
  if (userId === undefined) return
  const ended = await tx.one<Ended>(sql`
    select
      run.status, run.plan_status, run.accepted_revision, assignment.name, assignment.assignment_date as starts_on,
      coalesce(assignment.ends_on, assignment.assignment_date) as ends_on
    from assignments.solver_runs as run
    join assignments.assignments as assignment
      on assignment.tenant_id = run.tenant_id and assignment.id = run.assignment_id
    where run.id = ${runId}
  `)
  if (ended.status === 'stopped') return
  await notify(app, tx, {
    userId,
    kind: 'assignments.run_ended',
    ...sentencesOf(ended),
    link: `/assignments/${assignmentId}/runs/${runId}`,
    data: { assignmentId, runId },
  })
}

function sentencesOf({ status, planStatus, acceptedRevision, name, startsOn, endsOn }: Ended) {
  const round = `${name === null ? 'The round' : `“${name}”`} of ${periodInWords(startsOn, endsOn)}`
  if (status === 'failed') return { title: `${round} could not be planned`, message: 'The page of the run says why.' }
  if (planStatus === 'infeasible')
    return {
      title: `${round} cannot be planned as it is`,
      message: 'The page of the run says what cannot be had together, and what would mend it.',
    }
  return {
    title: `${round} ${acceptedRevision === null ? 'has a plan that waits for you to accept it' : 'is planned'}`,
    message: planStatus === 'optimal' ? 'No plan costs less.' : 'There may be a better one.',
  }
}
