import { idParams, route } from '#platform/http'
import { getTimezone } from '#platform/tenancy'
import { Board, getBoard } from './boards.ts'
import { Period } from './periods.ts'

const read = 'assignments.assignments.read'

export const boardRoutes = [
  route({
    method: 'GET',
    path: '/assignment-domains/{id}/board',
    allow: read,
    summary: 'Get a board: who is on what in a domain, day by day',
    params: idParams,
    query: Period,
    refusals: ['assignments.period_refused'],
    response: Board,
    async handle({ params, query, scope }, app) {
      const timeZone = await getTimezone(app, scope.tenantId as string)
      return await getBoard(app.db.reads(scope), params.id, query, timeZone)
    },
  }),
]
