import { Type } from 'typebox'
import { date, idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { AvailabilityException, addException, ExceptionFields, listExceptions, removeException } from './exceptions.ts'
import { participantFilters } from './filters.ts'
import { requireMember } from './members.ts'
import {
  createParticipant,
  deleteParticipant,
  eraseParticipant,
  getParticipant,
  listParticipants,
  Participant,
  ParticipantChanges,
  ParticipantFields,
  updateParticipant,
} from './participants.ts'
import { listPreferences, NamedPreference, setPreference, setPreferences, TargetPreference } from './preferences.ts'
import { listRelations, Relation, RelationFields, relate, unrelate } from './relations.ts'

const read = 'assignments.participants.read'
const write = 'assignments.participants.write'

const taken = [
  'assignments.participant_reference_taken',
  'assignments.participant_user_taken',
  'assignments.participant_not_member',
  'assignments.participant_limits',
  'assignments.availability_unread',
  'assignments.skill_too_long',
]

export const participantRoutes = [
  route({
    method: 'GET',
    path: '/participants',
    allow: read,
    summary: 'List participants: who has a skill, who is free at a time, who fits a target',
    description: 'By name. `total` counts all that match.',
    query: Type.Object({ ...pageQuery, ...participantFilters }),
    response: pageOf(Participant, { total: Type.Integer() }),
    handle: ({ query, scope }, app) => listParticipants(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/participants',
    allow: write,
    summary: 'Enter a participant',
    body: Type.Object({ domainId: uuid, ...ParticipantFields.properties }),
    refusals: taken,
    status: 201,
    etag: true,
    response: Participant,
    async handle({ body: { domainId, ...fields }, scope }, app) {
      await requireMember(app, scope, fields.userId)
      return await app.db.transaction(scope, tx => createParticipant(tx, domainId, fields))
    },
  }),
  route({
    method: 'GET',
    path: '/participants/{id}',
    allow: read,
    summary: 'Get a participant',
    params: idParams,
    response: Participant,
    handle: ({ params, scope }, app) => getParticipant(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/participants/{id}',
    allow: write,
    summary: 'Change a participant',
    description:
      'Only what is sent changes; lists and objects as a whole. A level of a skill that he has no more goes with it.',
    params: idParams,
    body: ParticipantChanges,
    refusals: taken,
    conditional: true,
    response: Participant,
    async handle({ params, body, ifMatch, scope }, app) {
      // Who is not there is said before what is asked of him.
      if (body.userId) await getParticipant(app.db.reads(scope), params.id)
      await requireMember(app, scope, body.userId)
      return await app.db.transaction(scope, tx => updateParticipant(tx, params.id, body, ifMatch))
    },
  }),
  route({
    method: 'DELETE',
    path: '/participants/{id}',
    allow: write,
    summary: 'Delete a participant who was never assigned',
    params: idParams,
    refusals: ['assignments.participant_assigned'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteParticipant(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/participants/{id}/erasure',
    allow: write,
    summary: 'Erase what names a participant, for good',
    description:
      'Name, contact, availability, remarks and exceptions go; that somebody did the work stays, for the others’ sake.',
    params: idParams,
    response: Participant,
    handle: ({ params, scope }, app) => app.db.transaction(scope, tx => eraseParticipant(tx, params.id)),
  }),
  route({
    method: 'GET',
    path: '/participants/{id}/exceptions',
    allow: read,
    summary: 'List the days on which a participant is there or away otherwise than usual',
    params: idParams,
    query: Type.Object({ ...pageQuery, from: Type.Optional(date), to: Type.Optional(date) }),
    response: pageOf(AvailabilityException),
    async handle({ params, query, scope, principal: { permissions } }, app) {
      const page = await listExceptions(app.db.reads(scope), params.id, query)
      // Often of somebody's health: who only looks on need not know.
      return permissions.has(write) ? page : { ...page, items: page.items.map(each => ({ ...each, note: null })) }
    },
  }),
  route({
    method: 'POST',
    path: '/participants/{id}/exceptions',
    allow: write,
    summary: 'Say that a participant is away, or there, on some days',
    params: idParams,
    body: ExceptionFields,
    refusals: ['assignments.exception_order', 'assignments.exception_times'],
    status: 201,
    response: AvailabilityException,
    handle: ({ params, body, scope }, app) => app.db.transaction(scope, tx => addException(tx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/participants/{id}/exceptions/{exceptionId}',
    allow: write,
    summary: 'Take an exception back',
    params: Type.Object({ id: uuid, exceptionId: uuid }),
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await removeException(app.db.scoped(scope), params.id, params.exceptionId)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/participants/{id}/preferences',
    allow: read,
    summary: 'List which targets a participant likes, and which he must not be on',
    params: idParams,
    response: Type.Object({ items: Type.Array(NamedPreference) }),
    handle: async ({ params, scope }, app) => ({ items: await listPreferences(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'PUT',
    path: '/participants/{id}/preferences',
    allow: write,
    summary: 'Say which targets a participant likes, and which he must not be on',
    description: 'These take the place of all that there were.',
    params: idParams,
    body: Type.Object({ items: Type.Array(TargetPreference, { maxItems: 1_000 }) }),
    refusals: ['assignments.preference_targets_unknown', 'assignments.preference_twice'],
    response: Type.Object({ items: Type.Array(NamedPreference) }),
    handle: async ({ params, body, scope }, app) => ({
      items: await app.db.transaction(scope, tx => setPreferences(tx, params.id, body.items)),
    }),
  }),
  route({
    method: 'PUT',
    path: '/participants/{id}/preferences/{targetId}',
    allow: write,
    summary: 'Say how much a participant likes one target, or that he must not be on it',
    description: 'A weight of 0 without `isExcluded` takes the wish back.',
    params: Type.Object({ id: uuid, targetId: uuid }),
    body: Type.Omit(TargetPreference, ['targetId']),
    refusals: ['assignments.preference_targets_unknown'],
    status: 204,
    response: Type.Null(),
    async handle({ params, body, scope }, app) {
      await app.db.transaction(scope, tx => setPreference(tx, params.id, params.targetId, body))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/participant-relations',
    allow: read,
    summary: 'List who is on the same targets as somebody, and who never is',
    query: Type.Object({ ...pageQuery, domainId: Type.Optional(uuid), participantId: Type.Optional(uuid) }),
    response: pageOf(Relation),
    handle: ({ query, scope }, app) => listRelations(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/participant-relations',
    allow: write,
    summary: 'Have two participants on the same targets, or never',
    body: RelationFields,
    refusals: ['assignments.relation_taken', 'assignments.relation_of_one'],
    status: 201,
    response: Relation,
    handle: ({ body, scope }, app) => app.db.transaction(scope, tx => relate(tx, body)),
  }),
  route({
    method: 'DELETE',
    path: '/participant-relations/{id}',
    allow: write,
    summary: 'Take a relation back',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await unrelate(app.db.scoped(scope), params.id)
      return null
    },
  }),
]
