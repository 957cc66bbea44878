import { Type } from 'typebox'
import { pageOf, pageQuery, route } from '#platform/http'
import { AuditLog, listAuditLogs } from './audit-logs.ts'
import { placesOf } from './places.ts'

export const activityRoutes = [
  route({
    method: 'GET',
    path: '/me/activity',
    allow: 'session',
    summary: 'List what I did in this workspace, newest first',
    description:
      'My own entries of the audit log, which need no permission; what others did, also to my account, is not among them. Nothing where I work in no workspace.',
    query: Type.Object(pageQuery),
    response: pageOf(AuditLog),
    async handle({ query, principal: { userId, tenantId }, scope }, app) {
      if (tenantId === undefined) return { items: [], nextCursor: null }
      return await listAuditLogs(await placesOf(app, scope), { userId }, query)
    },
  }),
]
