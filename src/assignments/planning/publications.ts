import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { type IfMatch, requireMatch } from '#platform/http'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { tellParticipants } from '../notices/notices.ts'
import { type Assignment, getAssignment, requireOpen } from '../rounds/assignments.ts'
import { Names, readWords, sayFaults } from './sentences.ts'
import { readStanding } from './standings.ts'

/** So many broken rules are named in a refusal. */
const mostNamed = 10

/**
 * Publishes a round: its people are told, and from now on of each change. Refused where nobody is on anything, and where it breaks
 * rules of today, unless that is wanted `anyway`. What is published already stays so. `tx` is a transaction.
 */
export async function publishRound(
  app: App,
  tx: Queryable,
  assignmentId: string,
  { timeZone, anyway, ifMatch }: { timeZone: string; anyway: boolean; ifMatch: IfMatch },
): Promise<Assignment> {
  await requireOpen(tx, assignmentId)
  const assignment = await getAssignment(tx, assignmentId)
  requireMatch(ifMatch, assignment)
  if (assignment.publishedAt !== null) return assignment
  if (assignment.detailCount === 0) throw errors.publicationEmpty()
  const { faults } = await readStanding(tx, assignmentId, timeZone)
  if (faults.length > 0 && !anyway) {
    const named = faults.slice(0, mostNamed)
    const said = sayFaults(named, await readWords(tx, assignment.domainId), await Names.in(tx, named))
    throw errors.publicationRefused({ why: said.map(each => each.message).join(' '), faults: said })
  }
  await tx.run(sql`
    update assignments.assignments
    set published_at = now(), published_by = platform.current_user_id()
    where id = ${assignmentId}
  `)
  const published = await getAssignment(tx, assignmentId)
  const { id, domainId, name, assignmentDate, revision } = published
  await recordEvent(tx, {
    action: 'publish',
    resource: 'assignments.assignments',
    resourceId: id,
    details: { revision, brokenRules: faults.length },
  })
  await emitEvent(app, tx, {
    type: 'assignments.assignment.published',
    data: { id, domainId, name, assignmentDate, revision },
  })
  await tellParticipants(tx, id)
  return published
}

/** After who is on what has changed: of a published round those whom it concerns are told. */
export async function tellChange(app: App, tx: Queryable, assignmentId: string): Promise<void> {
  const { id, domainId, name, revision, publishedAt } = await getAssignment(tx, assignmentId)
  if (publishedAt === null) return
  await emitEvent(app, tx, { type: 'assignments.assignment.changed', data: { id, domainId, name, revision } })
  await tellParticipants(tx, id)
}

/** Whether the tenant of the scope has ever published a round. */
export async function hasPublished(tx: Queryable): Promise<boolean> {
  const { found } = await tx.one<{ found: boolean }>(sql`
    select exists (
      select
      from assignments.assignments
      where tenant_id = ${tx.scope.tenantId}
        and published_at is not null
    ) as found
  `)
  return found
}
