import { Type } from 'typebox'
import { idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { requireFeature } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { ueiInput } from '../uei.ts'
import {
  addItem,
  bringContractor,
  Item,
  ItemFields,
  ListedItem,
  listItems,
  listsHolding,
  removeItem,
  updateItem,
} from './items.ts'
import { createList, deleteList, getList, List, ListFields, listLists, updateList } from './lists.ts'

const readLists = 'contractors.lists.read'
const writeLists = 'contractors.lists.write'
const publicLists = 'contractors.public_lists'

const itemParams = Type.Object({ id: uuid, itemId: uuid })

export const listRoutes = [
  route({
    method: 'GET',
    path: '/contractors/{id}/lists',
    allow: readLists,
    summary: 'List the lists that you see and that hold a contractor',
    params: idParams,
    response: Type.Object({ items: Type.Array(Type.Object({ id: uuid, name: Type.String(), itemId: uuid })) }),
    handle: async ({ params, scope }, app) => ({ items: await listsHolding(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists',
    allow: readLists,
    summary: 'List your lists and those open to you',
    description: 'Your favourites come first; they are made when they are first asked for.',
    query: Type.Object(pageQuery),
    response: pageOf(List),
    handle: ({ query, scope }, app) => listLists(app.db.scoped(scope), query),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists',
    allow: writeLists,
    summary: 'Make a list of your own',
    body: ListFields,
    refusals: ['tenancy.feature_off'],
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
    description: 'Only what is sent changes. With `If-Match` only as long as the list is as you read it.',
    params: idParams,
    body: Type.Partial(ListFields),
    refusals: ['tenancy.feature_off'],
    conditional: true,
    response: List,
    async handle({ params, body, ifMatch, scope }, app) {
      if (body.isPublic && !(await getList(app.db.reads(scope), params.id)).isPublic) {
        await requireFeature(app, scope.tenantId, publicLists)
      }
      return await app.db.transaction(scope, tx => updateList(tx, params.id, body, ifMatch))
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
    path: '/contractor-lists/{id}/items',
    allow: readLists,
    summary: 'List the contractors in a list, latest addition first',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(ListedItem),
    handle: ({ params, query, scope }, app) => listItems(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/items',
    allow: writeLists,
    summary: 'Add a contractor to a list',
    description: 'By `contractorId` or by `uei`, one of them. A list has a contractor once: else 409.',
    refusals: ['contractors.already_in_list'],
    params: idParams,
    body: Type.Object({ contractorId: Type.Optional(uuid), uei: Type.Optional(ueiInput), ...ItemFields.properties }),
    status: 201,
    etag: true,
    response: Item,
    async handle({ params, body: { contractorId, uei, ...fields }, scope }, app) {
      if ((contractorId === undefined) === (uei === undefined)) throw errors.oneContractorNeeded()
      const key = contractorId === undefined ? { uei: uei ?? '' } : { contractorId }
      await bringContractor(app.db, scope, key)
      return await app.db.transaction(scope, async tx => {
        const item = await addItem(tx, params.id, key, fields)
        const data = { listId: params.id, itemId: item.id, contractorId: item.contractorId }
        await emitEvent(app, tx, { type: 'contractors.item.added', data })
        return item
      })
    },
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}/items/{itemId}',
    allow: writeLists,
    summary: 'Change what is noted about a contractor in a list',
    description:
      'Only what is sent changes; null empties it. With `If-Match` only as long as the item is as you read it.',
    params: itemParams,
    body: ItemFields,
    conditional: true,
    response: Item,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateItem(tx, params.id, params.itemId, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/contractor-lists/{id}/items/{itemId}',
    allow: writeLists,
    summary: 'Remove a contractor from a list',
    params: itemParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, async tx => {
        await removeItem(tx, params.id, params.itemId)
        const data = { listId: params.id, itemId: params.itemId }
        await emitEvent(app, tx, { type: 'contractors.item.removed', data })
      })
      return null
    },
  }),
]
