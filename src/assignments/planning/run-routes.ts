import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { timezoneOf } from '../timezones.ts'
import { acceptRun } from './acceptance.ts'
import { Check, checkRound, checkRun } from './checks.ts'
import { requestRun } from './run-requests.ts'
import { getRun, listProposedPairs, listRuns, ProposedPair, RunFields, SolverRun, stopRun } from './runs.ts'

const read = 'assignments.assignments.read'
const write = 'assignments.assignments.write'
const runParams = Type.Object({ id: uuid, runId: uuid })
const closed = ['assignments.assignment_closed', 'assignments.assignment_locked']

export const runRoutes = [
  route({
    method: 'POST',
    path: '/assignments/{id}/runs',
    allow: write,
    summary: 'Plan a round',
    description:
      'A small round is solved while you wait; else the run is queued: ask for it each second. Of a draft the answer becomes its plan by itself, unless `accept` is false. Where nothing is possible, `conflict` says why, and what would mend it.',
    params: idParams,
    body: RunFields,
    refusals: [
      ...closed,
      'assignments.run_under_way',
      'assignments.runs_too_many',
      'assignments.strategy_unknown',
      'assignments.strategy_parameters',
      'assignments.pin_impossible',
    ],
    status: 201,
    response: SolverRun,
    handle: ({ params, body, scope }, app) => requestRun(app, scope, params.id, body),
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/runs',
    allow: read,
    summary: 'List the runs of a round: what was asked of the engine, and what it answered',
    description: 'The latest first.',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(SolverRun),
    handle: ({ params, query, scope }, app) => listRuns(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/runs/{runId}',
    allow: read,
    summary: 'Get a run: how far it is, what it found',
    params: runParams,
    response: SolverRun,
    handle: ({ params, scope }, app) => getRun(app.db.reads(scope), params.id, params.runId),
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/runs/{runId}/details',
    allow: read,
    summary: 'List who is on what by the plan of a run',
    params: runParams,
    query: Type.Object(pageQuery),
    response: pageOf(ProposedPair),
    handle: ({ params, query, scope }, app) => listProposedPairs(app.db.reads(scope), params.id, params.runId, query),
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/runs/{runId}/stop',
    allow: write,
    summary: 'Stop a run; the best plan that it has found is kept',
    params: runParams,
    response: SolverRun,
    handle: ({ params, scope }, app) => app.db.transaction(scope, tx => stopRun(tx, params.id, params.runId)),
  }),
  route({
    method: 'POST',
    path: '/assignments/{id}/runs/{runId}/acceptance',
    allow: write,
    summary: 'Make the plan of a run the plan of its round',
    description: 'Refused where the round, or who can do what in it, is no longer as the run read it.',
    params: runParams,
    refusals: [
      ...closed,
      'assignments.run_unfinished',
      'assignments.run_without_plan',
      'assignments.run_accepted',
      'assignments.run_outdated',
      'assignments.run_broken',
      'assignments.pin_impossible',
    ],
    response: SolverRun,
    async handle({ params, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await app.db.transaction(scope, async tx => {
        await acceptRun(app, tx, params.id, params.runId, { timeZone })
        return await getRun(tx, params.id, params.runId)
      })
    },
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/runs/{runId}/check',
    allow: read,
    summary: 'Check the plan of a run by its certificate, on what the database holds',
    params: runParams,
    refusals: ['assignments.run_unfinished', 'assignments.run_without_plan'],
    rateLimit: 30,
    response: Check,
    handle: ({ params, scope }, app) => checkRun(app.db.reads(scope), params.id, params.runId),
  }),
  route({
    method: 'GET',
    path: '/assignments/{id}/check',
    allow: read,
    summary: 'Check a round as it stands by the rules of today',
    params: idParams,
    response: Check,
    async handle({ params, scope }, app) {
      return await checkRound(app.db.reads(scope), params.id, await timezoneOf(app, scope))
    },
  }),
]
