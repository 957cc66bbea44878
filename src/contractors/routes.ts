import { Type } from 'typebox'
import type { Scope } from '#platform/database'
import { decimal, idParams, pageOf, pageQuery, route, uuid } from '#platform/http'
import { requireFeature } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { errors } from './errors.ts'
import { Facets } from './facets.ts'
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
import { Award, Contractor, ContractorPage, getContractorPage, listAwards, totalAwards } from './profile-pages.ts'
import { searchContractors } from './search.ts'

const read = 'contractors.profiles.read'
const readLists = 'contractors.lists.read'
const writeLists = 'contractors.lists.write'
const publicLists = 'contractors.public_lists'

const uei = Type.String({
  pattern: '^[A-HJ-NP-Za-hj-np-z0-9]{12}$',
  description: 'Unique Entity Identifier: 12 letters and digits without I and O',
  examples: ['C12NSYAH27N4'],
})

/** The catalogue is everybody's, and in the main database wherever a tenant has its lists. */
const inCatalogue = (scope: Scope): Scope => ({ ...scope, tenantId: undefined })

const itemParams = Type.Object({ id: uuid, itemId: uuid })

export const contractorsRoutes = [
  route({
    method: 'GET',
    path: '/contractors',
    allow: read,
    summary: 'Search contractors',
    description: `By words of the name (the last may be unfinished; a mistyped word is corrected and \`correctedQuery\`
says to what), by exact UEI or CAGE code, and by filters, all of which must hold; of several states, or of several
industries, one is enough. Names that are what was typed come
first (legal forms such as INC aside), then names that begin with it, then all others; within each by total contract
value. The counts of states and industries are those without that filter itself. Totals and facets are exact up to 10,000 matches; beyond, \`capped\` is true and facets are counted over 10,000 of
the matches.`,
    query: Type.Object({
      q: Type.Optional(Type.String({ maxLength: 500, description: 'Words of the name, a UEI or a CAGE code' })),
      state: Type.Optional(
        Type.Array(Type.String({ pattern: '^[A-Za-z]{2}$', examples: ['VA'] }), {
          maxItems: 20,
          description: 'Repeat the parameter for contractors in any of several states',
        }),
      ),
      city: Type.Optional(Type.String({ maxLength: 100, description: 'Whole name, in any case' })),
      naics: Type.Optional(
        Type.Array(Type.String({ pattern: '^[0-9]{2,6}$', examples: ['5415'] }), {
          maxItems: 20,
          description: 'First 2 to 6 digits; repeat the parameter for contractors in any of several industries',
        }),
      ),
      businessType: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 20 }), {
          maxItems: 10,
          description: 'SAM business type code; repeat the parameter for contractors that have all of them',
        }),
      ),
      minValue: Type.Optional({ ...decimal, description: 'Least total contract value, US dollars' }),
      maxValue: Type.Optional({ ...decimal, description: 'Greatest total contract value, US dollars' }),
      includePlaceholders: Type.Boolean({ default: false, description: 'Also records of recipients not named' }),
      facets: Type.Boolean({ default: false, description: 'Count matches by state, industry and business type' }),
      ...pageQuery,
    }),
    response: pageOf(Contractor, {
      facets: Type.Optional(Facets),
      total: Type.Object({ count: Type.Integer({ maximum: 10_000 }), capped: Type.Boolean() }),
      correctedQuery: Type.Optional(Type.String({ description: 'What was searched for instead of a mistyped query' })),
    }),
    async handle({ query: { businessType, ...search }, scope }, app) {
      return await app.db.transaction(inCatalogue(scope), tx =>
        searchContractors(tx, { ...search, businessTypes: businessType }),
      )
    },
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}',
    allow: read,
    summary: 'Get a contractor, and where each value comes from',
    params: idParams,
    response: ContractorPage,
    handle: ({ params, scope }, app) => getContractorPage(app.db.reads(inCatalogue(scope)), params),
  }),
  route({
    method: 'GET',
    path: '/contractors/by-uei/{uei}',
    allow: read,
    summary: 'Get a contractor by UEI',
    params: Type.Object({ uei }),
    response: ContractorPage,
    handle: ({ params, scope }, app) => getContractorPage(app.db.reads(inCatalogue(scope)), params),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/awards',
    allow: read,
    summary: 'List the awards of a contractor, latest action first',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(Award),
    handle: ({ params, query, scope }, app) => listAwards(app.db.reads(inCatalogue(scope)), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/award-totals',
    allow: read,
    summary: 'Sum the awards of a contractor by calendar year of signing',
    params: idParams,
    response: Type.Object({
      items: Type.Array(
        Type.Object({
          year: Type.Integer(),
          awards: Type.Integer(),
          obligated: { ...decimal, description: 'US dollars obligated in all by awards signed in the year' },
        }),
      ),
    }),
    handle: async ({ params, scope }, app) => ({
      items: await totalAwards(app.db.reads(inCatalogue(scope)), params.id),
    }),
  }),
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
    body: Type.Object({ contractorId: Type.Optional(uuid), uei: Type.Optional(uei), ...ItemFields.properties }),
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
