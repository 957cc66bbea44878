import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Reader, type Scope, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { authorsOf } from '../authors.ts'
import { errors } from '../errors.ts'

/** VS-10: a change of an assignment, or of who is on what in it. */
export const HistoryEntry = Type.Object({
  id: uuid,
  assignmentId: uuid,
  action: Type.String({ description: 'insert, update, delete; assign, unassign, move', examples: ['update'] }),
  changes: Type.Record(Type.String(), Type.Unknown(), {
    description: 'By column old and new value; of its people those before and after',
    examples: [{ status: { old: 'active', new: 'completed' } }],
  }),
  changedBy: nullable(uuid),
  changedByName: nullable(Type.String({ description: 'Null where nobody did it, or he has left' })),
  changedAt: timestamp,
})
export type HistoryEntry = Static<typeof HistoryEntry>

type Unnamed = Omit<HistoryEntry, 'changedByName'>

type Page = { limit: number; cursor?: string }

/** The latest first. Also of an assignment that was deleted; of one that never was it refuses with not_found. */
export async function listHistory(tx: Reader, assignmentId: string, { limit, cursor }: Page) {
  const order = `assignment-history ${assignmentId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<Unnamed>(sql`
    select id, assignment_id, action, changes, changed_by, changed_at
    from assignments.assignment_history
    where assignment_id = ${assignmentId}
      and ${after ? sql`id < ${after[0]}` : sql`true`}
    order by id desc
    limit ${limit + 1}
  `)
  if (rows.length === 0 && !after) throw errors.assignmentNotFound({ id: assignmentId })
  return cutPage(rows, limit, order, entry => [entry.id])
}

/** The same with the names of who did it. */
export async function nameHistory(app: App, scope: Scope, entries: readonly Unnamed[]): Promise<HistoryEntry[]> {
  const nameOf = await authorsOf(
    app,
    scope,
    entries.map(each => each.changedBy),
  )
  return entries.map(each => ({ ...each, changedByName: nameOf(each.changedBy) }))
}

const place = Type.Tuple([uuid])
