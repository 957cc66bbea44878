import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { AwardAction as ServedAction } from '../profiles/award-actions.ts'
import type { AwardBreakdown as ServedBreakdown } from '../profiles/award-totals.ts'
import type { AwardInFull as ServedAward } from '../profiles/awards.ts'
import type { Qualification as ServedQualification } from '../profiles/certifications.ts'
import type { ProfileChange as ServedChange } from '../profiles/changes.ts'
import type { Family as ServedFamily, FamilyMember as ServedMember } from '../profiles/families.ts'
import type { Industry as ServedIndustry } from '../profiles/industries.ts'
import type { Location as ServedLocation } from '../profiles/locations.ts'
import type { KnownName as ServedName } from '../profiles/names.ts'
import type { PerformancePlaces as ServedPlaces } from '../profiles/performance-places.ts'
import type { RawRecord as ServedRecord, RawRecordInFull as ServedRecordInFull } from '../profiles/records.ts'
import type { SimilarContractor as ServedSimilar } from '../profiles/similar.ts'
import type { FieldValues as ServedValues } from '../profiles/values.ts'
import type { Award, AwardTotal, Page } from './contractors.ts'
import type { AwardFilters } from './profile-address.ts'

export type AwardAction = OnTheWire<ServedAction>
export type AwardBreakdown = OnTheWire<ServedBreakdown>
export type AwardInFull = OnTheWire<ServedAward>
export type Qualification = OnTheWire<ServedQualification>
export type ProfileChange = OnTheWire<ServedChange>
export type Family = OnTheWire<ServedFamily>
export type FamilyMember = OnTheWire<ServedMember>
export type Industry = OnTheWire<ServedIndustry>
export type Location = OnTheWire<ServedLocation>
export type KnownName = OnTheWire<ServedName>
export type PerformancePlaces = OnTheWire<ServedPlaces>
export type RawRecord = OnTheWire<ServedRecord>
export type RawRecordInFull = OnTheWire<ServedRecordInFull>
export type SimilarContractor = OnTheWire<ServedSimilar>
export type FieldValues = OnTheWire<ServedValues>

const pathOf = (id: string, part: string) => `/contractors/${encodeURIComponent(id)}/${part}`

/** A part of a contractor that comes whole. */
const partQuery = <T>(id: string, part: string, query: Readonly<Record<string, string | number>> = {}) =>
  queryOptions({
    queryKey: ['contractor', id, part, query],
    queryFn: ({ signal }) => request<T>(pathOf(id, part), { query, signal }),
  })

/** A part of a contractor that comes in pages. */
const pagesQuery = <T>(id: string, part: string, query: Readonly<Record<string, string | number>> = {}) =>
  infiniteQueryOptions({
    queryKey: ['contractor', id, part, 'pages', query],
    queryFn: ({ pageParam, signal }) =>
      request<Page<T>>(pathOf(id, part), { query: { limit: 25, ...query, cursor: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

type Items<T> = { items: readonly T[] }

export const namesQuery = (id: string) => partQuery<Items<KnownName>>(id, 'names')
export const locationsQuery = (id: string) => partQuery<Items<Location>>(id, 'locations')
export const performancePlacesQuery = (id: string) => partQuery<PerformancePlaces>(id, 'performance-places')
export const industriesQuery = (id: string) => partQuery<Items<Industry>>(id, 'industries')
export const qualificationsQuery = (id: string) => partQuery<Items<Qualification>>(id, 'qualifications')
export const totalsQuery = (id: string, by: 'year' | 'quarter' | 'fiscal_year') =>
  partQuery<Items<AwardTotal>>(id, 'award-totals', { by })
export const breakdownQuery = (id: string, by: 'agency' | 'naics' | 'kind') =>
  partQuery<AwardBreakdown>(id, 'award-breakdown', { by })
export const awardQuery = (id: string, awardId: string) =>
  partQuery<AwardInFull>(id, `awards/${encodeURIComponent(awardId)}`)
export const actionsQuery = (id: string, awardId: string) =>
  pagesQuery<AwardAction>(id, `awards/${encodeURIComponent(awardId)}/actions`)
export const familyQuery = (id: string) => partQuery<Family>(id, 'family')
export const familyMembersQuery = (id: string) => pagesQuery<FamilyMember>(id, 'family-members')
export const similarQuery = (id: string, limit = 10) => partQuery<Items<SimilarContractor>>(id, 'similar', { limit })
export const valuesQuery = (id: string) => partQuery<Items<FieldValues>>(id, 'values')
export const recordsQuery = (id: string) => pagesQuery<RawRecord>(id, 'records')
export const recordQuery = (id: string, recordId: string) =>
  partQuery<RawRecordInFull>(id, `records/${encodeURIComponent(recordId)}`)
export const changesQuery = (id: string) => pagesQuery<ProfileChange>(id, 'changes')

export const filteredAwardsQuery = (id: string, filters: AwardFilters) => ({
  ...pagesQuery<Award>(id, 'awards', filters),
  placeholderData: keepPreviousData,
})
