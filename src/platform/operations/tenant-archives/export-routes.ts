import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { idParams, route, timestamp, uuid } from '#platform/http'
import {
  deleteRequestedExport,
  listRequestedExports,
  openLink,
  openRequestedExport,
  RequestedExport,
  requestTenantExport,
} from './requested-exports.ts'

/** Of an owner for the workspace that he is in, and of operators for any. */
const own = 'operations.workspace.export'
const any = 'operations.tenants.export'

const passphrase = Type.Optional(
  Type.String({
    minLength: 12,
    maxLength: 500,
    description: 'Encrypts the file. It is forgotten once that is made: nobody can tell it to you again',
  }),
)
const body = Type.Object({ passphrase })
const items = Type.Object({
  items: Type.Array(RequestedExport, { description: 'Of the last 90 days, the latest first' }),
})
const file = Type.Unsafe<Readable>({})
const Link = Type.Object({ href: Type.String(), until: { ...timestamp, description: 'Until when it opens' } })
const ofTenant = Type.Object({ id: uuid })
const ofBoth = Type.Object({ id: uuid, exportId: uuid })

const made = `A worker writes all that belongs to the workspace into one file (docs/tenant-archives.md): ask for the list until it is
\`done\`. It can be fetched for 24 hours. It holds personal data; with a passphrase it is encrypted. Import is for the command line.`

export const tenantExportRoutes = [
  route({
    method: 'GET',
    path: '/tenant/exports',
    allow: own,
    summary: 'List the exports of this workspace, and how far they are',
    response: items,
    handle: async ({ scope, principal }, app) => ({
      items: await listRequestedExports(app, scope, principal.tenantId as string),
    }),
  }),
  route({
    method: 'POST',
    path: '/tenant/exports',
    allow: own,
    fresh: true,
    summary: 'Export this workspace to a file',
    description: made,
    body,
    status: 202,
    rateLimit: 10,
    refusals: ['tenant_archives.under_way'],
    response: RequestedExport,
    handle: ({ body: { passphrase }, scope, principal }, app) =>
      requestTenantExport(app, scope, { tenantId: principal.tenantId as string, isByOperator: false, passphrase }),
  }),
  route({
    method: 'DELETE',
    path: '/tenant/exports/{id}',
    allow: own,
    summary: 'Cancel an export of this workspace, or delete its file',
    params: idParams,
    status: 204,
    refusals: ['tenant_archives.export_not_found'],
    response: Type.Null(),
    async handle({ params, scope, principal }, app) {
      await deleteRequestedExport(app, scope, principal.tenantId as string, params.id)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/tenant/exports/{id}/links',
    allow: own,
    fresh: true,
    summary: 'Get a link to the file of an export of this workspace, which opens for ten minutes',
    params: idParams,
    refusals: ['tenant_archives.export_not_found'],
    response: Link,
    handle: async ({ params, scope, principal }, app) => ({
      href: `/api/v1/tenant/exports/${params.id}/file`,
      ...(await openLink(app, scope, principal.tenantId as string, params.id)),
    }),
  }),
  route({
    method: 'GET',
    path: '/tenant/exports/{id}/file',
    allow: own,
    summary: 'Fetch the file of an export of this workspace',
    description:
      'By who may export the workspace, while a link that was asked for is open. Each time is in its audit log.',
    params: idParams,
    refusals: ['tenant_archives.export_not_found'],
    response: file,
    produces: 'application/octet-stream',
    handle: ({ params, scope, principal }, app) =>
      openRequestedExport(app, scope, principal.tenantId as string, params.id),
  }),
  route({
    method: 'GET',
    path: '/installation/tenants/{id}/exports',
    allow: any,
    summary: 'List the exports of a tenant, and how far they are',
    params: ofTenant,
    response: items,
    handle: async ({ scope, params }, app) => ({ items: await listRequestedExports(app, scope, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/installation/tenants/{id}/exports',
    allow: any,
    fresh: true,
    summary: 'Export a tenant to a file',
    description: made,
    params: ofTenant,
    body,
    status: 202,
    rateLimit: 10,
    refusals: ['tenant_archives.under_way', 'tenancy.tenant_not_found'],
    response: RequestedExport,
    handle: ({ body: { passphrase }, params, scope }, app) =>
      requestTenantExport(app, scope, { tenantId: params.id, isByOperator: true, passphrase }),
  }),
  route({
    method: 'DELETE',
    path: '/installation/tenants/{id}/exports/{exportId}',
    allow: any,
    summary: 'Cancel an export of a tenant, or delete its file',
    params: ofBoth,
    status: 204,
    refusals: ['tenant_archives.export_not_found'],
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteRequestedExport(app, scope, params.id, params.exportId)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/installation/tenants/{id}/exports/{exportId}/links',
    allow: any,
    fresh: true,
    summary: 'Get a link to the file of an export of a tenant, which opens for ten minutes',
    params: ofBoth,
    refusals: ['tenant_archives.export_not_found'],
    response: Link,
    handle: async ({ params, scope }, app) => ({
      href: `/api/v1/installation/tenants/${params.id}/exports/${params.exportId}/file`,
      ...(await openLink(app, scope, params.id, params.exportId)),
    }),
  }),
  route({
    method: 'GET',
    path: '/installation/tenants/{id}/exports/{exportId}/file',
    allow: any,
    summary: 'Fetch the file of an export of a tenant',
    description: 'While a link that was asked for is open. Each time is in the audit log of that tenant.',
    params: ofBoth,
    refusals: ['tenant_archives.export_not_found'],
    response: file,
    produces: 'application/octet-stream',
    handle: ({ params, scope }, app) => openRequestedExport(app, scope, params.id, params.exportId),
  }),
]
