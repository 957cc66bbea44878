import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import {
  auditErrors,
  auditState,
  checkpointFolderOf,
  listDeliveries,
  listVerifications,
  recordEvent,
  VerificationRun,
} from '#platform/audit'
import { nullable, oneOf, route, timestamp } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { verificationKinds, verifyNow } from './verification-jobs.ts'

const text = Type.String()
const kind = oneOf(verificationKinds)

const Log = Type.Object({
  database: nullable(Type.String({ description: 'Of tenants with a database of their own; null for the main one' })),
  failure: nullable(Type.String({ description: 'Why nothing is known of it now' })),
  lagSeconds: nullable(Type.Number({ description: 'Age of the oldest entry that is not sealed yet; 0 where all are' })),
  checkpoint: nullable(
    Type.Object({
      number: Type.Integer(),
      at: text,
      tenants: Type.Integer(),
      size: Type.Integer({ description: 'Entries in it' }),
      thumbprint: nullable(Type.String({ description: 'Of the key that signed it (RFC 7638)' })),
    }),
  ),
})

const Copy = Type.Object({
  database: nullable(text),
  destination: text,
  number: Type.Integer({ description: 'The newest checkpoint that is there' }),
  behind: Type.Integer({ description: 'Checkpoints that are not there yet' }),
  deliveredAt: nullable(timestamp),
  failures: Type.Integer({ description: 'In a row' }),
  lastError: nullable(text),
})

export const AuditStanding = Type.Object({
  logs: Type.Array(Log, { description: 'The main one, then those in databases of tenants' }),
  copies: Type.Array(Copy),
  folder: nullable(Type.String({ description: 'Where checkpoints are kept outside of the database' })),
  canVerify: Type.Boolean({ description: 'False where the program has no way in as the administrator' }),
  runs: Type.Array(VerificationRun, { description: 'The latest first' }),
})
export type AuditStanding = Static<typeof AuditStanding>

export const auditStateRoutes = [
  route({
    method: 'GET',
    path: '/operations/audit',
    allow: 'operations.state.read',
    summary: 'Get how far the audit log is sealed, where its checkpoints are kept, and what verification found',
    response: AuditStanding,
    async handle(_request, given) {
      const app = mainApp(given)
      const [logs, runs] = await Promise.all([readLogs(app), listVerifications(app.db.unscoped)])
      return {
        logs: logs.map(({ copies: _, ...log }) => log),
        copies: logs.flatMap(({ copies }) => copies),
        folder: checkpointFolderOf(app) ?? null,
        canVerify: app.administration !== undefined,
        runs,
      }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/audit/verifications',
    allow: 'operations.state.manage',
    fresh: true,
    summary: 'Begin a verification of the audit log',
    description:
      'Of everything, or of what came after the newest checkpoint that was found sound, in all databases. It is made by a worker; its record appears among the runs within some seconds.',
    body: Type.Object({ kind }),
    status: 202,
    response: Type.Object({ kind }),
    refusals: ['audit.no_administrator'],
    async handle({ body, scope, principal }, app) {
      if (!app.administration) throw auditErrors.noAdministrator()
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, {
          action: 'begin_verification',
          resource: 'audit.verifications',
          details: { kind: body.kind },
        })
        await enqueue(tx, verifyNow, { kind: body.kind, requestedBy: principal.userName })
      })
      return { kind: body.kind }
    },
  }),
]

type Known = Static<typeof Log> & { copies: Static<typeof Copy>[] }

async function readLogs(app: App): Promise<Known[]> {
  const { placed, placements } = app
  const others = placed && placements ? await placements.list() : []
  return await Promise.all([
    readLog(app, null),
    ...others.map(async ({ id, name }): Promise<Known> => {
      try {
        if (!placed) throw new Error('it is not open')
        return await placed.within(id, db => readLog({ db }, name))
      } catch (error) {
        return { database: name, failure: (error as Error).message, lagSeconds: null, checkpoint: null, copies: [] }
      }
    }),
  ])
}

async function readLog({ db }: Pick<App, 'db'>, database: string | null): Promise<Known> {
  const [{ lagSeconds, checkpoint }, copies] = await Promise.all([auditState(db.unscoped), listDeliveries(db.unscoped)])
  return { database, failure: null, lagSeconds, checkpoint, copies: copies.map(copy => ({ ...copy, database })) }
}
