import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { reportAppFor } from '#platform/app.ts'
import type { Queryable } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { dateTime, oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import { AuditFilters, AuditLog, listAuditLogs } from './audit-logs.ts'
import { exportAuditLogs, exportFormats } from './exports.ts'
import { fileReply } from './file-replies.ts'
import { AuditOptions, listAuditOptions, mergedOptions } from './options.ts'
import { PastRow, rowAsOf } from './past-rows.ts'
import { placesOf } from './places.ts'
import { type Proof, proveEntry } from './proofs.ts'
import { auditState, SealStatus } from './states.ts'

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/audit-logs',
    allow: 'audit.logs.read',
    reads: 'report',
    summary: 'List audit entries, newest first',
    description: '`changes` has, for each column, `{old, new}`: an insert new only, a delete old only.',
    query: Type.Object({ ...AuditFilters.properties, ...pageQuery }),
    response: pageOf(AuditLog, {
      capped: Type.Optional(
        Type.Boolean({
          description:
            'With `q`: true where the page ends because so many entries were looked at; `nextCursor` goes on behind them',
        }),
      ),
    }),
    async handle({ query: { limit, cursor, ...filters }, scope }, app) {
      return await listAuditLogs(await placesOf(app, scope), filters, { limit, cursor })
    },
  }),
  route({
    method: 'GET',
    path: '/audit-logs/options',
    allow: 'audit.logs.read',
    reads: 'report',
    summary: 'List the people, actions and resources of the last 90 days',
    description: 'What the filters of the audit entries can be set to; at most 500 of each.',
    response: AuditOptions,
    async handle({ scope }, app) {
      return mergedOptions(await Promise.all((await placesOf(app, scope)).map(listAuditOptions)))
    },
  }),
  route({
    method: 'GET',
    path: '/audit-logs/export',
    allow: 'audit.logs.export',
    summary: 'Fetch audit entries as a file',
    description:
      'All entries that fit the filters, newest first, as CSV or as JSON lines. Text that a spreadsheet would take for a formula has an apostrophe in front of it in CSV. The export is an entry of the log itself.',
    query: Type.Object({
      ...AuditFilters.properties,
      format: Type.Optional(oneOf(exportFormats, { description: '`csv` unless told' })),
    }),
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    async handle({ query: { format = 'csv', ...filters }, scope }, app) {
      // What goes out is read as a report is; that it goes out is written.
      const pieces = exportAuditLogs(
        app.db.scoped(scope),
        await placesOf(reportAppFor({}, app), scope),
        filters,
        format,
      )
      return await fileReply(pieces, format, `audit-log-${app.clock.now().toISOString().slice(0, 10)}`)
    },
  }),
  route({
    method: 'GET',
    path: '/audit-logs/as-of',
    allow: 'audit.logs.read',
    reads: 'report',
    summary: 'Show a row as it was at a moment',
    description:
      'Rebuilt from the audit log alone, whatever became of the row since. Values are texts as PostgreSQL writes them, so that no digit is lost.',
    query: Type.Object({
      resource: Type.String({ minLength: 1, maxLength: 130, examples: ['contractors.contractor_lists'] }),
      resourceId: Type.String({ minLength: 1, maxLength: 200 }),
      at: dateTime,
    }),
    response: PastRow,
    refusals: ['audit.row_not_found'],
    async handle({ query: { resource, resourceId, at }, scope }, app) {
      return await rowAsOf(await placesOf(app, scope), resource, resourceId, at)
    },
  }),
  route({
    method: 'GET',
    path: '/audit-logs/{id}/proof',
    allow: 'audit.logs.read',
    summary: 'Prove an audit entry',
    description:
      'A proof that the entry stands in the log as it was written, under a signed checkpoint: `commonhold audit check-proof` checks it without asking anybody. Refused until the entry is in a checkpoint, which takes some seconds.',
    params: Type.Object({ id: uuid }),
    response: Type.Unsafe<Proof>(Type.Object({}, { additionalProperties: true })),
    refusals: ['audit.entry_not_found', 'audit.entry_archived', 'audit.not_sealed'],
    async handle({ params: { id }, scope }, app) {
      const places = await placesOf(app, scope)
      const last = places.pop() as Queryable
      for (const place of places) {
        const proof = await proveEntry(place, id).catch(error => {
          if (error instanceof DomainError && error.kind === 'not_found') return undefined
          throw error
        })
        if (proof) return proof
      }
      return await proveEntry(last, id)
    },
  }),
  route({
    method: 'GET',
    path: '/audit-logs/seal',
    allow: 'audit.logs.read',
    summary: 'Show how far the audit log is sealed',
    response: SealStatus,
    async handle({ scope }, app) {
      const { lagSeconds, checkpoint, verification } = await auditState(app.db.reads(scope))
      return {
        lagSeconds,
        checkpoint: checkpoint && { number: checkpoint.number, at: checkpoint.at, thumbprint: checkpoint.thumbprint },
        verification: verification && { endedAt: verification.endedAt, isSound: verification.isSound },
      }
    },
  }),
]
