import { Type } from 'typebox'
import { recordEvent } from '#platform/audit'
import { idParams, nullable, oneOf, route, uuid } from '#platform/http'
import { enqueue } from '#platform/jobs'
import { errors } from '../errors.ts'
import { ArchiveManifest, listArchives } from './archives.ts'
import { listDeclared } from './declarations.ts'
import { addHold, LegalHold, listHolds, releaseHold } from './holds.ts'
import { retainNow } from './retention-jobs.ts'
import { findDueRetention, listLastRetention, RetentionDue, RetentionRun } from './runs.ts'
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
    response: Type.Object({ items: Type.Array(Declaration) }),
    async handle(_request, app) {
      const runs = await listLastRetention(app.db.scoped(system))
      return {
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
    }),
    async handle(_request, app) {
      const { items, faults } = listArchives(archiveShelfOfApp(app))
      return { items: items.map(({ manifest, verification }) => ({ ...manifest, verification })), faults }
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
    summary: 'End a legal hold',
    params: idParams,
    body: Type.Object({ reason }),
    refusals: ['operations.hold_unknown', 'operations.hold_released'],
    response: LegalHold,
    handle: ({ params, body, scope }, app) => releaseHold(app, scope, params.id, body.reason),
  }),
]
