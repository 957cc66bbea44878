import { Type } from 'typebox'
import { idParams, nullable, pageOf, pageQuery, route, uuid } from '#platform/http'
import { runSchedule } from './schedule-runs.ts'
import {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listSchedules,
  Schedule,
  ScheduleChanges,
  ScheduleFields,
  todayOf,
  updateSchedule,
} from './schedules.ts'

const read = 'assignments.assignments.read'
const write = 'assignments.schedules.write'
const refusals = ['assignments.schedule_name_taken', 'assignments.schedule_order', 'assignments.strategy_unknown']

export const scheduleRoutes = [
  route({
    method: 'GET',
    path: '/assignment-schedules',
    allow: read,
    summary: 'List schedules: rounds that come again',
    query: Type.Object({ ...pageQuery, domainId: Type.Optional(uuid) }),
    response: pageOf(Schedule),
    handle: ({ query, scope }, app) => listSchedules(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/assignment-schedules',
    allow: write,
    summary: 'Have rounds planned again and again',
    body: Type.Object({ domainId: uuid, ...ScheduleFields.properties }),
    refusals,
    status: 201,
    etag: true,
    response: Schedule,
    async handle({ body: { domainId, ...fields }, scope }, app) {
      const today = await todayOf(app, scope)
      return await app.db.transaction(scope, tx => createSchedule(tx, domainId, fields, today))
    },
  }),
  route({
    method: 'GET',
    path: '/assignment-schedules/{id}',
    allow: read,
    summary: 'Get a schedule',
    params: idParams,
    response: Schedule,
    handle: ({ params, scope }, app) => getSchedule(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/assignment-schedules/{id}',
    allow: write,
    summary: 'Change a schedule',
    description: 'Only what is sent changes. Rounds that it has made stay as they are.',
    params: idParams,
    body: ScheduleChanges,
    refusals,
    conditional: true,
    response: Schedule,
    async handle({ params, body, ifMatch, scope }, app) {
      const today = await todayOf(app, scope)
      return await app.db.transaction(scope, tx => updateSchedule(tx, params.id, body, { today, ifMatch }))
    },
  }),
  route({
    method: 'DELETE',
    path: '/assignment-schedules/{id}',
    allow: write,
    summary: 'Delete a schedule; its rounds stay',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteSchedule(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/assignment-schedules/{id}/run',
    allow: write,
    summary: 'Make the next round of a schedule now, plan it, and publish it if the schedule does',
    description:
      'A round that takes long is planned after the answer. `assignmentId` is null where no round is left, `isWaiting` tells that it is still being planned.',
    params: idParams,
    response: Type.Object({ assignmentId: nullable(uuid), isWaiting: Type.Boolean() }),
    handle: ({ params, scope }, app) => runSchedule(app, scope, params.id, { isForced: true }),
  }),
]
