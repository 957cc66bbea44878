import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, oneOf, request, type Search } from '#platform/console'
import type { Owner } from '../break-glass.ts'
import type { ProviderCheck as CheckAnswer } from '../provider-checks.ts'
import type { IdentityProvider as ProviderAnswer } from '../providers.ts'
import type { UserMapping as MappingAnswer } from '../user-mappings.ts'

export type IdentityProvider = OnTheWire<ProviderAnswer>
export type ProviderCheck = OnTheWire<CheckAnswer>
export type UserMapping = OnTheWire<MappingAnswer>
export type { Owner }

const key = ['federation', 'providers'] as const

export const providersQuery = queryOptions({
  queryKey: key,
  queryFn: ({ signal }) => request<{ items: readonly IdentityProvider[] }>('/federation/providers', { signal }),
})

export const providerQuery = (id: string) =>
  queryOptions({
    queryKey: [...key, id],
    queryFn: ({ signal }) => request<IdentityProvider>(`/federation/providers/${id}`, { signal }),
  })

export const ownersQuery = queryOptions({
  queryKey: ['federation', 'break-glass'],
  queryFn: ({ signal }) => request<{ items: readonly Owner[] }>('/federation/break-glass', { signal }),
})

export type Policy = { signIn?: { requireProvider: boolean } } & Record<string, unknown>

export const policyQuery = queryOptions({
  queryKey: ['federation', 'policy'],
  queryFn: ({ signal }) => request<Policy>('/tenant/security-policy', { signal }),
})

export const domainsQuery = queryOptions({
  queryKey: ['federation', 'domains'],
  queryFn: ({ signal }) =>
    request<{ items: readonly { domain: string; provenAt: string | null }[] }>('/tenant/domains', { signal }),
})

/** The filters of the people as they stand in the address. */
export const readFilters = (search: Search) => ({
  q: oneOf(search.q),
  status: oneOf(search.status),
})

type Page = { items: readonly UserMapping[]; nextCursor: string | null }

export const mappingsQuery = (providerId: string, { q, status }: ReturnType<typeof readFilters>) =>
  infiniteQueryOptions({
    queryKey: ['federation', 'mappings', providerId, q, status],
    queryFn: ({ signal, pageParam }) =>
      request<Page>('/federation/user-mappings', {
        signal,
        query: {
          providerId,
          q: q || undefined,
          ...(status === 'conflict' ? { hasConflict: 'true' } : { status: status || undefined }),
          limit: 50,
          cursor: pageParam,
        },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

export const typeNames: Readonly<Record<IdentityProvider['type'], string>> = {
  okta: 'Okta',
  azure: 'Microsoft Entra ID',
  auth0: 'Auth0',
  google: 'Google Workspace',
  custom_oidc: 'Another (OpenID Connect)',
}
