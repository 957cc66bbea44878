import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import { pageOf, pageQuery, route } from '#platform/http'
import { AuditFilters, AuditLog, listAuditLogs } from './audit-logs.ts'
import { AuditOptions, listAuditOptions, mergedOptions } from './options.ts'

/** Where entries of the scope's tenant are: here, and in a database of its own if it has one. */
async function placesOf(app: App, scope: Scope): Promise<Queryable[]> {
  const isElsewhere = (await app.placed?.placeOf(scope)) !== undefined
  return [app.db.reads(scope), ...(isElsewhere && app.placed ? [app.placed.reads(scope)] : [])]
}

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
      return await listAuditLogs(await placesOf(app, scope), filters, { limit, cursor })
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
      return mergedOptions(await Promise.all((await placesOf(app, scope)).map(listAuditOptions)))
    },
  }),
]
