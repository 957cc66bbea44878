import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { targetFilters } from './filters.ts'
import {
  createTarget,
  deleteTarget,
  getTarget,
  listTargets,
  Target,
  TargetChanges,
  TargetFields,
  updateTarget,
} from './targets.ts'

const read = 'assignments.targets.read'
const write = 'assignments.targets.write'

const refusals = [
  'assignments.target_reference_taken',
  'assignments.target_counts',
  'assignments.target_window',
  'assignments.skill_too_long',
]

export const targetRoutes = [
  route({
    method: 'GET',
    path: '/assignment-targets',
    allow: read,
    summary: 'List targets: chores, shifts, papers; also those that a participant fits',
    description: 'By name. `total` counts all that match.',
    query: Type.Object({ ...pageQuery, ...targetFilters }),
    response: pageOf(Target, { total: Type.Integer() }),
    handle: ({ query, scope }, app) => listTargets(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/assignment-targets',
    allow: write,
    summary: 'Enter a target',
    body: Type.Object({ domainId: uuid, ...TargetFields.properties }),
    refusals,
    status: 201,
    etag: true,
    response: Target,
    handle: ({ body: { domainId, ...fields }, scope }, app) =>
      app.db.transaction(scope, tx => createTarget(tx, domainId, fields)),
  }),
  route({
    method: 'GET',
    path: '/assignment-targets/{id}',
    allow: read,
    summary: 'Get a target',
    params: idParams,
    response: Target,
    handle: ({ params, scope }, app) => getTarget(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/assignment-targets/{id}',
    allow: write,
    summary: 'Change a target',
    description: 'Only what is sent changes; lists and objects as a whole.',
    params: idParams,
    body: TargetChanges,
    refusals,
    conditional: true,
    response: Target,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateTarget(tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/assignment-targets/{id}',
    allow: write,
    summary: 'Delete a target that nobody was ever assigned to',
    params: idParams,
    refusals: ['assignments.target_assigned'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteTarget(app.db.scoped(scope), params.id)
      return null
    },
  }),
]
