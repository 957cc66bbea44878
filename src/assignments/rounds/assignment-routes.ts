import { Type } from 'typebox'
import { idParams, nullable, pageOf, pageQuery, route, uuid } from '#platform/http'
import { emitEvent } from '#platform/webhooks'
import { tellParticipants, tellRemoval } from '../notices/notices.ts'
import { explainCost, PairCost } from '../planning/pair-costs.ts'
import { timezoneOf } from '../timezones.ts'
import {
  Assignment,
  AssignmentChanges,
  assignmentFilters,
  createAssignment,
  deleteAssignment,
  getAssignment,
  listAssignments,
  NewAssignment,
  updateAssignment,
} from './assignments.ts'
import {
  addDetail,
  changeDetail,
  Detail,
  DetailChanges,
  DetailFields,
  detailFilters,
  listDetails,
  removeDetail,
} from './details.ts'
import { Reason } from './eligibility.ts'
import { HistoryEntry, listHistory, nameHistory } from './history.ts'
import { explainPair } from './pair-reasons.ts'
import { RoundFault, validateRound } from './validations.ts'

const read = 'assignments.assignments.read'
const write = 'assignments.assignments.write'
const detailParams = Type.Object({ id: uuid, detailId: uuid })
const closed = ['assignments.assignment_closed', 'assignments.assignment_locked']

export const assignmentRoutes = [
  route({
    method: 'GET',
    path: '/assignments',
    allow: read,
    summary: 'List assignments: rounds, by date and status',
    description: 'The latest first. `total` counts all that match.',
    query: Type.Object({ ...pageQuery, ...assignmentFilters }),
    response: pageOf(Assignment, { total: Type.Integer() }),
    handle: ({ query, scope }, app) => listAssignments(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/assignments',
    allow: write,
    summary: 'Make an assignment: a round without people yet',
    body: Type.Object({ domainId: uuid, ...NewAssignment.properties }),
    refusals: ['assignments.assignment_period'],
    status: 201,
    etag: true,
    response: Assignment,
    async handle({ body: { domainId, ...fields }, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const assignment = await createAssignment(tx, domainId, fields)
        const { id, name, assignmentDate } = assignment
        await emitEvent(app, tx, {
          type: 'assignments.assignment.created',
          data: { id, domainId, name, assignmentDate },
        })
        return assignment
      })
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}',
    allow: read,
    summary: 'Get an assignment',
    params: idParams,
    response: Assignment,
    handle: ({ params, scope }, app) => getAssignment(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/assignments/{id}',
    allow: write,
    summary: 'Change an assignment: complete it, cancel it, take it back, lock it',
    description:
      'Only what is sent changes. From completed and cancelled the way leads back to active, and nowhere else.',
    params: idParams,
    body: AssignmentChanges,
    refusals: ['assignments.transition_refused', 'assignments.assignment_period'],
    conditional: true,
    response: Assignment,
    async handle({ params, body, ifMatch, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const assignment = await updateAssignment(tx, params.id, body, ifMatch)
        const { id, name, status, assignmentDate } = assignment
        if (body.status !== undefined) {
          const type = `assignments.assignment.${status === 'active' ? 'reopened' : status}`
          await emitEvent(app, tx, { type, data: { id, name, assignmentDate } })
        }
        // Cancelled, taken back or on other days: of a draft nobody is told.
        if (assignment.publishedAt !== null) await tellParticipants(tx, id)
        return assignment
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/assignments/{id}',
    allow: write,
    summary: 'Delete an assignment with its people; its history stays',
    description: 'Of one that is published and not over its people are told, as if it were cancelled.',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction({ ...scope, system: true }, async tx => {
        await tellRemoval(app, tx, params.id)
        await deleteAssignment(tx, params.id)
        await emitEvent(app, tx, { type: 'assignments.assignment.deleted', data: { id: params.id } })
      })
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/details',
    allow: read,
    summary: 'List who is on what in an assignment',
    params: idParams,
    query: Type.Object({ ...pageQuery, ...detailFilters }),
    response: pageOf(Detail),
    handle: ({ params, query, scope }, app) => listDetails(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/details',
    allow: write,
    summary: 'Put somebody on a target by hand',
    params: idParams,
    body: DetailFields,
    refusals: [...closed, 'assignments.assignment_published', 'assignments.detail_taken', 'assignments.domains_mixed'],
    status: 201,
    response: Detail,
    handle: ({ params, body, scope }, app) => app.db.transaction(scope, tx => addDetail(tx, params.id, body)),
  }),
  route({
    method: 'PATCH',
    path: '/assignments/{id}/details/{detailId}',
    allow: write,
    summary: 'Change the place of somebody on a target, or pin him there',
    params: detailParams,
    body: DetailChanges,
    refusals: closed,
    response: Detail,
    handle: ({ params, body, scope }, app) =>
      app.db.transaction(scope, tx => changeDetail(tx, params.id, params.detailId, body)),
  }),
  route({
    method: 'DELETE',
    path: '/assignments/{id}/details/{detailId}',
    allow: write,
    summary: 'Take somebody off a target',
    params: detailParams,
    refusals: [...closed, 'assignments.assignment_published'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, tx => removeDetail(tx, params.id, params.detailId))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/validation',
    allow: read,
    summary: 'Check before planning whether a round has people enough, with their skills, at its times',
    params: idParams,
    response: Type.Object({ faults: Type.Array(RoundFault) }),
    async handle({ params, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return { faults: await validateRound(app.db.reads(scope), params.id, { timeZone }) }
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/reasons',
    allow: read,
    summary: 'Say why somebody cannot be on a target in a round, or what it would cost',
    params: idParams,
    query: Type.Object({ participantId: uuid, targetId: uuid }),
    response: Type.Object({ isPossible: Type.Boolean(), reasons: Type.Array(Reason), cost: nullable(PairCost) }),
    async handle({ params, query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      const tx = app.db.reads(scope)
      const reasons = await explainPair(tx, params.id, query, { timeZone })
      const cost = reasons.length === 0 ? await explainCost(tx, params.id, query, timeZone) : null
      return { isPossible: reasons.length === 0, reasons, cost }
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/history',
    allow: read,
    summary: 'List what was changed in an assignment, with old and new values and by whom',
    description: 'The latest first; of an assignment that was deleted too.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(HistoryEntry),
    async handle({ params, query, scope }, app) {
      const page = await listHistory(app.db.reads(scope), params.id, query)
      return { ...page, items: await nameHistory(app, scope, page.items) }
    },
  }),
]
