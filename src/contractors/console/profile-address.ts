import { oneOf, type Search, useAddress } from '#platform/console'

/** The sections of a contractor's page, in order. */
export const sections = [
  { name: 'overview', label: 'Overview' },
  { name: 'awards', label: 'Awards' },
  { name: 'places', label: 'Locations' },
  { name: 'industries', label: 'Industries' },
  { name: 'certifications', label: 'Certifications' },
  { name: 'family', label: 'Family' },
  { name: 'similar', label: 'Similar' },
  { name: 'history', label: 'History' },
  { name: 'sources', label: 'Sources' },
] as const
export type SectionName = (typeof sections)[number]['name']

/** What narrows and sorts the awards, as the API takes it; empty is no wish. */
export type AwardFilters = {
  status: string
  agencyId: string
  naics: string
  year: string
  kind: string
  q: string
  sort: string
  order: string
}

const pick = (value: Search[string], allowed: RegExp) => (allowed.test(oneOf(value)) ? oneOf(value) : '')

/** What the address of a contractor's page says; what it cannot mean is left out. */
export function readProfile(search: Search) {
  return {
    section: sections.find(({ name }) => name === oneOf(search.section))?.name ?? 'overview',
    status: pick(search.status, /^(active|completed|unknown)$/),
    agencyId: pick(search.agencyId, /^\w{1,10}$/),
    naics: pick(search.naics, /^\d{2,6}$/),
    year: pick(search.year, /^(19|20|21)\d\d$/),
    kind: pick(search.kind, /^(award|vehicle)$/),
    q: oneOf(search.q).slice(0, 100),
    sort: pick(search.sort, /^(action|signed|value|completion)$/),
    order: pick(search.order, /^(asc|desc)$/),
    award: pick(search.award, /^[0-9a-f-]{36}$/),
  }
}
export type ProfileAddress = ReturnType<typeof readProfile>

export const useProfileAddress = () => useAddress<ProfileAddress>(readProfile)

export const filtersOf = ({ status, agencyId, naics, year, kind, q, sort, order }: ProfileAddress): AwardFilters => ({
  status,
  agencyId,
  naics,
  year,
  kind,
  q,
  sort,
  order,
})
