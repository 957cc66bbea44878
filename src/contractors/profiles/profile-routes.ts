import { Type } from 'typebox'
import { decimal, idParams, pageOf, pageQuery, route } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { ueiInput } from '../uei.ts'
import { Award, ContractorPage, getContractorPage, listAwards, totalAwards } from './profile-pages.ts'

const read = 'contractors.profiles.read'

export const profileRoutes = [
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
    params: Type.Object({ uei: ueiInput }),
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
]
