import { Type } from 'typebox'
import { AuditFilters, AuditLog, listAuditLogs } from '#platform/audit'
import type { Scope } from '#platform/database'
import { idParams, nullable, pageOf, pageQuery, Reply, route, timestamp, uuid } from '#platform/http'
import { DeletionCertificate, getCertificate, listCertificates, verifyCertificate } from '#platform/tenancy'
import { cancelTenantDeletion, describeDeletion, requestTenantDeletion, requireOwner } from './tenant-deletions.ts'

const reason = Type.Optional(nullable(Type.String({ maxLength: 500 })))

const Waiting = Type.Object({
  requestedAt: timestamp,
  byOperator: Type.Boolean({ description: 'Then only an operator can cancel it' }),
  reason: nullable(Type.String()),
  scheduledAt: timestamp,
  begunAt: nullable(timestamp),
})

const Described = Type.Object({
  tenantId: uuid,
  name: Type.String(),
  graceDays: Type.Integer({ description: 'How long it would wait' }),
  deletion: nullable(Waiting),
  tables: Type.Array(Type.Object({ table: Type.String(), rows: Type.Integer() }), {
    description: 'How many rows would be removed now',
  }),
  owners: Type.Array(Type.Object({ name: Type.String(), email: Type.String() }), { description: 'Who is told' }),
})

const CertificateOf = Type.Object({
  certificate: DeletionCertificate,
  signed: Type.String({ description: 'The same as JWS in its compact form, Ed25519' }),
  thumbprint: Type.String({ description: 'Of the key that signed it (RFC 7638)' }),
})

const refusedRequests = [
  'tenancy.name_mistyped',
  'tenancy.deletion_requested',
  'tenancy.deletion_refused',
  'operations.held',
]
const tenantQuery = Type.Object({
  tenantId: Type.Optional(
    Type.Unsafe<string>({ ...uuid, description: 'The tenant; else the one that the request works in' }),
  ),
})

/** The end of a tenant (MT-11): for its owners, whom it is closed to meanwhile, and for operators. */
export const tenantDeletionRoutes = [
  route({
    method: 'POST',
    path: '/tenant/deletion',
    allow: 'tenancy.tenant.delete',
    fresh: true,
    summary: 'Request the deletion of this tenant',
    description:
      'It is closed at once, and waits as many days as are set for it; all owners get a mail. Until the removal begins any owner can cancel it.',
    body: Type.Object({
      name: Type.String({ minLength: 1, maxLength: 255, description: 'The name of the tenant, typed once more' }),
      reason,
    }),
    response: Waiting,
    status: 201,
    refusals: refusedRequests,
    rateLimit: 10,
    async handle({ body, principal, scope }, app) {
      return await requestTenantDeletion(app, scope, {
        tenantId: principal.tenantId as string,
        name: body.name,
        reason: body.reason?.trim() || null,
        byOperator: false,
      })
    },
  }),
  route({
    method: 'GET',
    path: '/tenant/deletion',
    allow: 'session',
    summary: 'What the deletion of a tenant removes, and whether it waits for it',
    description: 'For its owners, whatever its status.',
    query: tenantQuery,
    response: Described,
    refusals: ['accounts.not_an_owner'],
    async handle({ query, principal, scope }, app) {
      const tenantId = query.tenantId ?? principal.tenantId ?? ''
      await requireOwner(app, scope, principal.sessionId, tenantId)
      return await describe(app, scope, tenantId)
    },
  }),
  route({
    method: 'DELETE',
    path: '/tenant/deletion',
    allow: 'session',
    fresh: true,
    summary: 'Cancel the deletion of a tenant',
    description: 'For its owners, until the removal begins. The tenant is again what it was.',
    query: tenantQuery,
    response: Type.Null(),
    status: 204,
    refusals: ['accounts.not_an_owner', 'accounts.deletion_by_operator', 'tenancy.deletion_not_waiting'],
    rateLimit: 10,
    async handle({ query, principal, scope }, app) {
      const tenantId = query.tenantId ?? principal.tenantId ?? ''
      await requireOwner(app, scope, principal.sessionId, tenantId)
      await cancelTenantDeletion(app, scope, { tenantId, byOperator: false })
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/installation/tenants/{id}/deletion',
    allow: 'tenancy.deletions.manage',
    summary: 'What the deletion of a tenant removes, and whether it waits for it, for operators',
    params: idParams,
    response: Described,
    async handle({ params, scope }, app) {
      return await describe(app, scope, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/installation/tenants/{id}/deletion',
    allow: 'tenancy.deletions.manage',
    fresh: true,
    summary: 'Request the deletion of a tenant, as an operator',
    description: 'Its owners get a mail, and cannot cancel it. Without `afterDays` it waits as long as is set for it.',
    params: idParams,
    body: Type.Object({
      reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }),
      afterDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365 })),
    }),
    response: Waiting,
    status: 201,
    refusals: refusedRequests,
    async handle({ params, body, scope }, app) {
      return await requestTenantDeletion(app, scope, {
        tenantId: params.id,
        reason: body.reason.trim(),
        byOperator: true,
        ...(body.afterDays !== undefined && { afterDays: body.afterDays }),
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/installation/tenants/{id}/deletion',
    allow: 'tenancy.deletions.manage',
    fresh: true,
    summary: 'Cancel the deletion of a tenant, as an operator',
    params: idParams,
    response: Type.Null(),
    status: 204,
    refusals: ['tenancy.deletion_not_waiting'],
    async handle({ params, scope }, app) {
      await cancelTenantDeletion(app, scope, { tenantId: params.id, byOperator: true })
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: '/deletion-certificates',
    allow: 'tenancy.deletions.manage',
    summary: 'List the certificates of deleted tenants, the latest first',
    query: Type.Object(pageQuery),
    response: pageOf(CertificateOf),
    async handle({ query, scope }, app) {
      const { items, nextCursor } = await listCertificates(app.db.reads(asSystem(scope)), query)
      return { items: items.map(withThumbprint), nextCursor }
    },
  }),
  route({
    method: 'GET',
    path: '/deletion-certificates/{id}',
    allow: 'tenancy.deletions.manage',
    summary: 'The certificate of a deleted tenant, by the id that it had',
    params: idParams,
    response: CertificateOf,
    refusals: ['tenancy.certificate_unknown'],
    async handle({ params, scope }, app) {
      return withThumbprint(await getCertificate(app.db.reads(asSystem(scope)), params.id))
    },
  }),
  route({
    method: 'GET',
    path: '/deletion-certificates/{id}/audit-logs',
    allow: 'tenancy.deletions.manage',
    summary: 'List the audit entries of a deleted tenant, newest first',
    description: 'They are kept after it, as long as the law wants.',
    params: idParams,
    query: Type.Object({ ...AuditFilters.properties, ...pageQuery }),
    response: pageOf(AuditLog),
    refusals: ['tenancy.certificate_unknown'],
    async handle({ params, query: { limit, cursor, ...filters }, scope }, app) {
      await getCertificate(app.db.reads(asSystem(scope)), params.id)
      return await listAuditLogs(app.db.reads({ ...scope, tenantId: params.id }), filters, {
        limit,
        ...(cursor !== undefined && { cursor }),
      })
    },
  }),
]

async function describe(app: Parameters<typeof describeDeletion>[0], scope: Scope, tenantId: string) {
  const { deletion, tables, owners, name, graceDays } = await describeDeletion(app, scope, tenantId)
  return {
    tenantId,
    name,
    graceDays,
    deletion: deletion ?? null,
    tables,
    owners: owners.map(owner => ({ name: owner.name, email: owner.email })),
  }
}

const withThumbprint = (kept: { certificate: DeletionCertificate; signed: string }) => ({
  ...kept,
  thumbprint: verifyCertificate(kept.signed).thumbprint,
})

const asSystem = (scope: Scope): Scope => ({ ...scope, tenantId: undefined, system: true })
