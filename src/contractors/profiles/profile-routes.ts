import { Type } from 'typebox'
import { idParams, oneOf, pageOf, pageQuery, route, uuid } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import { ueiInput } from '../uei.ts'
import { AwardAction, listAwardActions } from './award-actions.ts'
import { AwardBreakdown, AwardTotal, breakAwardsDown, breakdowns, totalAwards, totalPeriods } from './award-totals.ts'
import { Award, AwardInFull, awardFilters, awardOrders, awardSorts, getAward, listAwards } from './awards.ts'
import { listQualifications, Qualification } from './certifications.ts'
import { listChanges, ProfileChange } from './changes.ts'
import { Family, FamilyMember, getFamily, listFamily } from './families.ts'
import { Industry, listIndustries } from './industries.ts'
import { Location, listLocations } from './locations.ts'
import { KnownName, listNames } from './names.ts'
import { listPerformancePlaces, PerformancePlaces } from './performance-places.ts'
import { ContractorPage, getContractorPage } from './profile-pages.ts'
import { getRecord, listRecords, RawRecord, RawRecordInFull } from './records.ts'
import { listSimilar, SimilarContractor } from './similar.ts'
import { FieldValues, listFieldValues } from './values.ts'

const read = 'contractors.profiles.read'

export const profileRoutes = [
  route({
    method: 'GET',
    path: '/contractors/{id}',
    allow: read,
    summary: 'Get a contractor, and where each value comes from',
    params: idParams,
    response: ContractorPage,
    handle: async ({ params, scope }, app) =>
      getContractorPage(app.db.reads(inCatalogue(scope)), params, await todayFor(app, scope)),
  }),
  route({
    method: 'GET',
    path: '/contractors/by-uei/{uei}',
    allow: read,
    summary: 'Get a contractor by UEI',
    params: Type.Object({ uei: ueiInput }),
    response: ContractorPage,
    handle: async ({ params, scope }, app) =>
      getContractorPage(app.db.reads(inCatalogue(scope)), params, await todayFor(app, scope)),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/names',
    allow: read,
    summary: 'List the names of a contractor and when they were in use',
    params: idParams,
    response: Type.Object({ items: Type.Array(KnownName) }),
    handle: async ({ params, scope }, app) => ({ items: await listNames(app.db.reads(inCatalogue(scope)), params.id) }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/locations',
    allow: read,
    summary: 'List the addresses of a contractor and when it had them',
    params: idParams,
    response: Type.Object({ items: Type.Array(Location) }),
    handle: async ({ params, scope }, app) => ({
      items: await listLocations(app.db.reads(inCatalogue(scope)), params.id),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/performance-places',
    allow: read,
    reads: 'report',
    summary: 'Sum the awards of a contractor by where they are performed',
    params: idParams,
    response: PerformancePlaces,
    handle: ({ params, scope }, app) => listPerformancePlaces(app.db.reads(inCatalogue(scope)), params.id),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/industries',
    allow: read,
    summary: 'List the industries that a contractor has registered and in which it holds awards',
    params: idParams,
    response: Type.Object({ items: Type.Array(Industry) }),
    handle: async ({ params, scope }, app) => ({
      items: await listIndustries(app.db.reads(inCatalogue(scope)), params.id),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/qualifications',
    allow: read,
    summary: 'List certifications and business types of a contractor, expired and former ones included',
    params: idParams,
    response: Type.Object({ items: Type.Array(Qualification) }),
    handle: async ({ params, scope }, app) => ({
      items: await listQualifications(app.db.reads(inCatalogue(scope)), params.id, await todayFor(app, scope)),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/awards',
    allow: read,
    summary: 'List the awards of a contractor',
    params: idParams,
    query: Type.Object({
      ...pageQuery,
      ...awardFilters,
      sort: oneOfWith(awardSorts, 'action', 'By the latest action, signature, dollars in all, or completion'),
      order: oneOfWith(awardOrders, 'desc', 'Descending: what lacks the value comes last'),
    }),
    response: pageOf(Award),
    handle: ({ params, query, scope }, app) => listAwards(app.db.reads(inCatalogue(scope)), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/awards/{awardId}',
    allow: read,
    summary: 'Get an award of a contractor',
    params: Type.Object({ id: uuid, awardId: uuid }),
    response: AwardInFull,
    handle: ({ params, scope }, app) => getAward(app.db.reads(inCatalogue(scope)), params.id, params.awardId),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/awards/{awardId}/actions',
    allow: read,
    summary: 'List what was done to an award, the latest first',
    params: Type.Object({ id: uuid, awardId: uuid }),
    query: Type.Object(pageQuery),
    response: pageOf(AwardAction),
    handle: ({ params, query, scope }, app) =>
      listAwardActions(app.db.reads(inCatalogue(scope)), params.id, params.awardId, query),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/award-totals',
    allow: read,
    reads: 'report',
    summary: 'Sum the awards of a contractor by when they were signed',
    params: idParams,
    query: Type.Object({
      by: oneOfWith(totalPeriods, 'year', 'Calendar year or quarter, or fiscal year of the government'),
    }),
    response: Type.Object({ items: Type.Array(AwardTotal) }),
    handle: async ({ params, query, scope }, app) => ({
      items: await totalAwards(app.db.reads(inCatalogue(scope)), params.id, query.by),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/award-breakdown',
    allow: read,
    reads: 'report',
    summary: 'Sum the awards of a contractor by agency, industry, kind or place: the ten largest, and the rest',
    params: idParams,
    query: Type.Object({ by: oneOfWith(breakdowns, 'agency', 'What to sum by') }),
    response: AwardBreakdown,
    handle: ({ params, query, scope }, app) => breakAwardsDown(app.db.reads(inCatalogue(scope)), params.id, query.by),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/family',
    allow: read,
    reads: 'report',
    summary: 'Get where a contractor stands in its family: parents, children, siblings and totals',
    params: idParams,
    response: Family,
    handle: ({ params, scope }, app) => getFamily(app.db.reads(inCatalogue(scope)), params.id),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/family-members',
    allow: read,
    reads: 'report',
    summary: 'List all contractors of a contractor’s family, by dollars',
    params: idParams,
    query: Type.Object(pageQuery),
    response: pageOf(FamilyMember),
    handle: ({ params, query, scope }, app) => listFamily(app.db.reads(inCatalogue(scope)), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/similar',
    allow: read,
    reads: 'report',
    summary: 'List contractors like this one, and why',
    params: idParams,
    query: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 50, default: 10 }) }),
    response: Type.Object({ items: Type.Array(SimilarContractor) }),
    handle: async ({ params, query, scope }, app) => ({
      items: await listSimilar(app.db.reads(inCatalogue(scope)), params.id, query.limit, await todayFor(app, scope)),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/values',
    allow: read,
    summary: 'List what every source says about each field of a contractor',
    params: idParams,
    response: Type.Object({ items: Type.Array(FieldValues) }),
    handle: async ({ params, scope }, app) => ({
      items: await listFieldValues(app.db.reads(inCatalogue(scope)), params.id),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/records',
    allow: read,
    summary: 'List the raw records of a contractor, the latest change first',
    params: idParams,
    query: Type.Object({ ...pageQuery, source: Type.Optional(Type.String({ minLength: 1, maxLength: 50 })) }),
    response: pageOf(RawRecord),
    handle: ({ params, query, scope }, app) => listRecords(app.db.reads(inCatalogue(scope)), params.id, query),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/records/{recordId}',
    allow: read,
    summary: 'Get a raw record of a contractor as its source published it',
    params: Type.Object({ id: uuid, recordId: uuid }),
    response: RawRecordInFull,
    handle: ({ params, scope }, app) => getRecord(app.db.reads(inCatalogue(scope)), params.id, params.recordId),
  }),
  route({
    method: 'GET',
    path: '/contractors/{id}/changes',
    allow: read,
    summary: 'List what became of a contractor’s profile, the latest first',
    params: idParams,
    query: Type.Object({
      ...pageQuery,
      field: Type.Optional(Type.String({ minLength: 1, maxLength: 50, description: 'Only changes of this field' })),
    }),
    response: pageOf(ProfileChange),
    handle: ({ params, query, scope }, app) => listChanges(app.db.reads(inCatalogue(scope)), params.id, query),
  }),
]

function oneOfWith<const T extends readonly string[]>(values: T, initial: T[number], description: string) {
  return { ...oneOf(values, { description }), default: initial } as ReturnType<typeof oneOf<T>>
}
