import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { Assignment } from '../rounds/assignments.ts'
import { timezoneOf } from '../timezones.ts'
import { MoveAnswer, MoveFields, makeMoves, previewMoves } from './moves.ts'
import {
  Comparison,
  comparePlans,
  comparisonQuery,
  listRevisions,
  nameRevisions,
  Revision,
  restoreRevision,
  undoChange,
} from './past-plans.ts'
import { listPins, Pin, removePin, setPin } from './pins.ts'
import { publishRound } from './publications.ts'

const read = 'assignments.assignments.read'
const write = 'assignments.assignments.write'
const pinParams = Type.Object({ id: uuid, participantId: uuid, targetId: uuid })
const closed = ['assignments.assignment_closed', 'assignments.assignment_locked']

export const planRoutes = [
  route({
    method: 'GET',
    path: '/assignments/{id}/pins',
    allow: read,
    summary: 'List who is pinned on what in a round',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(Pin),
    handle: ({ params, query, scope }, app) => listPins(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'PUT',
    path: '/assignments/{id}/pins/{participantId}/{targetId}',
    allow: write,
    summary: 'Pin somebody on a target: every plan of the round has him there',
    params: pinParams,
    refusals: [...closed, 'assignments.pin_impossible', 'assignments.domains_mixed'],
    response: Pin,
    async handle({ params: { id, ...pair }, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await app.db.transaction(scope, tx => setPin(tx, id, pair, timeZone))
    },
  }),
  route({
    method: 'DELETE',
    path: '/assignments/{id}/pins/{participantId}/{targetId}',
    allow: write,
    summary: 'Take a pin away; who is there stays until something else is planned',
    params: pinParams,
    refusals: [...closed, 'assignments.pin_not_found'],
    status: 204,
    response: Type.Null(),
    async handle({ params: { id, ...pair }, scope }, app) {
      await app.db.transaction(scope, tx => removePin(tx, id, pair))
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/moves',
    allow: write,
    summary: 'Change who is on what by hand, and say what it costs',
    description:
      'Refused where it breaks a rule that is not broken without it; with `preview` that is told, and nothing is changed. Send the entity tag of the round as `If-Match`, or its `revision`, to be refused where somebody was quicker.',
    params: idParams,
    body: MoveFields,
    refusals: [
      ...closed,
      'assignments.move_refused',
      'assignments.move_nowhere',
      'assignments.move_double',
      'assignments.assignment_changed',
      'assignments.pin_impossible',
    ],
    conditional: true,
    response: MoveAnswer,
    async handle({ params, body, ifMatch, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      if (body.preview) return await previewMoves(app.db.reads(scope), params.id, body.changes, timeZone)
      return await app.db.transaction(scope, tx => makeMoves(app, tx, params.id, body, { timeZone, ifMatch }))
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/revisions',
    allow: read,
    summary: 'List the plans that a round had',
    description: 'The latest first.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(Revision),
    async handle({ params, query, scope }, app) {
      const page = await listRevisions(app.db.reads(scope), params.id, query)
      return { ...page, items: await nameRevisions(app, scope, page.items) }
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/comparison',
    allow: read,
    summary: 'Compare two plans of a round: who moves, what it costs, how even it is',
    params: idParams,
    query: Type.Object(comparisonQuery),
    refusals: ['assignments.revision_not_found', 'assignments.run_without_plan'],
    response: Comparison,
    async handle({ params, query, scope }, app) {
      return await comparePlans(app.db.reads(scope), params.id, query, await timezoneOf(app, scope))
    },
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/undo',
    allow: write,
    summary: 'Take the last change of a round’s plan back',
    params: idParams,
    refusals: [...closed, 'assignments.nothing_to_undo', 'assignments.move_refused'],
    conditional: true,
    response: Revision,
    async handle({ params, ifMatch, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      const revision = await app.db.transaction(scope, tx => undoChange(app, tx, params.id, { timeZone, ifMatch }))
      const [named] = await nameRevisions(app, scope, [revision])
      return named as Revision
    },
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/revisions/{number}/restoration',
    allow: write,
    summary: 'Bring an earlier plan of a round back',
    params: Type.Object({ id: uuid, number: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }) }),
    refusals: [
      ...closed,
      'assignments.revision_not_found',
      'assignments.revision_is_current',
      'assignments.move_refused',
    ],
    conditional: true,
    response: Revision,
    async handle({ params, ifMatch, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      const way = { timeZone, ifMatch }
      const revision = await app.db.transaction(scope, tx => restoreRevision(app, tx, params.id, params.number, way))
      const [named] = await nameRevisions(app, scope, [revision])
      return named as Revision
    },
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/publication',
    allow: 'assignments.assignments.publish',
    summary: 'Publish a round: its people are told what they are on, and from now on of each change',
    params: idParams,
    query: Type.Object({
      anyway: Type.Boolean({ default: false, description: 'Though it breaks rules of today' }),
    }),
    refusals: [...closed, 'assignments.publication_empty', 'assignments.publication_refused'],
    conditional: true,
    response: Assignment,
    async handle({ params, query: { anyway }, ifMatch, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await app.db.transaction(scope, tx => publishRound(app, tx, params.id, { timeZone, anyway, ifMatch }))
    },
  }),
]
