import { Type } from 'typebox'
import { idParams, nullable, route } from '#platform/http'
import { CalendarFeed, findFeed, removeFeed, renewFeed } from '../calendars/feeds.ts'
import { comeAfterAll, dropOut, listOwnDropOuts, OwnDropOut, OwnDropOutFields } from './own-drop-outs.ts'
import { listOwnParticipants, OwnParticipant, requireOwnParticipant } from './own-participants.ts'

const own = 'assignments.own.use'

export const ownRoutes = [
  route({
    method: 'GET',
    path: '/me/participants',
    allow: own,
    summary: 'List the domains in which you can be assigned, and who you are there',
    response: Type.Object({ items: Type.Array(OwnParticipant) }),
    handle: async ({ scope }, app) => ({ items: await listOwnParticipants(app.db.reads(scope)) }),
  }),
  route({
    method: 'GET',
    path: '/me/drop-outs',
    allow: own,
    summary: 'List where you have said that you cannot come, and nobody else was found yet',
    description: 'The latest first.',
    response: Type.Object({ items: Type.Array(OwnDropOut) }),
    handle: async ({ scope }, app) => ({ items: await listOwnDropOuts(app.db.reads(scope)) }),
  }),
  route({
    method: 'POST',
    path: '/me/drop-outs',
    allow: own,
    summary: 'Say that you cannot come after all',
    description: 'Those who made and published the round are told. You stay in it until somebody else is found.',
    body: OwnDropOutFields,
    refusals: [
      'assignments.assignment_closed',
      'assignments.assignment_locked',
      'assignments.drop_out_from_nothing',
      'assignments.drop_out_known',
      'assignments.move_nowhere',
    ],
    status: 201,
    response: OwnDropOut,
    handle: ({ body, scope }, app) => app.db.transaction(scope, tx => dropOut(app, tx, body)),
  }),
  route({
    method: 'DELETE',
    path: '/me/drop-outs/{id}',
    allow: own,
    summary: 'Say that you can come after all, as long as nobody else was found',
    params: idParams,
    refusals: ['assignments.assignment_closed', 'assignments.assignment_locked'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, tx => comeAfterAll(tx, params.id))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/me/participants/{id}/calendar-feed',
    allow: own,
    summary: 'Get since when you have a calendar feed, and when it was read last',
    params: idParams,
    response: Type.Object({ feed: nullable(CalendarFeed) }),
    async handle({ params, scope }, app) {
      await requireOwnParticipant(app.db.reads(scope), params.id)
      return { feed: await findFeed(app.db.reads(scope), params.id) }
    },
  }),
  route({
    method: 'PUT',
    path: '/me/participants/{id}/calendar-feed',
    allow: own,
    summary: 'Make the address of your calendar feed',
    description: 'It is answered this once; one that was there before opens nothing any more.',
    params: idParams,
    secret: true,
    rateLimit: 30,
    response: Type.Object({ address: Type.String() }),
    async handle({ params, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        await requireOwnParticipant(tx, params.id)
        return await renewFeed(app, tx, params.id)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/participants/{id}/calendar-feed',
    allow: own,
    summary: 'Take back the address of your calendar feed',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, async tx => {
        await requireOwnParticipant(tx, params.id)
        await removeFeed(tx, params.id)
      })
      return null
    },
  }),
]
