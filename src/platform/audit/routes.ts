import { Type } from 'typebox'
import { pageOf, pageQuery, route } from '#platform/http'
import { AuditFilters, AuditLog, listAuditLogs } from './audit-logs.ts'
import { AuditOptions, listAuditOptions } from './options.ts'

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
  route({
    method: 'GET',
    path: '/audit-logs/options',
    allow: 'audit.logs.read',
    summary: 'List the people, actions and resources of the last 90 days',
    description: 'What the filters of the audit entries can be set to; at most 500 of each.',
    response: AuditOptions,
    async handle({ scope }, app) {
      return await listAuditOptions(app.db.reads(scope))
    },
  }),
]
