import { NativeSelect, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { ErrorState, oneOf, type Search, useAddress, useSession } from '#platform/console'
import { domainsQuery } from './domains.ts'
import { FirstDomain } from './first-domain.tsx'
import { ownParticipantsQuery } from './own-assignments.ts'
import { useRememberedDomain } from './remembered-domain.ts'
import type { Domain } from './wire-types.ts'
import { plainWords } from './words.ts'

const everything = (search: Search): Search => search

/** Of the address; a page that keeps more in it spreads this into what it reads, so that a link says both. */
export const readDomain = (search: Search) => ({ domain: oneOf(search.domain) })

/** What a link to a page of this domain has behind its question mark. */
export const inDomain = ({ name }: Pick<Domain, 'name'>) => ({ domain: name })

/**
 * The domain that the page is about: the one in the address (`?domain=`, its name or its id), else the one that this
 * browser was in last, else one in which one is assigned oneself, else the first. Whoever shows what has a domain of its own calls `useRemembering`.
 */
function useDomainChoice() {
  const [search, change] = useAddress(everything)
  const { remembered } = useRememberedDomain()
  const { can } = useSession()
  const query = useQuery(domainsQuery)
  const isToldWhich = Boolean(oneOf(search.domain)) || remembered !== undefined
  const own = useQuery({ ...ownParticipantsQuery, enabled: !isToldWhich && can('assignments.own.use') })
  const domains = query.data ?? []
  const named = (wanted: string | undefined) =>
    wanted ? domains.find(({ id, name }) => name === wanted || id === wanted) : undefined
  const domain =
    named(oneOf(search.domain)) ??
    named(remembered?.name) ??
    named(own.data?.items[0]?.domainId) ??
    domains.find(({ isActive }) => isActive) ??
    domains[0]
  return {
    query,
    isPending: query.isPending || own.isLoading,
    domain,
    words: domain?.words ?? plainWords,
    /** Those that one can go to: what is not active any more only while one is in it. */
    domains: domains.filter(each => each.isActive || each.id === domain?.id),
    /** What else the address says is about the other domain's people and is left behind. */
    choose: (name: string) =>
      change({ ...Object.fromEntries(Object.keys(search).map(key => [key, undefined])), domain: name }),
    inAddress: oneOf(search.domain),
    change,
  }
}

/** Has the browser remember the domain of what is shown, and with it the words of the navigation. */
export function useRemembering(domain: Domain | undefined): void {
  const { remember } = useRememberedDomain()
  useEffect(() => {
    if (domain) remember({ name: domain.name, words: domain.words })
  })
}

/** A page that is about one domain: waits for it, says what is wrong, and leads by the hand where there is none yet. */
export function InDomain({ children }: { children: (domain: Domain) => ReactNode }) {
  const { query, isPending, domain, inAddress, change } = useDomainChoice()
  useRemembering(isPending ? undefined : domain)
  useEffect(() => {
    if (domain && !isPending && inAddress !== domain.name) change({ domain: domain.name }, true)
  }, [domain, isPending, inAddress, change])
  if (query.error) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (isPending) {
    return (
      <div role="status" aria-label="Loading">
        <Skeleton height={240} />
      </div>
    )
  }
  return domain ? children(domain) : <FirstDomain />
}

/** Goes to another domain; nothing where there is only one. */
export function DomainChoice() {
  const { domains, domain, choose } = useDomainChoice()
  if (domains.length < 2) return null
  return (
    <NativeSelect
      aria-label="Domain"
      value={domain?.name ?? ''}
      data={domains.map(({ name, displayName }) => ({ value: name, label: displayName }))}
      onChange={event => choose(event.currentTarget.value)}
    />
  )
}
