import { Type } from 'typebox'
import { oneOf, route } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { BusinessType, findNaicsCodes, listBusinessTypes, NaicsCode } from './code-lookups.ts'

const q = Type.Optional(Type.String({ maxLength: 100 }))

export const codeRoutes = [
  route({
    method: 'GET',
    path: '/contractors/codes/naics',
    allow: 'contractors.profiles.read',
    summary: 'Look up NAICS codes',
    description: `With digits in \`q\` the codes that begin with them, with words those whose title has all of them as beginnings, with
\`parent\` its children, with nothing the sectors. Each code comes once, of the newest edition that has it, unless \`edition\`
names one.`,
    query: Type.Object({
      q,
      parent: Type.Optional(Type.String({ maxLength: 5, pattern: '^[0-9]{2,5}$|^[0-9]{2}-[0-9]{2}$' })),
      edition: Type.Optional(Type.Union([Type.Literal(2022), Type.Literal(2017)])),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    }),
    response: Type.Object({ items: Type.Array(NaicsCode) }),
    handle: async ({ query, scope }, app) => ({
      items: await findNaicsCodes(app.db.reads(inCatalogue(scope)), query),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/codes/business-types',
    allow: 'contractors.profiles.read',
    summary: 'List the SAM business types, with what they mean',
    query: Type.Object({ q, category: Type.Optional(oneOf(categories())) }),
    response: Type.Object({ items: Type.Array(BusinessType) }),
    async handle({ query, scope }, app) {
      const items = await listBusinessTypes(app.db.reads(inCatalogue(scope)), query.q)
      return { items: query.category ? items.filter(item => item.category === query.category) : items }
    },
  }),
]

function categories() {
  return ['government', 'socioeconomic', 'sba_certified', 'profit_structure', 'organization_factor', 'other'] as const
}
