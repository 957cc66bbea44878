import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { manyOf, oneOf, request, type Search } from '#platform/console'

export type Contractor = {
  id: string
  uei: string | null
  cageCode: string | null
  name: string
  dbaName: string | null
  legalBusinessName: string | null
  addressLine1: string | null
  addressLine2: string | null
  city: string | null
  state: string | null
  zipCode: string | null
  country: string | null
  congressionalDistrict: string | null
  businessStartDate: string | null
  fiscalYearEndDate: string | null
  naicsCode: string | null
  naicsDescription: string | null
  entityStructure: string | null
  organizationType: string | null
  businessTypes: readonly string[]
  employeeCount: number | null
  annualRevenue: string | null
  totalContractValue: string | null
  activeContractsCount: number
  completedContractsCount: number
  averageContractValue: string | null
  certifications: Readonly<Record<string, unknown>> | null
  performanceRating: string | null
  capabilities: readonly string[] | null
  registrationDate: string | null
  registrationStatus: string | null
  lastUpdatedDate: string | null
  isPlaceholder: boolean
}

export type FieldSource = { source: string; sourceId: string; importedAt: string }

export type ContractorInFull = Contractor & {
  sources: Readonly<Record<string, FieldSource>>
  businessTypeLabels: readonly { code: string; name: string }[]
  records: readonly (FieldSource & { updatedAt: string })[]
}

export type Facet = { value: string; label: string; count: number }

export type ContractorPage = {
  items: readonly Contractor[]
  nextCursor: string | null
  facets?: { states: readonly Facet[]; naics: readonly Facet[]; businessTypes: readonly Facet[]; capped: boolean }
  total?: { count: number; capped: boolean }
  correctedQuery?: string | null
}

export type Award = {
  id: string
  piid: string
  agencyId: string
  agencyName: string | null
  referencedPiid: string | null
  description: string | null
  naicsCode: string | null
  pscCode: string | null
  signedDate: string | null
  completionDate: string | null
  obligatedAmount: string | null
  totalObligated: string | null
  status: string | null
}

export type AwardTotal = { year: number; awards: number; obligated: string }

export type Page<T> = { items: readonly T[]; nextCursor: string | null }

/** What the search page shows, as it stands in the address. */
export const readFilters = (search: Search) => ({
  q: oneOf(search.q),
  state: oneOf(search.state),
  naics: oneOf(search.naics),
  businessType: manyOf(search.businessType),
  minValue: oneOf(search.minValue),
  maxValue: oneOf(search.maxValue),
})
export type Filters = ReturnType<typeof readFilters>

export const contractorsQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['contractors', filters],
    queryFn: ({ pageParam, signal }) =>
      request<ContractorPage>('/contractors', {
        query: { ...filters, facets: pageParam === '', limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
    placeholderData: keepPreviousData,
  })

export const contractorQuery = (id: string) =>
  queryOptions({
    queryKey: ['contractor', id],
    queryFn: ({ signal }) => request<ContractorInFull>(`/contractors/${encodeURIComponent(id)}`, { signal }),
  })

export const awardsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['contractor', id, 'awards'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Award>>(`/contractors/${encodeURIComponent(id)}/awards`, {
        query: { limit: 25, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: last => last.nextCursor,
  })

export const awardTotalsQuery = (id: string) =>
  queryOptions({
    queryKey: ['contractor', id, 'award-totals'],
    queryFn: ({ signal }) =>
      request<{ items: readonly AwardTotal[] }>(`/contractors/${encodeURIComponent(id)}/award-totals`, { signal }),
  })

/** `Ashburn, VA`; abroad the country stands for the state. */
export function placeOf({ city, state, country }: Pick<Contractor, 'city' | 'state' | 'country'>): string {
  return [city && capitalise(city), state ?? country].filter(Boolean).join(', ')
}

/** Registries write in capitals; a town is easier to read in its usual form. */
export function capitalise(text: string): string {
  return text.toLowerCase().replace(/(^|[\s\-/.])\p{L}/gu, letter => letter.toUpperCase())
}
