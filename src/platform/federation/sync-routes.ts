import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, Reply, route } from '#platform/http'
import { getGroupProvider } from './group-settings.ts'
import { retrySyncRun, startSyncRun } from './sync-jobs.ts'
import { getSyncRun, listSyncRunErrors, listSyncRuns, SyncRun, SyncRunError } from './sync-runs.ts'

const read = 'federation.groups.read'
const write = 'federation.groups.write'
const noProvider = 'federation.provider_not_found'
const noRun = 'federation.sync_run_not_found'

export const syncRoutes = [
  route({
    method: 'GET',
    path: '/federation/providers/{id}/sync-runs',
    allow: read,
    summary: 'List the sync runs of a provider, the latest first',
    description: 'Kept 90 days.',
    params: idParams,
    query: Type.Object(pageQuery),
    refusals: [noProvider],
    response: pageOf(SyncRun),
    async handle({ params, query, scope }, app) {
      const tx = app.db.reads(scope)
      await getGroupProvider(tx, params.id)
      return await listSyncRuns(tx, params.id, query)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/providers/{id}/sync-runs',
    allow: write,
    summary: 'Bring the roles of all people of a provider in line with their groups',
    params: idParams,
    refusals: [noProvider, 'federation.sync_running', 'federation.sync_of_inactive'],
    response: SyncRun,
    status: 202,
    rateLimit: 30,
    async handle({ params, scope }, app) {
      return new Reply(202, await startSyncRun(app, scope, params.id, 'person'))
    },
  }),
  route({
    method: 'GET',
    path: '/federation/sync-runs/{id}',
    allow: read,
    summary: 'Get a sync run',
    params: idParams,
    refusals: [noRun],
    response: SyncRun,
    async handle({ params, scope }, app) {
      return await getSyncRun(app.db.reads(scope), params.id)
    },
  }),
  route({
    method: 'GET',
    path: '/federation/sync-runs/{id}/errors',
    allow: read,
    summary: 'List with whom a sync run failed, and why',
    params: idParams,
    query: Type.Object(pageQuery),
    refusals: [noRun],
    response: pageOf(SyncRunError),
    async handle({ params, query, scope }, app) {
      return await listSyncRunErrors(app.db.reads(scope), params.id, query)
    },
  }),
  route({
    method: 'POST',
    path: '/federation/sync-runs/{id}/retry',
    allow: write,
    summary: 'Try those again with whom a sync run failed; all of them where it broke off',
    params: idParams,
    refusals: [noRun, 'federation.nothing_to_retry', 'federation.sync_running', 'federation.sync_of_inactive'],
    response: SyncRun,
    status: 202,
    rateLimit: 30,
    async handle({ params, scope }, app) {
      return new Reply(202, await retrySyncRun(app, scope, params.id))
    },
  }),
]
