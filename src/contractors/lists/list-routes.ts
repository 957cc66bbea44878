import { Type } from 'typebox'
import { idParams, nullable, oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import { requireFeature } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { itemRoutes } from './item-routes.ts'
import { ListSummary, summariseList } from './list-summaries.ts'
import {
  createList,
  deleteList,
  getList,
  List,
  ListChanges,
  ListFields,
  listLists,
  moveList,
  updateList,
} from './lists.ts'
import { copyList, mergeLists } from './transfers.ts'

const readLists = 'contractors.lists.read'
const writeLists = 'contractors.lists.write'
const publicLists = 'contractors.public_lists'

export const listRoutes = [
  route({
    method: 'GET',
    path: '/contractor-lists',
    allow: readLists,
    summary: 'List your lists and those open to you',
    description: 'Your favourites come first; they are made when they are first asked for.',
    query: Type.Object({
      ...pageQuery,
      archived: Type.Boolean({ default: false, description: 'Those that are archived, instead of those in use' }),
    }),
    response: pageOf(List),
    handle: ({ query, scope }, app) => listLists(app.db.scoped(scope), query),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists',
    allow: writeLists,
    summary: 'Make a list of your own',
    body: ListFields,
    refusals: ['tenancy.feature_off', 'contractors.field_twice', 'contractors.field_without_options'],
    status: 201,
    etag: true,
    response: List,
    async handle({ body, scope }, app) {
      if (body.isPublic) await requireFeature(app, scope.tenantId, publicLists)
      return await app.db.transaction(scope, async tx => {
        const list = await createList(tx, body)
        await emitEvent(app, tx, { type: 'contractors.list.created', data: { id: list.id, name: list.name } })
        return list
      })
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}',
    allow: readLists,
    summary: 'Get a list',
    params: idParams,
    response: List,
    handle: ({ params, scope }, app) => getList(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}',
    allow: writeLists,
    summary: 'Change a list of your own',
    description: `Only what is sent changes. With \`If-Match\` only as long as the list is as you read it. Of an archived list nothing
changes but \`isArchived\`. What items have of a field that is taken out of \`settings\` stays with them, and is there again
when a field with its id is.`,
    params: idParams,
    body: ListChanges,
    refusals: [
      'tenancy.feature_off',
      'contractors.list_archived',
      'contractors.default_list_stays',
      'contractors.default_list_changed',
      'contractors.field_twice',
      'contractors.field_without_options',
    ],
    conditional: true,
    response: List,
    async handle({ params, body, ifMatch, scope }, app) {
      if (body.isPublic && !(await getList(app.db.reads(scope), params.id)).isPublic) {
        await requireFeature(app, scope.tenantId, publicLists)
      }
      return await app.db.transaction(scope, async tx => {
        const list = await updateList(tx, params.id, body, ifMatch)
        const type = body.isArchived ? 'contractors.list.archived' : 'contractors.list.unarchived'
        if (body.isArchived !== undefined) await emitEvent(app, tx, { type, data: { id: list.id, name: list.name } })
        return list
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/contractor-lists/{id}',
    allow: writeLists,
    summary: 'Delete a list of your own with its items',
    refusals: ['contractors.default_list_stays'],
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, async tx => {
        await deleteList(tx, params.id)
        await emitEvent(app, tx, { type: 'contractors.list.deleted', data: { id: params.id } })
      })
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/summary',
    allow: readLists,
    summary: 'Count the contractors in a list by state, industry, tag, priority and rating',
    params: idParams,
    response: ListSummary,
    handle: ({ params, scope }, app) => summariseList(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PUT',
    path: '/contractor-lists/{id}/position',
    allow: writeLists,
    summary: 'Put a list of your own behind another one',
    refusals: ['contractors.default_list_stays'],
    params: idParams,
    body: Type.Object({
      after: nullable({ ...uuid, description: 'The list of yours above it; null for the place after your favourites' }),
    }),
    response: List,
    handle: ({ params, body, scope }, app) => app.db.transaction(scope, tx => moveList(tx, params.id, body.after)),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/copy',
    allow: writeLists,
    summary: 'Copy a list that you see, with all that is noted, into one of your own',
    params: idParams,
    body: Type.Object({ name: ListFields.properties.name }),
    refusals: ['usage.quota_exceeded'],
    status: 201,
    etag: true,
    response: List,
    async handle({ params, body, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const list = await copyList(tx, params.id, body.name)
        const data = { id: list.id, name: list.name, copyOf: params.id, itemCount: list.itemCount }
        await emitEvent(app, tx, { type: 'contractors.list.created', data })
        return list
      })
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/merge',
    allow: writeLists,
    summary: 'Bring all that another list has into a list',
    description: `A contractor that both have keeps what this list says of it; what the other one says is added to the notes, under
its name. Tags are put together. Afterwards the other list stays, or, if it is yours, is archived or deleted.`,
    refusals: [
      'contractors.same_list',
      'contractors.merged_notes_too_long',
      'contractors.list_archived',
      'contractors.default_list_stays',
      'usage.quota_exceeded',
    ],
    params: idParams,
    body: Type.Object({ fromListId: uuid, afterwards: oneOf(['keep', 'archive', 'delete']) }),
    response: Type.Object({
      added: Type.Integer(),
      combined: Type.Integer({ description: 'Were in both, and have what both said' }),
      unchanged: Type.Integer({ description: 'Were in both, and the other list said nothing new' }),
    }),
    async handle({ params, body, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const merge = await mergeLists(tx, params.id, body.fromListId, body.afterwards)
        const data = { id: params.id, fromListId: body.fromListId, ...merge }
        await emitEvent(app, tx, { type: 'contractors.list.merged', data })
        return merge
      })
    },
  }),
  ...itemRoutes,
]
