import { Type } from 'typebox'
import { decimal, pageOf, pageQuery, route } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { Contractor } from '../profiles/profile-pages.ts'
import { Facets } from './facets.ts'
import { searchContractors } from './search.ts'

const read = 'contractors.profiles.read'

export const searchRoutes = [
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
]
