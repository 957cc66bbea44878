import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { oneOf, route } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { BusinessType, findNaicsCodes, listBusinessTypes, NaicsCode } from './code-lookups.ts'
import { refreshCodes } from './codes.ts'

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
      edition: Type.Optional(oneOf(['2022', '2017'])),
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    }),
    response: Type.Object({ items: Type.Array(NaicsCode) }),
    handle: async ({ query, scope }, app) => ({
      items: await findNaicsCodes(await openCodes(app, scope), {
        ...query,
        edition: query.edition && Number(query.edition),
      }),
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
      const items = await listBusinessTypes(await openCodes(app, scope), query.q)
      return { items: query.category ? items.filter(item => item.category === query.category) : items }
    },
  }),
]

/** Imports bring the codes; who looks one up before there was any brings them himself. */
async function openCodes(app: App, scope: Scope): Promise<Queryable> {
  const tx = app.db.reads(inCatalogue(scope))
  const { isEmpty } = await tx.one<{ isEmpty: boolean }>(sql`
    select not exists (select from contractors.business_types) as is_empty
  `)
  if (!isEmpty) return tx
  const client = await app.db.connect()
  try {
    await refreshCodes(client)
  } finally {
    await client.end()
  }
  return tx
}

function categories() {
  return ['government', 'socioeconomic', 'sba_certified', 'profit_structure', 'organization_factor', 'other'] as const
}
