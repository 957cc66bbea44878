import { type UseQueryOptions, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorState, usePageTitle } from '#platform/console'
import { useRemembering } from './domain-choice.tsx'
import { domainQuery } from './domains.ts'
import { Loading } from './resource-page.tsx'
import type { Domain } from './wire-types.ts'

/** What a page is about, with the domain that it belongs to and whose words the page speaks. */
export function InItsDomain<T extends { domainId: string }, Key extends readonly unknown[]>({
  query,
  what,
  titleOf,
  children,
}: InItsDomainProps<T, Key>) {
  const { data, error, refetch } = useQuery(query)
  const domain = useQuery({ ...domainQuery(data?.domainId ?? ''), enabled: data !== undefined })
  useRemembering(domain.data)
  usePageTitle(data && titleOf(data))
  const failure = error ?? domain.error
  const retry = () => void (error ? refetch() : domain.refetch())
  if (failure) return <ErrorState error={failure} retry={retry} />
  if (!data || !domain.data) return <Loading what={what} />
  return children(data, domain.data)
}

type InItsDomainProps<T, Key extends readonly unknown[]> = {
  query: UseQueryOptions<T, Error, T, Key>
  /** Read aloud while it is on its way. */
  what: string
  titleOf: (it: T) => string
  children: (it: T, domain: Domain) => ReactNode
}
