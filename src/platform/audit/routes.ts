import { Type } from 'typebox'
import { pageOf, pageQuery, route } from '#platform/http'
import { AuditFilters, AuditLog, listAuditLogs } from './audit-logs.ts'

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/audit-logs',
    allow: 'audit.logs.read',
    summary: 'List audit entries, newest first',
    description: '`changes` has, for each column, `{old, new}`: an insert new only, a delete old only.',
    query: Type.Object({ ...AuditFilters.properties, ...pageQuery }),
    response: pageOf(AuditLog),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      return await listAuditLogs(app.db.reads(scope), filters, { limit, cursor })
    },
  }),
]
