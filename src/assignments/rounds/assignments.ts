import { randomInt } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, type Reader, sql } from '#platform/database'
import { cutPage, date, type IfMatch, nullable, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { Configuration } from '../domains/configurations.ts'
import { getDomain } from '../domains/domains.ts'
import { errors } from '../errors.ts'

export const statuses = ['active', 'completed', 'cancelled'] as const
const strategy = Type.String({ pattern: '^[a-z][a-z0-9_]{0,99}$', examples: ['optimal'] })
const Json = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 200 })

/** What is said of a round by who makes it. */
const AssignmentFields = Type.Object({
  name: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }))),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  assignmentDate: Type.Optional({ ...date, description: 'The first day; today unless told' }),
  endsOn: Type.Optional(nullable({ ...date, description: 'The last day; null: the first' })),
  metadata: Type.Optional(Json),
})

export const NewAssignment = Type.Object({
  ...AssignmentFields.properties,
  strategyUsed: Type.Optional({ ...strategy, description: 'Unless told, the domain’s, or `optimal`' }),
  configuration: Type.Optional({
    ...Configuration,
    description: 'Beside what the domain says; it is kept with the round',
  }),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Drawn unless told' })),
})
export type NewAssignment = Static<typeof NewAssignment>

export const AssignmentChanges = Type.Object({
  ...AssignmentFields.properties,
  status: Type.Optional(oneOf(statuses)),
  isLocked: Type.Optional(Type.Boolean({ description: 'Locked, nothing changes who is on what' })),
})
export type AssignmentChanges = Static<typeof AssignmentChanges>

/** VS-08: a round. */
export const Assignment = Type.Object({
  id: uuid,
  domainId: uuid,
  scheduleId: nullable(uuid),
  ...Type.Required(AssignmentFields).properties,
  strategyUsed: Type.String(),
  configuration: Configuration,
  seed: Type.Integer(),
  engineVersion: nullable(Type.String({ description: 'What made the plan; null before there is one' })),
  planStatus: nullable(oneOf(['optimal', 'feasible', 'infeasible'])),
  cost: nullable(Type.Number()),
  lowerBound: nullable(Type.Number({ description: 'No plan of these rules costs less' })),
  revision: Type.Integer({ description: 'Counts the plans that it had' }),
  status: oneOf(statuses),
  publishedAt: nullable(timestamp),
  lockedAt: nullable(timestamp),
  detailCount: Type.Integer({ description: 'How many places are filled' }),
  participantCount: Type.Integer({ description: 'By how many people' }),
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Assignment = Static<typeof Assignment>

/** VS-12: those between two dates, with a status. */
export const assignmentFilters = {
  domainId: Type.Optional(uuid),
  status: Type.Optional(oneOf(statuses)),
  from: Type.Optional({ ...date, description: 'Begins on this date or later' }),
  to: Type.Optional({ ...date, description: 'Begins on this date or before' }),
  strategyUsed: Type.Optional(strategy),
  scheduleId: Type.Optional(uuid),
  participantId: Type.Optional({ ...uuid, description: 'This participant is in it' }),
  isPublished: Type.Optional(Type.Boolean()),
}
const Filters = Type.Object(assignmentFilters)
export type AssignmentFilters = Static<typeof Filters>

type Page = AssignmentFilters & { limit: number; cursor?: string }

/** The latest first. */
export async function listAssignments(tx: Reader, { limit, cursor, ...filters }: Page) {
  const order = `assignments ${JSON.stringify(filters)}`
  const after = readCursor(cursor, order, place)
  const conditions = assignmentConditions(filters)
  const rows = await tx.run<Assignment>(sql`
    select ${assignmentColumns}
    from assignments.assignments as assignment
    where ${conditions}
      and ${
        after ? sql`assignment_date <= ${after[0]} and (assignment_date < ${after[0]} or id < ${after[1]})` : sql`true`
      }
    order by assignment_date desc, id desc
    limit ${limit + 1}
  `)
  const { total } = await tx.one<{ total: number }>(sql`
    select count(*)::integer as total
    from assignments.assignments as assignment
    where ${conditions}
  `)
  return { ...cutPage(rows, limit, order, assignment => [assignment.assignmentDate, assignment.id]), total }
}

export function assignmentConditions(filters: AssignmentFilters) {
  const { domainId, status, from, to, strategyUsed, scheduleId, participantId, isPublished } = filters
  const conditions = [
    domainId === undefined ? [] : [sql`assignment.domain_id = ${domainId}`],
    status === undefined ? [] : [sql`assignment.status = ${status}`],
    from === undefined ? [] : [sql`assignment.assignment_date >= ${from}`],
    to === undefined ? [] : [sql`assignment.assignment_date <= ${to}`],
    strategyUsed === undefined ? [] : [sql`assignment.strategy_used = ${strategyUsed}`],
    scheduleId === undefined ? [] : [sql`assignment.schedule_id = ${scheduleId}`],
    isPublished === undefined ? [] : [sql`(assignment.published_at is not null) = ${isPublished}`],
    participantId === undefined
      ? []
      : [
          sql`assignment.id in (
            select assignment_id
            from assignments.assignment_details
            where participant_id = ${participantId}
          )`,
        ],
  ].flat()
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`
}

/** Refuses with not_found what does not exist or belongs to another tenant. */
export async function getAssignment(tx: Reader, id: string): Promise<Assignment> {
  const assignment = await tx.maybe<Assignment>(sql`
    select ${assignmentColumns}
    from assignments.assignments as assignment
    where id = ${id}
  `)
  if (!assignment) throw errors.assignmentNotFound({ id })
  return assignment
}

/** A round without people yet; its configuration is the domain's with what is given, and stays so. `tx` is a transaction. */
export async function createAssignment(
  tx: Queryable,
  domainId: string,
  fields: NewAssignment & { scheduleId?: string | null },
): Promise<Assignment> {
  const domain = await getDomain(tx, domainId)
  const { words: _, ...inherited } = domain.configuration
  const configuration = { ...inherited, ...fields.configuration }
  const { id } = await onViolation(
    tx.one<{ id: string }>(sql`
      insert into assignments.assignments (
        domain_id, schedule_id, name, description, assignment_date, ends_on, strategy_used, configuration, metadata, seed
      )
      values (
        ${domainId}, ${fields.scheduleId ?? null}, ${fields.name?.trim() ?? null}, ${fields.description ?? null},
        coalesce(${fields.assignmentDate ?? null}::date, current_date), ${fields.endsOn ?? null},
        ${fields.strategyUsed ?? configuration.strategy ?? 'optimal'}, ${json(configuration)},
        ${json(fields.metadata ?? {})}, ${fields.seed ?? randomInt(2 ** 32)}
      )
      returning id
    `),
    { assignments_period: errors.assignmentPeriod },
  )
  return await getAssignment(tx, id)
}

/** Changes the given fields alone. Refuses a status that does not follow on the present one. `tx` is a transaction. */
export async function updateAssignment(
  tx: Queryable,
  id: string,
  changes: AssignmentChanges,
  ifMatch?: IfMatch,
): Promise<Assignment> {
  await tx.run(sql`select id from assignments.assignments where id = ${id} for update`)
  const assignment = await getAssignment(tx, id)
  requireMatch(ifMatch, assignment)
  const next = { ...assignment, ...changes }
  const isLocked = changes.isLocked ?? assignment.lockedAt !== null
  await onViolation(
    tx.run(sql`
      update assignments.assignments
      set
        name = ${next.name?.trim() ?? null},
        description = ${next.description},
        assignment_date = ${next.assignmentDate},
        ends_on = ${next.endsOn},
        metadata = ${json(next.metadata)},
        status = ${next.status},
        locked_at = case when ${isLocked} then coalesce(locked_at, now()) end,
        locked_by = case when not ${isLocked} then null when locked_at is null then platform.current_user_id() else locked_by end
      where id = ${id}
    `),
    { assignments_period: errors.assignmentPeriod },
  )
  return await getAssignment(tx, id)
}

/** Deletes an assignment with its people; its history stays. */
export async function deleteAssignment(tx: Queryable, id: string): Promise<void> {
  const deleted = await tx.maybe(sql`delete from assignments.assignments where id = ${id} returning id`)
  if (!deleted) throw errors.assignmentNotFound({ id })
}

/** Locks the row until the transaction ends, and refuses unless who is on what may be changed now. */
export async function requireOpen(tx: Queryable, id: string): Promise<void> {
  const found = await tx.maybe<{ status: string; isLocked: boolean }>(sql`
    select status, locked_at is not null as is_locked
    from assignments.assignments
    where id = ${id}
    for update
  `)
  if (!found) throw errors.assignmentNotFound({ id })
  if (found.status !== 'active') throw errors.assignmentClosed({ status: found.status })
  if (found.isLocked) throw errors.assignmentLocked()
}

const place = Type.Tuple([date, uuid])

const assignmentColumns = sql`
  assignment.id, assignment.domain_id, assignment.schedule_id, assignment.name, assignment.description,
  assignment.assignment_date, assignment.ends_on, assignment.metadata, assignment.strategy_used, assignment.configuration,
  assignment.seed, assignment.engine_version, assignment.plan_status, assignment.cost, assignment.lower_bound,
  assignment.revision, assignment.status, assignment.published_at, assignment.locked_at,
  (
    select count(*)::integer
    from assignments.assignment_details as detail
    where detail.tenant_id = assignment.tenant_id
      and detail.assignment_id = assignment.id
  ) as detail_count,
  (
    select count(distinct detail.participant_id)::integer
    from assignments.assignment_details as detail
    where detail.tenant_id = assignment.tenant_id
      and detail.assignment_id = assignment.id
  ) as participant_count,
  assignment.created_by, assignment.created_at, assignment.updated_at
`
