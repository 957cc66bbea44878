import { Type } from 'typebox'
import { date, decimal, idParams, nullable, oneOf, pageOf, pageQuery, route, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { addItem, listItems, listsHolding, priorities, removeItem, updateItem } from './items.ts'
import { createList, deleteList, getList, listLists, updateList } from './lists.ts'
import { getContractorPage, listAwards, totalAwards } from './profile-pages.ts'
import { searchContractors } from './search.ts'

const read = 'contractors.profiles.read'
const readLists = 'contractors.lists.read'
const writeLists = 'contractors.lists.write'

const text = nullable(Type.String())
const money = (description: string) => nullable({ ...decimal, description: `${description}, US dollars` })
const uei = Type.String({
  pattern: '^[A-HJ-NP-Za-hj-np-z0-9]{12}$',
  description: 'Unique Entity Identifier: 12 letters and digits without I and O',
  examples: ['C12NSYAH27N4'],
})

const contractor = {
  id: uuid,
  uei: Type.String({ description: 'Unique Entity Identifier' }),
  cageCode: nullable(Type.String({ description: 'Commercial and Government Entity code' })),
  name: Type.String(),
  dbaName: nullable(Type.String({ description: 'Doing business as' })),
  legalBusinessName: text,
  addressLine1: text,
  addressLine2: text,
  city: text,
  state: nullable(Type.String({ description: 'Two-letter code of a US state or territory; null abroad' })),
  zipCode: text,
  country: nullable(Type.String({ description: 'ISO 3166 alpha-3' })),
  congressionalDistrict: nullable(Type.String({ description: 'Two digits within the state' })),
  businessStartDate: nullable(date),
  fiscalYearEndDate: nullable(Type.String({ description: '`MM-DD`' })),
  naicsCode: nullable(Type.String({ description: 'Primary industry' })),
  naicsDescription: text,
  entityStructure: text,
  organizationType: text,
  businessTypes: Type.Array(Type.String(), { description: 'SAM business type codes' }),
  employeeCount: nullable(Type.Integer()),
  annualRevenue: money('Revenue of a year'),
  totalContractValue: money('Obligated over all known awards'),
  activeContractsCount: Type.Integer({ description: 'Awards whose completion date has not passed' }),
  completedContractsCount: Type.Integer({ description: 'Awards whose completion date has passed' }),
  averageContractValue: money('Total contract value by number of awards'),
  certifications: Type.Object({}, { additionalProperties: true, description: 'Code to the date on which it ends' }),
  performanceRating: nullable(Type.String({ description: '0.00 to 5.00' })),
  capabilities: nullable(Type.Array(Type.String())),
  registrationDate: nullable(date),
  registrationStatus: text,
  lastUpdatedDate: nullable(timestamp),
  isPlaceholder: Type.Boolean({ description: 'Stands for recipients that are not named; no contractor' }),
}

const facet = Type.Array(
  Type.Object({
    value: Type.String(),
    label: Type.String(),
    count: Type.Integer({ description: 'Matches that have it' }),
  }),
)

const source = {
  source: Type.String({ description: 'Name of the source', examples: ['sam-v2'] }),
  importedAt: timestamp,
}

const listFields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Teaming partners'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  color: Type.Optional(
    nullable(Type.String({ pattern: '^#[0-9a-f]{6}$', description: 'In lower case', examples: ['#0b7285'] })),
  ),
  icon: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 50 }))),
  isPublic: Type.Optional(Type.Boolean({ description: 'Everybody in the tenant sees it; only its owner changes it' })),
  sortOrder: Type.Optional(
    Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'Smaller comes first among one’s lists' }),
  ),
}

const list = Type.Object({
  id: uuid,
  name: Type.String(),
  description: text,
  isDefault: Type.Boolean({ description: 'The favourites, made for each user; cannot be deleted' }),
  isPublic: Type.Boolean(),
  color: text,
  icon: text,
  sortOrder: Type.Integer(),
  itemCount: Type.Integer(),
  totalValue: { ...decimal, description: 'Sum of the total contract values of its contractors, US dollars' },
  lastItemAddedAt: nullable(timestamp),
  ownerId: uuid,
  isMine: Type.Boolean(),
  createdAt: timestamp,
  updatedAt: timestamp,
})

const itemFields = {
  notes: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50, uniqueItems: true })),
  rating: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 5 }))),
  priority: Type.Optional(nullable(oneOf(priorities))),
}

const item = Type.Object({
  id: uuid,
  contractorId: uuid,
  contractor: Type.Object({
    id: uuid,
    uei: Type.String(),
    name: Type.String(),
    state: text,
    naicsCode: text,
    totalContractValue: money('Obligated over all known awards'),
  }),
  notes: text,
  tags: Type.Array(Type.String()),
  rating: nullable(Type.Integer({ description: '1 to 5' })),
  priority: nullable(oneOf(priorities)),
  addedBy: nullable(uuid),
  addedAt: timestamp,
})

const itemParams = Type.Object({ id: uuid, itemId: uuid })

const contractorPage = Type.Object({
  ...contractor,
  sources: Type.Record(Type.String(), Type.Object({ ...source, sourceId: text }), {
    description:
      'Field to the raw record that gave it. What is computed from awards has the source `awards` and no `sourceId`.',
  }),
  businessTypeLabels: Type.Array(Type.Object({ code: Type.String(), name: Type.String() })),
  records: Type.Array(Type.Object({ ...source, sourceId: Type.String(), updatedAt: timestamp }), {
    description: 'Raw records, the latest change first, at most 100',
  }),
})

export const contractorsRoutes = [
  route({
    method: 'GET',
    path: '/contractors',
    allow: read,
    summary: 'Search contractors',
    description: `By words of the name (the last may be unfinished; a mistyped word is corrected and \`correctedQuery\`
says to what), by exact UEI or CAGE code, and by filters, all of which must hold. Names that are what was typed come
first (legal forms such as INC aside), then names that begin with it, then all others; within each by total contract
value. Totals and facets are exact up to 10,000 matches; beyond, \`capped\` is true and facets are counted over 10,000 of
the matches.`,
    query: Type.Object({
      q: Type.Optional(Type.String({ maxLength: 500, description: 'Words of the name, a UEI or a CAGE code' })),
      state: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2}$', examples: ['VA'] })),
      city: Type.Optional(Type.String({ maxLength: 100, description: 'Whole name, in any case' })),
      naics: Type.Optional(
        Type.String({ pattern: '^[0-9]{2,6}$', description: 'First 2 to 6 digits', examples: ['5415'] }),
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
    response: pageOf(Type.Object(contractor), {
      facets: Type.Optional(Type.Object({ states: facet, naics: facet, businessTypes: facet, capped: Type.Boolean() })),
      total: Type.Object({ count: Type.Integer({ maximum: 10_000 }), capped: Type.Boolean() }),
      correctedQuery: Type.Optional(Type.String({ description: 'What was searched for instead of a mistyped query' })),
    }),
    async handle({ query: { businessType, ...search }, scope }, app) {
      return await app.db.transaction(scope, tx => searchContractors(tx, { ...search, businessTypes: businessType }))
    },
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}',
    allow: read,
    summary: 'Get a contractor, and where each value comes from',
    params: idParams,
    response: contractorPage,
    handle: ({ params, scope }, app) => getContractorPage(app.db.reads(scope), params),
  }),
  route({
    method: 'GET',
    path: '/contractors/by-uei/{uei}',
    allow: read,
    summary: 'Get a contractor by UEI',
    params: Type.Object({ uei }),
    response: contractorPage,
    handle: ({ params, scope }, app) => getContractorPage(app.db.reads(scope), params),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/awards',
    allow: read,
    summary: 'List the awards of a contractor, latest action first',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(
      Type.Object({
        id: uuid,
        piid: Type.String({ description: 'Procurement Instrument Identifier' }),
        agencyId: Type.String(),
        agencyName: text,
        referencedPiid: nullable(Type.String({ description: 'Of the parent award' })),
        description: text,
        naicsCode: text,
        pscCode: nullable(Type.String({ description: 'Product or service code' })),
        signedDate: nullable(date),
        completionDate: nullable(date),
        obligatedAmount: money('Obligated by the latest action alone; negative when it takes back'),
        totalObligated: money('Obligated in all'),
        status: nullable(oneOf(['active', 'completed'], { description: 'By completion date; null without one' })),
      }),
    ),
    handle: ({ params, query, scope }, app) => listAwards(app.db.reads(scope), params.id, query),
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
    handle: async ({ params, scope }, app) => ({ items: await totalAwards(app.db.reads(scope), params.id) }),
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
    response: pageOf(list),
    handle: ({ query, scope }, app) => listLists(app.db.scoped(scope), query),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists',
    allow: writeLists,
    summary: 'Make a list of your own',
    body: Type.Object(listFields),
    status: 201,
    response: list,
    handle: ({ body, scope }, app) => app.db.transaction(scope, tx => createList(tx, body)),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}',
    allow: readLists,
    summary: 'Get a list',
    params: idParams,
    response: list,
    handle: ({ params, scope }, app) => getList(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}',
    allow: writeLists,
    summary: 'Change a list of your own',
    description: 'Only what is sent changes. With `If-Match` only as long as the list is as you read it.',
    params: idParams,
    body: Type.Partial(Type.Object(listFields)),
    conditional: true,
    response: list,
    handle: ({ params, body, ifMatch, scope }, app) =>
      app.db.transaction(scope, tx => updateList(tx, params.id, body, ifMatch)),
  }),
  route({
    method: 'DELETE',
    path: '/contractor-lists/{id}',
    allow: writeLists,
    summary: 'Delete a list of your own with its items',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteList(app.db.scoped(scope), params.id)
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
    response: pageOf(item),
    handle: ({ params, query, scope }, app) => listItems(app.db.reads(scope), params.id, query),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/items',
    allow: writeLists,
    summary: 'Add a contractor to a list',
    description: 'By `contractorId` or by `uei`, one of them. A list has a contractor once: else 409.',
    params: idParams,
    body: Type.Object({ contractorId: Type.Optional(uuid), uei: Type.Optional(uei), ...itemFields }),
    status: 201,
    response: item,
    async handle({ params, body: { contractorId, uei, ...fields }, scope }, app) {
      if ((contractorId === undefined) === (uei === undefined)) throw errors.oneContractorNeeded()
      const key = contractorId === undefined ? { uei: uei ?? '' } : { contractorId }
      return await app.db.transaction(scope, tx => addItem(tx, params.id, key, fields))
    },
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}/items/{itemId}',
    allow: writeLists,
    summary: 'Change what is noted about a contractor in a list',
    description: 'Only what is sent changes; null empties it.',
    params: itemParams,
    body: Type.Object(itemFields),
    response: item,
    handle: ({ params, body, scope }, app) =>
      app.db.transaction(scope, tx => updateItem(tx, params.id, params.itemId, body)),
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
      await removeItem(app.db.scoped(scope), params.id, params.itemId)
      return null
    },
  }),
]
