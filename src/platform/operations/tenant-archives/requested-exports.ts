import { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, Reply, timestamp, uuid } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { getTenantRecord } from '#platform/tenancy'
import { errors } from './errors.ts'
import { makeTenantExport, nameOf } from './export-jobs.ts'

/** A workspace as a file that somebody asked for, and how far it is. */
export const RequestedExport = Type.Object({
  id: uuid,
  status: oneOf(['waiting', 'running', 'done', 'failed']),
  isSealed: Type.Boolean({ description: 'Encrypted with the passphrase of who asked for it' }),
  requestedByName: nullable(Type.String({ description: 'Null where that account is gone' })),
  isByOperator: Type.Boolean(),
  tablesDone: Type.Integer(),
  tablesTotal: nullable(Type.Integer({ description: 'Null until it is known' })),
  rowsDone: Type.Integer(),
  fileName: nullable(Type.String()),
  byteCount: Type.Integer(),
  sha256: nullable(Type.String({ description: 'Of the file, in hex' })),
  failure: nullable(Type.String({ description: 'Why it failed' })),
  createdAt: timestamp,
  finishedAt: nullable(timestamp),
  expiresAt: nullable({ ...timestamp, description: 'Until when the file can be fetched' }),
  downloadedAt: nullable({ ...timestamp, description: 'When it was fetched last' }),
})
export type RequestedExport = Static<typeof RequestedExport>

export type ExportWish = { tenantId: string; isByOperator: boolean; passphrase?: string | undefined }

/** Those of the last 90 days, the latest first. */
export async function listRequestedExports(app: App, scope: Scope, tenantId: string): Promise<RequestedExport[]> {
  const tx = within(app, scope, tenantId)
  await closeForgotten(tx, tenantId)
  return await named(tx, await tx.run(select(sql`tenant_id = ${tenantId}`)))
}

/** Asks for a file, which a worker makes. Refuses while one of this workspace is under way. */
export async function requestTenantExport(
  app: App,
  scope: Scope,
  { tenantId, isByOperator, passphrase }: ExportWish,
): Promise<RequestedExport> {
  await closeForgotten(within(app, scope, tenantId), tenantId)
  const id = crypto.randomUUID()
  const sealed =
    passphrase === undefined ? null : app.keyring.encrypt(passphrase, `operations.tenant_exports.passphrase:${id}`)
  return await app.db.transaction({ ...scope, tenantId, system: true }, async tx => {
    await getTenantRecord(tx, tenantId)
    await onViolation(
      tx.run(sql`
        insert into operations.tenant_exports (
          tenant_id, id, requested_by, is_by_operator, is_sealed, passphrase_encrypted
        )
        values (${tenantId}, ${id}, ${scope.userId ?? null}, ${isByOperator}, ${sealed !== null}, ${sealed})`),
      { tenant_exports_one_under_way: () => errors.underWay() },
    )
    const details = { isSealed: sealed !== null, isByOperator }
    await recordEvent(tx, { action: 'tenants.export_requested', resource, resourceId: id, details })
    await enqueue(tx, makeTenantExport, { tenantId, exportId: id })
    const [made] = await named(tx, await tx.run(select(sql`id = ${id}`)))
    return made as RequestedExport
  })
}

/** Cancels it where it is under way, else takes the file away. */
export async function deleteRequestedExport(app: App, scope: Scope, tenantId: string, id: string): Promise<void> {
  await app.db.transaction({ ...scope, tenantId, system: true }, async tx => {
    const gone = await tx.maybe(sql`
      delete from operations.tenant_exports
      where tenant_id = ${tenantId}
        and id = ${id}
      returning id`)
    if (!gone) throw errors.exportNotFound({ id })
    await recordEvent(tx, { action: 'tenants.export_removed', resource, resourceId: id })
  })
}

/** Has the file handed out for ten minutes, to who has the right to it. Returns until when. */
export async function openLink(app: App, scope: Scope, tenantId: string, id: string): Promise<{ until: Date }> {
  const open = await within(app, scope, tenantId).maybe(sql<{ until: Date }>`
    update operations.tenant_exports
    set open_until = least(now() + interval '10 minutes', expires_at)
    where tenant_id = ${tenantId}
      and id = ${id}
      and status = 'done'
      and expires_at > now()
    returning open_until as until`)
  if (!open) throw errors.exportNotFound({ id })
  return open
}

/** The bytes of a file that is made and has not expired. That it was fetched is in the log of the workspace. */
export async function openRequestedExport(
  app: App,
  scope: Scope,
  tenantId: string,
  id: string,
): Promise<Reply<Readable>> {
  const found = await app.db.transaction({ ...scope, tenantId, system: true }, async tx => {
    const open = await tx.maybe(sql<{ fileName: string; byteCount: number; isSealed: boolean }>`
      update operations.tenant_exports
      set downloaded_at = now()
      where tenant_id = ${tenantId}
        and id = ${id}
        and status = 'done'
        and open_until > now()
      returning file_name, byte_count, is_sealed`)
    if (!open) throw errors.exportNotFound({ id })
    const { byteCount: bytes, isSealed } = open
    await recordEvent(tx, {
      action: 'tenants.export_fetched',
      resource,
      resourceId: id,
      details: { bytes, isSealed },
    })
    return open
  })
  return new Reply(200, Readable.from(partsOf(within(app, scope, tenantId), tenantId, id), { objectMode: false }), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${found.fileName}"`,
      'content-length': String(found.byteCount),
      'cache-control': 'private, no-store',
    },
  })
}

const resource = 'operations.tenant_exports'

const within = (app: App, scope: Scope, tenantId: string): Queryable =>
  app.db.scoped({ ...scope, tenantId, system: true })

async function* partsOf(tx: Queryable, tenantId: string, id: string): AsyncGenerator<Buffer> {
  for (let number = 0; ; number++) {
    const part = await tx.maybe(sql<{ content: Buffer }>`
      select content
      from operations.tenant_export_parts
      where tenant_id = ${tenantId}
        and export_id = ${id}
        and number = ${number}`)
    if (!part) return
    yield part.content
  }
}

type Row = Omit<RequestedExport, 'requestedByName'> & { requestedBy: string | null }

const select = (condition: ReturnType<typeof sql>) => sql<Row>`
  select
    id, status, is_sealed, requested_by, is_by_operator, tables_done, tables_total, rows_done, file_name, byte_count,
    encode(file_hash, 'hex') as "sha256", failure, created_at, finished_at, expires_at, downloaded_at
  from operations.tenant_exports
  where ${condition}
  order by created_at desc, id
  limit 50`

async function named(tx: Queryable, rows: readonly Row[]): Promise<RequestedExport[]> {
  const names = new Map<string, string>()
  for (const { requestedBy } of rows)
    if (requestedBy !== null && !names.has(requestedBy)) names.set(requestedBy, await nameOf(tx, requestedBy))
  return rows.map(({ requestedBy, ...row }) => ({
    ...row,
    requestedByName: requestedBy === null ? null : (names.get(requestedBy) ?? null),
  }))
}

/** Its program was killed: it writes each half minute that it is there. */
async function closeForgotten(tx: Queryable, tenantId: string): Promise<void> {
  await tx.run(sql`
    update operations.tenant_exports
    set
      status = 'failed',
      passphrase_encrypted = null,
      finished_at = now(),
      failure = 'The program ended before it was done. Ask for it again.'
    where tenant_id = ${tenantId}
      and status = 'running'
      and seen_at < now() - interval '3 minutes'`)
}
