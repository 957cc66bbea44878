import { Type } from 'typebox'
import { pageOf, pageQuery, route } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import { Contractor } from '../profiles/profile-pages.ts'
import { Facets } from './facets.ts'
import { Family, Search, searchContractors } from './search.ts'

const read = 'contractors.profiles.read'

export const searchRoutes = [
  route({
    method: 'GET',
    path: '/contractors',
    allow: read,
    reads: 'report',
    summary: 'Search contractors',
    description: `By words of the name (the last may be unfinished; a word that no name has, or not together with the others,
is corrected and \`correctedQuery\` says to what), by exact UEI or CAGE code, and by filters, all of which must hold; of several states, industries,
districts, agencies or statuses one is enough. The counts of states, industries, agencies and statuses are those without
that filter itself. Totals and facets are exact up to 10,000 matches; beyond, \`capped\` is true and facets are counted
over 10,000 of the matches.`,
    query: Type.Object({
      ...Search.properties,
      facets: Type.Boolean({
        default: false,
        description: 'Count matches by state, industry, business type, agency and status',
      }),
      ...pageQuery,
    }),
    response: pageOf(Contractor, {
      facets: Type.Optional(Facets),
      total: Type.Object({ count: Type.Integer({ maximum: 10_000 }), capped: Type.Boolean() }),
      families: Type.Optional(
        Type.Array(Family, { description: 'Families of several for which an item stands, with `rollUp`' }),
      ),
      correctedQuery: Type.Optional(Type.String({ description: 'What was searched for instead of a mistyped query' })),
    }),
    async handle({ query, scope }, app) {
      const today = query.certification?.length ? await todayFor(app, scope) : undefined
      return await app.db.transaction(inCatalogue(scope), tx => searchContractors(tx, { ...query, today }))
    },
  }),
]
