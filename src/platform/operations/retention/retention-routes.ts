import { Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { idParams, nullable, oneOf, route, timestamp, uuid } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { errors } from '../errors.ts'
import { ArchiveRun, listArchiveRuns } from './archive-runs.ts'
import { ArchiveManifest, getArchive, listArchives } from './archives.ts'
import { listDeclared } from './declarations.ts'
import { addHold, LegalHold, listHolds, releaseHold } from './holds.ts'
import { restoreArchived, retainedAt, retainNow, verifyArchives } from './retention-jobs.ts'
import { findDueRetention, listLastRetention, listRetentionRuns, RetentionDue, RetentionRun } from './runs.ts'
import { archiveShelfOfApp } from './settings.ts'

const text = Type.String()
const reason = Type.String({ minLength: 1, maxLength: 500 })
const allow = 'operations.state.read'
const manage = 'operations.state.manage'
const system = { system: true } as const

const Declaration = Type.Object({
  name: text,
  description: text,
  table: text,
  by: text,
  after: text,
  action: oneOf(['remove', 'archive', 'keep']),
  job: nullable(text),
  runs: Type.Array(RetentionRun, { description: 'The last one in each database' }),
})

const archiveId = Type.String({ minLength: 1, maxLength: 200 })

const Archive = Type.Object({
  ...ArchiveManifest.properties,
  verification: nullable(Type.Object({ at: text, faults: Type.Array(text) })),
})

/** For the operators of an installation: what is not kept for ever, what went into archives, and who is held. */
export const retentionRoutes = [
  route({
    method: 'GET',
    path: '/operations/retention',
    allow,
    summary: 'List what modules keep no longer than declared, and how it went the last time',
    response: Type.Object({
      nextRunAt: timestamp,
      items: Type.Array(Declaration),
      runs: Type.Array(RetentionRun, { description: 'What was done, the latest first' }),
    }),
    async handle(_request, app) {
      const own = app.db.scoped(system)
      const runs = await listLastRetention(own)
      return {
        nextRunAt: nextRunAfter(app.clock.now()),
        items: listDeclared(app).map(({ name, description, table, by, after, action, job = null }) => ({
          name,
          description,
          table,
          by,
          after,
          action,
          job,
          runs: runs.filter(({ declaration }) => declaration === name),
        })),
        runs: await listRetentionRuns(own, 50),
      }
    },
  }),
  route({
    method: 'GET',
    path: '/operations/retention/due',
    allow,
    summary: 'Count what the next run of retention removes and archives',
    description: 'It reads the tables, and changes nothing.',
    rateLimit: 12,
    response: Type.Object({ items: Type.Array(RetentionDue) }),
    handle: async (_request, app) => ({ items: await findDueRetention(app) }),
  }),
  route({
    method: 'POST',
    path: '/operations/retention/runs',
    allow: manage,
    summary: 'Have retention done now, of one declaration or of all',
    description: 'It is begun within seconds by a worker, and stands among the runs then.',
    body: Type.Object({ name: Type.Optional(Type.String({ maxLength: 100 })) }),
    refusals: ['operations.retention_unknown'],
    status: 202,
    response: Type.Object({ names: Type.Array(text) }),
    async handle({ body: { name }, scope }, app) {
      const declared = listDeclared(app, name).filter(({ action }) => action !== 'keep')
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, {
          action: 'run',
          resource: 'operations.retention_runs',
          ...(name !== undefined && { resourceId: name }),
        })
        await enqueue(tx, retainNow, name === undefined ? {} : { name })
      })
      return { names: declared.map(each => each.name) }
    },
  }),
  route({
    method: 'GET',
    path: '/operations/archives',
    allow,
    summary: 'List the archives, and how each was found when it was read the last time',
    response: Type.Object({
      items: Type.Array(Archive),
      faults: Type.Array(text, { description: 'What was found of manifests that cannot be read' }),
      folder: text,
      runs: Type.Array(ArchiveRun, { description: 'What was done with them, the latest first' }),
    }),
    async handle(_request, app) {
      const shelf = archiveShelfOfApp(app)
      const { items, faults } = listArchives(shelf)
      return {
        items: items.map(({ manifest, verification }) => ({ ...manifest, verification })),
        faults,
        folder: shelf.folder,
        runs: await listArchiveRuns(app.db.scoped(system)),
      }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/archives/verifications',
    allow: manage,
    summary: 'Have an archive read again, or all of them',
    description: 'It is begun within seconds by a worker, and stands among the runs then.',
    body: Type.Object({ id: Type.Optional(archiveId) }),
    refusals: ['operations.archive_unknown', 'operations.archive_faulty'],
    status: 202,
    response: Type.Object({ id: nullable(text) }),
    async handle({ body: { id }, scope }, app) {
      if (id !== undefined) getArchive(archiveShelfOfApp(app), id)
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, {
          action: 'verify_archives',
          resource: 'operations.archive_runs',
          ...(id !== undefined && { details: { archive: id } }),
        })
        await enqueue(tx, verifyArchives, id === undefined ? {} : { id })
      })
      return { id: id ?? null }
    },
  }),
  route({
    method: 'POST',
    path: '/operations/archives/restores',
    allow: manage,
    fresh: true,
    summary: 'Have the rows of an archive brought into a table beside',
    description:
      'A worker makes the table, which only the owner of the schema reads; the rows are all there and equal, or none is.',
    body: Type.Object({
      id: archiveId,
      into: Type.Optional(
        Type.String({
          maxLength: 127,
          pattern: '^[a-z_][a-z0-9_]{0,62}\\.[a-z_][a-z0-9_]{0,62}$',
          description: '`schema.table`, which is made; the name of the partition with `_restored` unless told',
        }),
      ),
    }),
    refusals: ['operations.archive_unknown', 'operations.archive_faulty'],
    status: 202,
    response: Type.Object({ id: text }),
    async handle({ body: { id, into }, scope }, app) {
      getArchive(archiveShelfOfApp(app), id)
      await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
        await recordEvent(tx, {
          action: 'restore_archive',
          resource: 'operations.archive_runs',
          details: { archive: id, ...(into !== undefined && { into }) },
        })
        await enqueue(tx, restoreArchived, { id, ...(into !== undefined && { into }) })
      })
      return { id }
    },
  }),
  route({
    method: 'GET',
    path: '/operations/legal-holds',
    allow,
    summary: 'List the legal holds that stand, or all that ever did',
    query: Type.Object({ all: Type.Boolean({ default: false }) }),
    response: Type.Object({ items: Type.Array(LegalHold) }),
    handle: async ({ query }, app) => ({ items: await listHolds(app.db.scoped(system), query.all) }),
  }),
  route({
    method: 'POST',
    path: '/operations/legal-holds',
    allow: manage,
    summary: 'Hold a workspace or an account: nothing of it is removed, and it is not deleted',
    body: Type.Object({ tenantId: Type.Optional(uuid), userId: Type.Optional(uuid), reason }),
    refusals: [
      'operations.hold_of_one',
      'operations.hold_tenant_unknown',
      'operations.hold_user_unknown',
      'operations.hold_too_late',
    ],
    status: 201,
    response: LegalHold,
    async handle({ body, scope }, app) {
      const { tenantId, userId } = body
      if (tenantId !== undefined && userId === undefined)
        return await addHold(app, scope, { tenantId, reason: body.reason })
      if (userId !== undefined && tenantId === undefined)
        return await addHold(app, scope, { userId, reason: body.reason })
      throw errors.holdOfOne()
    },
  }),
  route({
    method: 'POST',
    path: '/operations/legal-holds/{id}/release',
    allow: manage,
    fresh: true,
    summary: 'End a legal hold',
    params: idParams,
    body: Type.Object({ reason }),
    refusals: ['operations.hold_unknown', 'operations.hold_released'],
    response: LegalHold,
    handle: ({ params, body, scope }, app) => releaseHold(app, scope, params.id, body.reason),
  }),
]

function nextRunAfter(now: Date): Date {
  const next = new Date(now)
  next.setUTCHours(retainedAt.hour, retainedAt.minute, 0, 0)
  return next > now ? next : new Date(next.getTime() + 86_400_000)
}
