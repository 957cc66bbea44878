import { Type } from 'typebox'
import { dateTime, nullable, pageOf, pageQuery, route, timestamp, uuid } from '#platform/http'
import { listAuditLogs } from './audit-logs.ts'

const text = nullable(Type.String())
const anyObject = nullable(Type.Object({}, { additionalProperties: true }))

const auditLog = Type.Object({
  id: uuid,
  createdAt: timestamp,
  userId: nullable(uuid),
  userName: nullable(Type.String({ description: 'The name at that time; null for system actions' })),
  action: Type.String({ description: '`insert`, `update`, `delete` of a tracked row, or an event’s name' }),
  resource: nullable(
    Type.String({ description: 'Table, with its schema', examples: ['contractors.contractor_lists'] }),
  ),
  resourceId: text,
  changes: anyObject,
  details: anyObject,
  ipAddress: text,
  userAgent: text,
  requestId: text,
})

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/audit-logs',
    allow: 'audit.logs.read',
    summary: 'List audit entries, newest first',
    description: '`changes` has, for each column, `{old, new}`: an insert new only, a delete old only.',
    query: Type.Object({
      userId: Type.Optional(uuid),
      action: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      resource: Type.Optional(Type.String({ minLength: 1, maxLength: 130 })),
      resourceId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      from: Type.Optional(dateTime),
      to: Type.Optional(dateTime),
      ...pageQuery,
    }),
    response: pageOf(auditLog),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      return await listAuditLogs(app.db.reads(scope), filters, { limit, cursor })
    },
  }),
]
