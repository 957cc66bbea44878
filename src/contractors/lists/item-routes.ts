import { Type } from 'typebox'
import { nullable, oneOf, type Principal, pageOf, pageQuery, route, uuid } from '#platform/http'
import { emitEvent } from '#platform/webhooks'
import { errors } from '../errors.ts'
import { Search } from '../search/search.ts'
import { ueiInput } from '../uei.ts'
import { AdditionReport, addNamed, idsInEvent, mostAtOnce, type Selection } from './additions.ts'
import { BulkChange, changeItems } from './bulk-changes.ts'
import { directions, ItemOrder } from './fields.ts'
import { listItemIds, listItems } from './item-pages.ts'
import {
  addItem,
  bringContractor,
  countView,
  Item,
  ItemFields,
  ListedItem,
  listsHolding,
  moveItem,
  priorities,
  updateItem,
} from './items.ts'
import { listRemovals, Removal, removeItem, removeItems, restoreRemoval } from './removals.ts'
import { getSearchAddition, listSearchAdditions, requestSearchAddition, SearchAddition } from './search-additions.ts'
import { addSheet, SheetReport, sheetModes } from './sheets.ts'
import { transferItems } from './transfers.ts'

const readLists = 'contractors.lists.read'
const writeLists = 'contractors.lists.write'
const notPermitted = 'contractors.addition_not_permitted'

const listParams = Type.Object({ id: uuid })
const itemParams = Type.Object({ id: uuid, itemId: uuid })
const itemIds = Type.Array(uuid, { minItems: 1, maxItems: mostAtOnce })

const itemFilters = {
  q: Type.Optional(Type.String({ maxLength: 200, description: 'Words in the name, the UEI, the notes or tags' })),
  tag: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
      maxItems: 10,
      description: 'Repeat the parameter for items that have all of them',
    }),
  ),
  minRating: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  priority: Type.Optional(
    Type.Array(oneOf(priorities), { maxItems: 4, description: 'Repeat the parameter for any of several' }),
  ),
  state: Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z]{2}$' }), {
      maxItems: 20,
      description: 'Repeat the parameter for any of several',
    }),
  ),
}

export const itemRoutes = [
  route({
    method: 'GET',
    path: '/contractors/{id}/lists',
    allow: readLists,
    summary: 'List the lists that you see and that hold a contractor',
    params: listParams,
    response: Type.Object({ items: Type.Array(Type.Object({ id: uuid, name: Type.String(), itemId: uuid })) }),
    handle: async ({ params, scope }, app) => ({ items: await listsHolding(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/items',
    allow: readLists,
    summary: 'List the contractors in a list, latest addition first unless told',
    params: listParams,
    query: Type.Object({
      ...pageQuery,
      sort: Type.Optional(ItemOrder),
      direction: Type.Optional(oneOf(directions)),
      ...itemFilters,
    }),
    response: pageOf(ListedItem),
    handle: ({ params, query, scope }, app) => listItems(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/item-ids',
    allow: readLists,
    summary: 'List the ids of all items of a list, and whom they hold, as they were put by hand',
    params: listParams,
    query: Type.Object(itemFilters),
    response: Type.Object({ items: Type.Array(Type.Object({ id: uuid, contractorId: uuid })) }),
    handle: async ({ params, query, scope }, app) => ({
      items: await listItemIds(app.db.reads(scope), params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/items',
    allow: writeLists,
    summary: 'Add a contractor to a list',
    description: 'By `contractorId` or by `uei`, one of them. A list has a contractor once: else 409.',
    refusals: ['contractors.already_in_list', 'contractors.list_archived', notPermitted],
    params: listParams,
    body: Type.Object({ contractorId: Type.Optional(uuid), uei: Type.Optional(ueiInput), ...ItemFields.properties }),
    status: 201,
    etag: true,
    response: Item,
    async handle({ params, body: { contractorId, uei, ...fields }, principal, scope }, app) {
      requireLookingUp(principal)
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
    refusals: ['contractors.list_archived', 'contractors.field_unknown', 'contractors.field_value_unfit'],
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
    description: 'For 30 days it can be put back with all that was noted: see the removals of the list.',
    refusals: ['contractors.list_archived'],
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
  route({
    method: 'PUT',
    path: '/contractor-lists/{id}/items/{itemId}/position',
    allow: writeLists,
    summary: 'Put an item behind another one, in the order by hand',
    refusals: ['contractors.list_archived'],
    params: itemParams,
    body: Type.Object({ after: nullable({ ...uuid, description: 'The item above it; null for the first place' }) }),
    status: 204,
    response: Type.Null(),
    async handle({ params, body, scope }, app) {
      await app.db.transaction(scope, tx => moveItem(tx, params.id, params.itemId, body.after))
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/items/{itemId}/views',
    allow: readLists,
    summary: 'Say that somebody has opened an item',
    description: 'Counted once for each call; not to be called when something is merely shown or fetched ahead.',
    params: itemParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await countView(app.db.scoped(scope), params.id, params.itemId)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/additions',
    allow: writeLists,
    summary: 'Add many contractors to a list at once',
    description: `Named by one of: \`contractorIds\`; \`text\` with UEIs and CAGE codes in any form; \`listId\`, all that another
list has. At most ${mostAtOnce}. What is in the list already stays as it is, so that a repetition changes nothing. All of them
get the same notes, tags, rating and priority. With \`trial\` nothing is written and the answer says what would be.`,
    refusals: ['contractors.one_selection_needed', 'contractors.list_archived', 'usage.quota_exceeded', notPermitted],
    params: listParams,
    body: Type.Object({
      contractorIds: Type.Optional(Type.Array(uuid, { minItems: 1, maxItems: mostAtOnce })),
      text: Type.Optional(Type.String({ minLength: 1, maxLength: 200_000, examples: ['C12NSYAH27N4, 1U3Z2'] })),
      listId: Type.Optional(uuid),
      trial: Type.Boolean({ default: false }),
      ...ItemFields.properties,
    }),
    response: AdditionReport,
    handle({ params, body: { contractorIds, text, listId, trial, ...fields }, principal, scope }, app) {
      const named: (Selection | false | undefined)[] = [
        contractorIds && { contractorIds },
        text !== undefined && { text },
        listId !== undefined && { listId },
      ]
      const [selection, another] = named.filter(each => typeof each === 'object')
      if (!selection || another) throw errors.oneSelectionNeeded()
      if (!('listId' in selection)) requireLookingUp(principal)
      return addNamed(app, scope, params.id, { selection, fields, isTrial: trial })
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/search-additions',
    allow: writeLists,
    summary: 'Add all that a search finds to a list',
    description: 'It goes on by itself, some hundred at a time; ask how far it is. What was added when it fails stays.',
    refusals: ['contractors.list_archived', 'contractors.additions_under_way', notPermitted],
    params: listParams,
    body: Type.Object({ search: Search, ...ItemFields.properties }),
    status: 202,
    response: SearchAddition,
    async handle({ params, body: { search, ...fields }, principal, scope }, app) {
      requireLookingUp(principal)
      return await app.db.transaction(scope, tx => requestSearchAddition(tx, params.id, search, fields))
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/search-additions',
    allow: readLists,
    summary: 'List the searches whose results you have on their way into a list, and those of the last day',
    params: listParams,
    response: Type.Object({ items: Type.Array(SearchAddition, { description: 'The latest first, at most 20' }) }),
    async handle({ params, scope }, app) {
      return { items: await listSearchAdditions(app.db.reads(scope), params.id) }
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/search-additions/{additionId}',
    allow: readLists,
    summary: 'See how far the results of your search are on their way into a list',
    params: Type.Object({ id: uuid, additionId: uuid }),
    response: SearchAddition,
    handle: ({ params, scope }, app) => getSearchAddition(app.db.reads(scope), params.id, params.additionId),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/sheets',
    allow: writeLists,
    summary: 'Add the contractors of a CSV sheet to a list',
    description: `The first line names the columns; those for UEI, notes, tags, rating and priority are found by their usual names
or named here (empty: none). \`trial\`, unless told, writes nothing and reports on each row; \`valid\` takes the rows that can be
taken; \`all\` refuses if one cannot be.`,
    refusals: [
      'contractors.sheet_empty',
      'contractors.sheet_too_long',
      'contractors.sheet_too_wide',
      'contractors.sheet_without_uei',
      'contractors.sheet_column_unknown',
      'contractors.sheet_has_faults',
      'contractors.list_archived',
      'usage.quota_exceeded',
      notPermitted,
    ],
    params: listParams,
    query: Type.Object({
      mode: oneOf(sheetModes, { description: '`trial` unless told' }),
      updates: Type.Boolean({ default: false, description: 'Contractors that are in the list get what the row says' }),
      uei: Type.Optional(Type.String({ maxLength: 200 })),
      notes: Type.Optional(Type.String({ maxLength: 200 })),
      tags: Type.Optional(Type.String({ maxLength: 200 })),
      rating: Type.Optional(Type.String({ maxLength: 200 })),
      priority: Type.Optional(Type.String({ maxLength: 200 })),
    }),
    rawBody: { types: ['text/csv'], limit: 8 * 1_048_576 },
    response: SheetReport,
    async handle({ params, query: { mode, updates, ...columns }, rawBody, principal, scope }, app) {
      requireLookingUp(principal)
      return await addSheet(app.db, scope, params.id, rawBody, { mode, updates, columns }, async (tx, added) => {
        if (added === 0) return
        await emitEvent(app, tx, { type: 'contractors.items.added', data: { listId: params.id, count: added } })
      })
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/changes',
    allow: writeLists,
    summary: 'Change many items of a list alike',
    params: listParams,
    body: Type.Object({ itemIds, ...BulkChange.properties }),
    refusals: ['contractors.list_archived', 'contractors.field_unknown', 'contractors.field_value_unfit'],
    response: Type.Object({ changed: Type.Integer() }),
    async handle({ params, body: { itemIds, ...change }, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const ids = await changeItems(tx, params.id, itemIds, change)
        const data = { listId: params.id, count: ids.length, itemIds: ids.slice(0, idsInEvent) }
        if (ids.length > 0) await emitEvent(app, tx, { type: 'contractors.items.changed', data })
        return { changed: ids.length }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/removals',
    allow: writeLists,
    summary: 'List what was removed from a list and can be put back',
    params: listParams,
    response: Type.Object({ items: Type.Array(Removal) }),
    handle: async ({ params, scope }, app) => ({ items: await listRemovals(app.db.reads(scope), params.id) }),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/removals',
    allow: writeLists,
    summary: 'Remove many contractors from a list at once',
    description: 'For 30 days they can be put back together with all that was noted.',
    refusals: ['contractors.list_archived'],
    params: listParams,
    body: Type.Object({ itemIds }),
    status: 201,
    response: Removal,
    async handle({ params, body, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const removal = await removeItems(tx, params.id, body.itemIds)
        const data = { listId: params.id, count: removal.itemCount, itemIds: body.itemIds.slice(0, idsInEvent) }
        if (removal.itemCount > 0) await emitEvent(app, tx, { type: 'contractors.items.removed', data })
        return removal
      })
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/removals/{removalId}/restoration',
    allow: writeLists,
    summary: 'Put back what was removed, with all that was noted',
    refusals: ['contractors.removal_not_found', 'contractors.list_archived', 'usage.quota_exceeded'],
    params: Type.Object({ id: uuid, removalId: uuid }),
    response: Type.Object({
      restored: Type.Integer(),
      alreadyIn: Type.Integer({ description: 'Were added again meanwhile and stay as they are' }),
    }),
    async handle({ params, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const { itemIds, alreadyIn } = await restoreRemoval(tx, params.id, params.removalId)
        const data = { listId: params.id, count: itemIds.length, itemIds: itemIds.slice(0, idsInEvent) }
        if (itemIds.length > 0) await emitEvent(app, tx, { type: 'contractors.items.added', data })
        return { restored: itemIds.length, alreadyIn }
      })
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/transfers',
    allow: writeLists,
    summary: 'Copy or move items of a list into another one',
    description: 'With all that is noted. What the other list has already stays as it is in both.',
    refusals: ['contractors.same_list', 'contractors.merged_notes_too_long', 'contractors.list_archived'],
    params: listParams,
    body: Type.Object({ itemIds, toListId: uuid, move: Type.Boolean({ default: false }) }),
    response: Type.Object({
      added: Type.Integer(),
      alreadyIn: Type.Integer(),
      moved: Type.Integer({ description: 'Taken out of this list; 0 of a copy' }),
      removalId: nullable({ ...uuid, description: 'By which what was moved can be put back here' }),
    }),
    async handle({ params, body, scope }, app) {
      return await app.db.transaction(scope, async tx => {
        const done = await transferItems(tx, params.id, body.itemIds, body.toListId, body.move)
        const data = { listId: body.toListId, fromListId: params.id, count: done.added }
        if (done.added > 0) await emitEvent(app, tx, { type: 'contractors.items.added', data })
        if (done.moved > 0) {
          const removed = { listId: params.id, toListId: body.toListId, count: done.moved }
          await emitEvent(app, tx, { type: 'contractors.items.removed', data: removed })
        }
        return done
      })
    },
  }),
]

/**
 * Whoever names contractors by UEI, id or search, and is told what there is, reads the catalogue: an API key, or a role, may
 * change lists without that. What another list has he sees already.
 */
function requireLookingUp({ permissions }: Principal): void {
  if (!permissions.has('contractors.profiles.read')) throw errors.additionNotPermitted()
}
