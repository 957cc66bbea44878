import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { DropOut, DropOutFields, listDropOuts, reportDropOut, withdrawDropOut } from './drop-outs.ts'

const write = 'assignments.assignments.write'
const closed = ['assignments.assignment_closed', 'assignments.assignment_locked']

export const dropOutRoutes = [
  route({
    method: 'GET',
    path: '/assignments/{id}/drop-outs',
    allow: 'assignments.assignments.read',
    summary: 'List who cannot come after all',
    description: 'The latest first.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(DropOut),
    async handle({ params, query, scope, principal: { permissions } }, app) {
      const page = await listDropOuts(app.db.reads(scope), params.id, query)
      // Often of somebody's health: who looks for somebody else may want to know, who only looks on need not.
      return permissions.has(write) ? page : { ...page, items: page.items.map(each => ({ ...each, reason: null })) }
    },
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/drop-outs',
    allow: write,
    summary: 'Report that somebody cannot come after all',
    description: 'He stays where he is until a run of kind `replan`, a move or another plan has somebody else there.',
    params: idParams,
    body: DropOutFields,
    refusals: [
      ...closed,
      'assignments.drop_out_from_nothing',
      'assignments.drop_out_known',
      'assignments.move_nowhere',
    ],
    status: 201,
    response: DropOut,
    handle: ({ params, body, scope }, app) => app.db.transaction(scope, tx => reportDropOut(app, tx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/assignments/{id}/drop-outs/{dropOutId}',
    allow: write,
    summary: 'Take a drop-out back: he can come after all',
    params: Type.Object({ id: uuid, dropOutId: uuid }),
    refusals: closed,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, tx => withdrawDropOut(tx, params.id, params.dropOutId))
      return null
    },
  }),
]
