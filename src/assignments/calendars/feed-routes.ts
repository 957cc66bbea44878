import { Type } from 'typebox'
import { idParams, nullable, Reply, route } from '#platform/http'
import { CalendarFeed, findFeed, readCalendar, removeFeed, renewFeed } from './feeds.ts'

export const feedRoutes = [
  route({
    method: 'GET',
    path: '/participants/{id}/calendar-feed',
    allow: 'assignments.participants.read',
    summary: 'Get since when a participant has a calendar feed, and when it was read last',
    params: idParams,
    response: Type.Object({ feed: nullable(CalendarFeed) }),
    handle: async ({ params, scope }, app) => ({ feed: await findFeed(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'PUT',
    path: '/participants/{id}/calendar-feed',
    allow: 'assignments.participants.write',
    summary: 'Make the address of a participant’s calendar feed',
    description:
      'Whoever has it sees what the participant is on in published rounds, without signing in. It is answered this once; one that was there before opens nothing any more.',
    params: idParams,
    secret: true,
    rateLimit: 30,
    response: Type.Object({ address: Type.String({ examples: ['https://example.com/api/v1/calendar/….ics'] }) }),
    handle: ({ params, scope }, app) => renewFeed(app, app.db.scoped(scope), params.id),
  }),
  route({
    method: 'DELETE',
    path: '/participants/{id}/calendar-feed',
    allow: 'assignments.participants.write',
    summary: 'Take back the address of a participant’s calendar feed',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await removeFeed(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/calendar/{file}',
    allow: 'public',
    summary: 'Read a calendar feed, as calendar programs do',
    description:
      'iCalendar (RFC 5545) under its secret address. An address that never was, was taken back, or of which nothing may be seen any more, is answered alike.',
    params: Type.Object({ file: Type.String({ description: 'The secret, with `.ics` behind it' }) }),
    refusals: ['assignments.calendar_not_found'],
    rateLimit: 120,
    produces: 'text/calendar',
    response: Type.Any(),
    async handle({ params, scope }, app) {
      const text = await readCalendar(app, params.file, scope.ipAddress)
      const headers = {
        'content-type': 'text/calendar; charset=utf-8',
        'content-disposition': 'inline; filename="assignments.ics"',
        'x-robots-tag': 'noindex',
      }
      return new Reply(200, Buffer.from(text), { headers })
    },
  }),
]
