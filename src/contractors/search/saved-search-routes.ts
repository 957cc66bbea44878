import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { idParams, type Principal, pageOf, pageQuery, route, timestamp, uuid } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import { errors } from '../errors.ts'
import { Contractor } from '../profiles/profile-pages.ts'
import { nameCodes } from './code-names.ts'
import { findNewMatches, getRevision } from './new-matches.ts'
import {
  deleteSavedSearch,
  getCheckedRevision,
  getSavedSearch,
  listMatches,
  listSavedSearches,
  listUnseen,
  markSeen,
  noteNewMatches,
  SavedSearch,
  SavedSearchFields,
  saveSearch,
  updateSavedSearch,
} from './saved-searches.ts'
import { getContractors } from './search.ts'

const save = 'contractors.searches.save'

const revisionNow = (app: App, scope: Scope) => getRevision(app.db.scoped(inCatalogue(scope)))

export const savedSearchRoutes = [
  route({
    method: 'GET',
    path: '/saved-searches',
    allow: save,
    summary: 'List your saved searches by name',
    response: Type.Object({
      ...pageOf(SavedSearch).properties,
      names: Type.Record(Type.String(), Type.String(), {
        description: 'Names of the codes in them, by term and code, such as `agency 9700`',
      }),
    }),
    async handle({ scope }, app) {
      const items = await listSavedSearches(app.db.reads(scope))
      const searches = items.map(({ search }) => search)
      return { items, nextCursor: null, names: await nameCodes(app.db.reads(inCatalogue(scope)), searches) }
    },
  }),
  route({
    method: 'POST',
    path: '/saved-searches',
    allow: save,
    summary: 'Save a search',
    description: 'Yours alone; at most 100. What comes into the catalogue from now on is new in it.',
    body: SavedSearchFields,
    status: 201,
    etag: true,
    response: SavedSearch,
    async handle({ body, scope }, app) {
      const revision = await revisionNow(app, scope)
      return await app.db.transaction(scope, tx => saveSearch(tx, body, revision))
    },
  }),
  route({
    method: 'GET',
    path: '/saved-searches/{id}',
    allow: save,
    summary: 'Get a saved search of yours',
    params: idParams,
    response: SavedSearch,
    handle: ({ params, scope }, app) => getSavedSearch(app.db.reads(scope), params.id),
  }),
  route({
    method: 'PATCH',
    path: '/saved-searches/{id}',
    allow: save,
    summary: 'Change a saved search of yours',
    description:
      'Only what is sent changes. With another `search` nothing in it is new. With `If-Match` only as long as it is as you read it.',
    params: idParams,
    body: Type.Partial(SavedSearchFields),
    etag: true,
    response: SavedSearch,
    async handle({ params, body, scope, ifMatch }, app) {
      const revision = await revisionNow(app, scope)
      return await app.db.transaction(scope, tx => updateSavedSearch(tx, params.id, body, revision, ifMatch))
    },
  }),
  route({
    method: 'DELETE',
    path: '/saved-searches/{id}',
    allow: save,
    summary: 'Delete a saved search of yours',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteSavedSearch(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/saved-searches/{id}/check',
    allow: save,
    summary: 'Look now what is new in a saved search of yours',
    description: 'Without an alert too. `unseen` are those that are new since you last looked, the latest 1,000.',
    params: idParams,
    refusals: ['contractors.matches_not_permitted'],
    response: Type.Object({ savedSearch: SavedSearch, unseen: Type.Array(uuid) }),
    async handle({ params, principal, scope }, app) {
      requireReading(principal)
      const since = await getCheckedRevision(app.db.scoped(scope), params.id)
      const { search } = await getSavedSearch(app.db.scoped(scope), params.id)
      const today = await todayFor(app, scope)
      const found = await app.db.transaction(inCatalogue(scope), tx => findNewMatches(tx, search, since, today))
      return await app.db.transaction(scope, async tx => {
        await noteNewMatches(tx, params.id, since, found)
        return { savedSearch: await getSavedSearch(tx, params.id), unseen: await listUnseen(tx, params.id) }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/saved-searches/{id}/matches',
    allow: save,
    summary: 'List what was new in a saved search of yours, the latest first',
    description: 'The latest 1,000 at most.',
    params: idParams,
    query: Type.Object(pageQuery),
    refusals: ['contractors.matches_not_permitted'],
    response: pageOf(
      Type.Object({
        contractor: Contractor,
        foundAt: timestamp,
        isNewContractor: Type.Boolean({ description: 'New in the catalogue; else it did not match before' }),
        isUnseen: Type.Boolean({ description: 'Since you last looked' }),
      }),
    ),
    async handle({ params, query, principal, scope }, app) {
      requireReading(principal)
      await getSavedSearch(app.db.reads(scope), params.id)
      const { items, nextCursor } = await listMatches(app.db.reads(scope), params.id, query)
      const found = await getContractors(
        app.db.scoped(inCatalogue(scope)),
        items.map(({ id }) => id),
      )
      const contractors = new Map(found.map(contractor => [contractor.id, contractor]))
      const matches = items.flatMap(({ id, ...match }) => {
        const contractor = contractors.get(id)
        return contractor ? [{ contractor, ...match }] : []
      })
      return { items: matches, nextCursor }
    },
  }),
  route({
    method: 'POST',
    path: '/saved-searches/{id}/seen',
    allow: save,
    summary: 'Say that you have seen what is new in a saved search of yours',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await markSeen(app.db.scoped(scope), params.id)
      return null
    },
  }),
]

/** What is new in a search is contractors: an API key, or a role, may keep searches without reading those. */
function requireReading({ permissions }: Principal): void {
  if (!permissions.has('contractors.profiles.read')) throw errors.matchesNotPermitted()
}
