import { idParams, route } from '#platform/http'
import { timezoneOf } from '../timezones.ts'
import { Agenda, getOwnAgenda, getParticipantAgenda, getTargetAgenda } from './agendas.ts'
import { Board, getBoard } from './boards.ts'
import { Period } from './periods.ts'

const read = 'assignments.assignments.read'
const refusals = ['assignments.period_refused']

export const boardRoutes = [
  route({
    method: 'GET',
    path: '/assignment-domains/{id}/board',
    allow: read,
    summary: 'Get a board: who is on what in a domain, day by day',
    params: idParams,
    query: Period,
    refusals: [...refusals, 'assignments.board_too_large'],
    response: Board,
    async handle({ params, query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await getBoard(app.db.reads(scope), params.id, query, timeZone)
    },
  }),
  route({
    method: 'GET',
    path: '/participants/{id}/assignments',
    allow: read,
    summary: 'Get what a participant is on, day by day',
    description: 'Drafts too (`publishedAt` is null); nothing that was cancelled.',
    params: idParams,
    query: Period,
    refusals,
    response: Agenda,
    async handle({ params, query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await getParticipantAgenda(app.db.reads(scope), params.id, query, timeZone)
    },
  }),
  route({
    method: 'GET',
    path: '/assignment-targets/{id}/assignments',
    allow: read,
    summary: 'Get who is on a target, day by day',
    description: 'Drafts too, and days on which nobody is on it yet; nothing that was cancelled.',
    params: idParams,
    query: Period,
    refusals,
    response: Agenda,
    async handle({ params, query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await getTargetAgenda(app.db.reads(scope), params.id, query, timeZone)
    },
  }),
  route({
    method: 'GET',
    path: '/me/assignments',
    allow: 'assignments.own.use',
    summary: 'Get what you are on yourself, day by day',
    description: 'Of published rounds in all domains, as the participant that is this member.',
    query: Period,
    refusals,
    response: Agenda,
    async handle({ query, scope }, app) {
      const timeZone = await timezoneOf(app, scope)
      return await getOwnAgenda(app.db.reads(scope), query, timeZone)
    },
  }),
]
