import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import { oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import { exportFormats } from './exports.ts'
import { fileReply } from './file-replies.ts'
import { placesOf } from './places.ts'
import { declaredSecurityEvents, SecurityDeclaration } from './security-declarations.ts'
import { listSecurityEvents, SecurityEvent, SecurityFilters } from './security-events.ts'
import { exportSecurityEvents } from './security-exports.ts'

const format = Type.Optional(oneOf(exportFormats, { description: '`csv` unless told' }))
const wholeFilters = {
  ...SecurityFilters.properties,
  tenantId: Type.Optional({ ...uuid, description: 'Of this workspace alone; the nil UUID for what belongs to none' }),
}
const description =
  'What happened to accounts, rights and the installation, and requests that were refused. What is refused again and again within a minute is one event with `occurrences`.'
const asFile = 'All events that fit, newest first, as CSV or as JSON lines. The export is an event itself.'

/** What the installation's operators see: all, also what belongs to no tenant, and what is in databases of tenants. */
async function placesOfAll(app: App, scope: Scope, tenantId: string | undefined): Promise<Queryable[]> {
  const system = { ...scope, tenantId, system: true }
  if (tenantId !== undefined) return await placesOf(app, system)
  return [app.db.reads(system)]
}

export const securityRoutes = [
  route({
    method: 'GET',
    path: '/security-events',
    allow: 'audit.logs.read',
    summary: 'List security events of the workspace, newest first',
    description,
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
    description: asFile,
    query: Type.Object({ ...SecurityFilters.properties, format }),
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    async handle({ query: { format = 'csv', ...filters }, scope }, app) {
      const places = await placesOf(app, scope)
      const pieces = exportSecurityEvents(app.db.scoped(scope), places, tenantOf(scope), filters, format)
      return await fileReply(pieces, format, `security-events-${app.clock.now().toISOString().slice(0, 10)}`)
    },
  }),
  route({
    method: 'GET',
    path: '/operations/security-events',
    allow: 'audit.security.read',
    summary: 'List security events of all workspaces, newest first',
    description: `${description} Of workspaces with a database of their own, what happened there is listed with \`tenantId\` only.`,
    query: Type.Object({ ...wholeFilters, ...pageQuery }),
    response: pageOf(SecurityEvent),
    async handle({ query: { limit, cursor, tenantId, ...filters }, scope }, app) {
      const places = await placesOfAll(app, scope, tenantId)
      return await listSecurityEvents(places, tenantId ?? null, filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/operations/security-events/export',
    allow: 'audit.security.read',
    summary: 'Fetch security events of all workspaces as a file',
    description: asFile,
    query: Type.Object({ ...wholeFilters, format }),
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    async handle({ query: { format = 'csv', tenantId, ...filters }, scope }, app) {
      const places = await placesOfAll(app, scope, tenantId)
      const tx = app.db.scoped({ ...scope, tenantId, system: true })
      const pieces = exportSecurityEvents(tx, places, tenantId ?? null, filters, format)
      return await fileReply(pieces, format, `security-events-${app.clock.now().toISOString().slice(0, 10)}`)
    },
  }),
]

/** A permission of a tenant is held in one. */
const tenantOf = ({ tenantId }: Scope) => tenantId as string
