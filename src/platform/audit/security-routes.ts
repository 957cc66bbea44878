import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Scope } from '#platform/database'
import { oneOf, pageOf, pageQuery, route } from '#platform/http'
import { exportFormats } from './exports.ts'
import { fileReply } from './file-replies.ts'
import { placesOf } from './places.ts'
import { declaredSecurityEvents, SecurityDeclaration } from './security-declarations.ts'
import { listSecurityEvents, SecurityEvent, SecurityFilters } from './security-events.ts'
import { exportSecurityEvents } from './security-exports.ts'

const format = Type.Optional(oneOf(exportFormats, { description: '`csv` unless told' }))

export const securityRoutes = [
  route({
    method: 'GET',
    path: '/security-events',
    allow: 'audit.logs.read',
    summary: 'List security events of the workspace, newest first',
    description:
      'What happened to accounts, rights and the installation, and requests that were refused. What is refused again and again within a minute is one event with `occurrences`.',
    query: Type.Object({ ...SecurityFilters.properties, ...pageQuery }),
    response: pageOf(SecurityEvent),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      return await listSecurityEvents(await placesOf(app, scope), tenantOf(scope), filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/security-events/declarations',
    allow: 'session',
    summary: 'List what counts as a security event, and how grave it is',
    response: Type.Object({ items: Type.Array(SecurityDeclaration) }),
    handle: async () => ({ items: declaredSecurityEvents() }),
  }),
  route({
    method: 'GET',
    path: '/security-events/export',
    allow: 'audit.logs.export',
    summary: 'Fetch security events of the workspace as a file',
    description: 'All events that fit, newest first, as CSV or as JSON lines. The export is an event itself.',
    query: Type.Object({ ...SecurityFilters.properties, format }),
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    async handle({ query: { format = 'csv', ...filters }, scope }, app) {
      const places = await placesOf(app, scope)
      const columns = Object.keys(SecurityEvent.properties)
      const read = (page: { limit: number; cursor: string | undefined }) =>
        listSecurityEvents(places, tenantOf(scope), filters, page)
      const pieces = exportSecurityEvents(app.db.scoped(scope), { columns, read }, filters, format)
      return await fileReply(pieces, format, `security-events-${app.clock.now().toISOString().slice(0, 10)}`)
    },
  }),
]

/** A permission of a tenant is held in one. */
const tenantOf = ({ tenantId }: Scope) => tenantId as string
