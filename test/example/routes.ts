import { Type } from 'typebox'
import { date, idParams, pageOf, pageQuery, route } from '#platform/http'
import { dropTender, listTenders, Tender, watchTender } from './tenders.ts'

export const tendersRoutes = [
  route({
    method: 'GET',
    path: '/tenders',
    allow: 'tenders.tenders.read',
    summary: 'List the tenders that your team watches, the soonest first',
    query: Type.Object(pageQuery),
    response: pageOf(Tender),
    handle: ({ query, scope }, app) => listTenders(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/tenders',
    allow: 'tenders.tenders.write',
    summary: 'Watch a tender',
    body: Type.Object({ title: Type.String({ minLength: 1, maxLength: 255 }), dueOn: date }),
    status: 201,
    response: Tender,
    handle: ({ body, scope }, app) => watchTender(app.db.scoped(scope), body),
  }),
  route({
    method: 'DELETE',
    path: '/tenders/{id}',
    allow: 'tenders.tenders.write',
    summary: 'Watch a tender no longer',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await dropTender(app.db.scoped(scope), params.id)
      return null
    },
  }),
]
