import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Database, Scope } from '#platform/database'
import { idParams, nullable, oneOf, pageOf, pageQuery, route, timestamp, uuid } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { ComparedContractor, ComparedField } from './comparisons.ts'
import {
  compareContractors,
  countMatches,
  getMatch,
  getParts,
  listDecisions,
  listMatches,
  MatchDecision,
  MatchDetail,
  MatchSummary,
  mentionStatuses,
} from './match-queue.ts'
import {
  acceptAbove,
  acceptMention,
  mergeContractors,
  type Reviewer,
  rejectMention,
  releaseContractor,
  splitContractor,
  undoBatch,
  undoDecision,
} from './reviews.ts'

const allow = 'contractors.matches.review'
const reason = Type.String({
  minLength: 3,
  maxLength: 1000,
  pattern: '\\S.*\\S.*\\S',
  description: 'Why, for who reads it later',
})
const score = Type.Number({ minimum: 0, maximum: 1 })
const text = nullable(Type.String())
const Decided = Type.Object({
  id: { ...uuid, description: 'Of the decision: by it one undoes it' },
  kind: oneOf(['accept', 'reject', 'split', 'merge']),
  profileId: { ...uuid, description: 'The contractor that was chosen, made or kept' },
})
const busy = 'contractors.catalogue_busy'

export const matchRoutes = [
  route({
    method: 'GET',
    path: '/contractors/matches',
    allow,
    summary: 'List vendors’ texts and what they were found to be, the dearest first',
    query: Type.Object({
      ...pageQuery,
      status: Type.Optional(oneOf(mentionStatuses)),
      source: Type.Optional(Type.String({ maxLength: 50 })),
      minScore: Type.Optional(score),
      maxScore: Type.Optional(score),
      q: Type.Optional(Type.String({ maxLength: 200, description: 'Words of the text' })),
    }),
    response: pageOf(MatchSummary),
    handle: ({ query, scope }, app) => listMatches(app.db.reads(inCatalogue(scope)), query),
  }),
  route({
    method: 'GET',
    path: '/contractors/matches/counts',
    allow,
    summary: 'Count vendors’ texts by what they were found to be',
    response: Type.Object({
      review: Type.Integer({ description: 'Wait for a reviewer' }),
      accepted: Type.Integer(),
      rejected: Type.Integer(),
      decidedByHand: Type.Integer(),
      waiting: Type.Integer({ description: 'Not looked at by the machine since the last import' }),
      sources: Type.Array(Type.Object({ source: Type.String(), review: Type.Integer() })),
    }),
    handle: ({ scope }, app) => countMatches(app.db.reads(inCatalogue(scope))),
  }),
  route({
    method: 'GET',
    path: '/contractors/matches/{id}',
    allow,
    summary: 'Get a vendor’s text beside its candidates',
    params: idParams,
    response: MatchDetail,
    refusals: ['contractors.mention_not_found'],
    handle: ({ params, scope }, app) => getMatch(app.db.reads(inCatalogue(scope)), params.id),
  }),
  route({
    method: 'POST',
    path: '/contractors/matches/{id}/acceptance',
    allow,
    summary: 'Decide which contractor a vendor’s text means',
    params: idParams,
    body: Type.Object({ contractorId: uuid, reason: Type.Optional(reason) }),
    response: Decided,
    refusals: [
      'contractors.mention_not_found',
      'contractors.contractor_unknown',
      'contractors.placeholder_stays',
      'contractors.decided_already',
      busy,
    ],
    handle: decide(acceptMention),
  }),
  route({
    method: 'POST',
    path: '/contractors/matches/{id}/rejection',
    allow,
    summary: 'Decide that a vendor’s text means none of the known contractors',
    description: 'It becomes, or stays, a contractor of its own without UEI.',
    params: idParams,
    body: Type.Object({ reason }),
    response: Decided,
    refusals: ['contractors.mention_not_found', 'contractors.decided_already', busy],
    handle: decide(rejectMention),
  }),
  route({
    method: 'POST',
    path: '/contractors/matches/acceptances',
    allow,
    summary: 'Accept the best candidate of all waiting texts from a score on, at most 1,000 at a time',
    body: Type.Object({
      minScore: score,
      source: Type.Optional(Type.String({ maxLength: 50 })),
      reason: Type.Optional(reason),
      dryRun: Type.Optional(Type.Boolean({ description: 'Tell how many these are, and change nothing' })),
    }),
    response: Type.Object({
      batchId: nullable({ ...uuid, description: 'By it all of them are undone' }),
      accepted: Type.Integer(),
      left: Type.Integer({ description: 'That are above the score and wait still' }),
    }),
    refusals: [busy],
    handle: ({ body, scope }, app) => acceptAbove(app.db, inCatalogue(scope), body, reviewerOf(scope, app)),
  }),
  route({
    method: 'GET',
    path: '/contractors/match-decisions',
    allow,
    summary: 'List decisions about matches, the latest first',
    query: Type.Object({
      ...pageQuery,
      mentionId: Type.Optional(uuid),
      contractorId: Type.Optional(uuid),
      standing: Type.Boolean({ default: false, description: 'Only those that hold' }),
    }),
    response: pageOf(MatchDecision),
    handle: ({ query, scope }, app) => listDecisions(app.db.reads(inCatalogue(scope)), query),
  }),
  route({
    method: 'POST',
    path: '/contractors/match-decisions/{id}/undo',
    allow,
    summary: 'Undo a decision about a match or a merge',
    params: idParams,
    body: Type.Object({ reason }),
    response: Decided,
    refusals: ['contractors.decision_not_found', 'contractors.undone_already', 'contractors.decided_since', busy],
    handle: decide(undoDecision),
  }),
  route({
    method: 'POST',
    path: '/contractors/match-batches/{id}/undo',
    allow,
    summary: 'Undo what was accepted at once',
    params: idParams,
    body: Type.Object({ reason }),
    response: Type.Object({
      undone: Type.Integer(),
      kept: Type.Integer({ description: 'About which something was decided since' }),
    }),
    refusals: [busy],
    handle: decide(undoBatch),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/comparison',
    allow,
    summary: 'Compare a contractor with one that might be the same',
    params: idParams,
    query: Type.Object({ with: uuid }),
    response: Type.Object({
      survivor: ComparedContractor,
      absorbed: ComparedContractor,
      fields: Type.Array(ComparedField),
    }),
    handle: ({ params, query, scope }, app) =>
      compareContractors(app.db.reads(inCatalogue(scope)), params.id, query.with),
  }),
  route({
    method: 'POST',
    path: '/contractors/{id}/merges',
    allow,
    summary: 'Merge another contractor into this one',
    description:
      'This one has the records of both from now on. The other keeps its id and its row; lists that have it show this one.',
    params: idParams,
    body: Type.Object({ absorbedId: uuid, reason }),
    response: Decided,
    refusals: [
      'contractors.contractor_unknown',
      'contractors.placeholder_stays',
      'contractors.absorbed_already',
      'contractors.merge_is_ring',
      'contractors.merge_needs_uei',
      busy,
    ],
    handle: ({ params, body, scope }, app) =>
      mergeContractors(app.db, inCatalogue(scope), { survivorId: params.id, ...body }, reviewerOf(scope, app)),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/parts',
    allow,
    summary: 'Get the texts and absorbed contractors of which a contractor is made',
    params: idParams,
    response: Type.Object({
      mentions: Type.Array(
        Type.Object({
          id: uuid,
          name: Type.String(),
          source: Type.String(),
          city: text,
          state: text,
          recordCount: Type.Integer(),
          reason: text,
        }),
        { description: 'At most 500' },
      ),
      absorbed: Type.Array(
        Type.Object({
          id: uuid,
          name: Type.String(),
          uei: text,
          reason: Type.String(),
          decidedBy: Type.String(),
          decidedAt: timestamp,
        }),
      ),
    }),
    handle: ({ params, scope }, app) => getParts(app.db.reads(inCatalogue(scope)), params.id),
  }),
  route({
    method: 'POST',
    path: '/contractors/{id}/splits',
    allow,
    summary: 'Take vendors’ texts out of a contractor: together they become one without UEI',
    params: idParams,
    body: Type.Object({ mentionIds: Type.Array(uuid, { minItems: 1, maxItems: 500, uniqueItems: true }), reason }),
    response: Decided,
    refusals: ['contractors.contractor_unknown', 'contractors.mention_elsewhere', 'contractors.nothing_left', busy],
    handle: decide(splitContractor),
  }),
  route({
    method: 'POST',
    path: '/contractors/{id}/releases',
    allow,
    summary: 'Take an absorbed contractor out of this one: its merge is undone',
    params: idParams,
    body: Type.Object({ absorbedId: uuid, reason }),
    response: Decided,
    refusals: ['contractors.not_absorbed', 'contractors.undone_already', busy],
    handle: decide(releaseContractor),
  }),
]

/** How a reviewer decides about the one that the address names. */
function decide<Body, Answer>(decision: Decision<Body, Answer>) {
  return ({ params, body, scope }: { params: { id: string }; body: Body; scope: Scope }, app: App): Promise<Answer> =>
    decision(app.db, inCatalogue(scope), params.id, body, reviewerOf(scope, app))
}

type Decision<Body, Answer> = (
  db: Database,
  scope: Scope,
  id: string,
  body: Body,
  reviewer: Reviewer,
) => Promise<Answer>

const reviewerOf = ({ userId, userName }: Scope, app: App): Reviewer => ({
  userId,
  name: userName ?? 'An operator',
  now: app.clock.now(),
})
