import type { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import {
  exportFormats,
  exportSecurityEvents,
  fileReply,
  listSecurityEvents,
  placesOf,
  SecurityEvent,
  SecurityFilters,
} from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import { nullable, oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import { nameTenants } from '#platform/tenancy'

const { id, createdAt, tenantId, ...rest } = SecurityEvent.properties

/** A security event, and the workspace where it happened. */
const NamedSecurityEvent = Type.Object({
  id,
  createdAt,
  tenantId,
  tenantName: nullable(
    Type.String({ description: 'Null for what belongs to none, and where the workspace is deleted' }),
  ),
  tenantSlug: nullable(Type.String()),
  ...rest,
})
export type NamedSecurityEvent = Static<typeof NamedSecurityEvent>

/** Of a file of them. */
export const securityColumns = Object.keys(NamedSecurityEvent.properties)

const filters = {
  ...SecurityFilters.properties,
  tenantId: Type.Optional({ ...uuid, description: 'Of this workspace alone; the nil UUID for what belongs to none' }),
}
type Filters = SecurityFilters & { tenantId?: string | undefined }

/** What the installation's operators see: all, also what belongs to no tenant, and what is in databases of tenants. */
export const installationSecurityRoutes = [
  route({
    method: 'GET',
    path: '/operations/security-events',
    allow: 'audit.security.read',
    summary: 'List security events of all workspaces, newest first',
    description:
      'What happened to accounts, rights and the installation, and requests that were refused. What is refused again and again within a minute is one event with `occurrences`. Of workspaces with a database of their own, what happened there is listed with `tenantId` only.',
    query: Type.Object({ ...filters, ...pageQuery }),
    response: pageOf(NamedSecurityEvent),
    async handle({ query: { limit, cursor, ...asked }, scope }, app) {
      return await listNamed(app, scope, asked, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/operations/security-events/export',
    allow: 'audit.security.read',
    summary: 'Fetch security events of all workspaces as a file',
    description: 'All events that fit, newest first, as CSV or as JSON lines. The export is an event itself.',
    query: Type.Object({
      ...filters,
      format: Type.Optional(oneOf(exportFormats, { description: '`csv` unless told' })),
    }),
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    async handle({ query: { format = 'csv', ...asked }, scope }, app) {
      const { tenantId, ...details } = asked
      const pieces = exportSecurityEvents(
        app.db.scoped({ ...scope, tenantId, system: true }),
        { columns: securityColumns, read: page => listNamed(app, scope, asked, page) },
        details,
        format,
      )
      return await fileReply(pieces, format, `security-events-${app.clock.now().toISOString().slice(0, 10)}`)
    },
  }),
]

/** Security events with the name of their workspace: of one, or of all and none, which is for operators. */
export async function listNamed(
  app: App,
  scope: Scope,
  { tenantId, ...filters }: Filters,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: NamedSecurityEvent[]; nextCursor: string | null }> {
  const places = await placesOfAll(app, scope, tenantId)
  const { items, nextCursor } = await listSecurityEvents(places, tenantId ?? null, filters, page)
  const ids = new Set(items.flatMap(({ tenantId }) => tenantId ?? []))
  const named = await nameTenants(app.db.reads({ ...scope, tenantId: undefined, system: true }), [...ids])
  return {
    items: items.map(({ id, createdAt, tenantId, ...rest }) => {
      const tenant = tenantId === null ? undefined : named.get(tenantId)
      return { id, createdAt, tenantId, tenantName: tenant?.name ?? null, tenantSlug: tenant?.slug ?? null, ...rest }
    }),
    nextCursor,
  }
}

async function placesOfAll(app: App, scope: Scope, tenantId: string | undefined): Promise<Queryable[]> {
  const system = { ...scope, tenantId, system: true }
  if (tenantId !== undefined) return await placesOf(app, system)
  return [app.db.reads(system)]
}
