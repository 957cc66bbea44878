import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type {
  NewScimToken as NewScimTokenAnswer,
  Provisioning as ProvisioningAnswer,
  ScimToken as ScimTokenAnswer,
} from '../scim/provisionings.ts'
import type { ScimRequest as ScimRequestAnswer } from '../scim/requests.ts'

export type Provisioning = OnTheWire<ProvisioningAnswer>
export type ScimToken = OnTheWire<ScimTokenAnswer>
export type NewScimToken = OnTheWire<NewScimTokenAnswer>
export type ScimRequest = OnTheWire<ScimRequestAnswer>

export const provisioningPath = (providerId: string) => `/federation/providers/${providerId}/provisioning`

/** Asked again by itself: one looks at it while the provider is being set up. */
export const provisioningQuery = (providerId: string) =>
  queryOptions({
    queryKey: ['federation', 'provisioning', providerId],
    queryFn: ({ signal }) => request<Provisioning>(provisioningPath(providerId), { signal }),
    refetchInterval: 10_000,
  })

export const scimRequestsQuery = (providerId: string, refused: boolean) =>
  infiniteQueryOptions({
    queryKey: ['federation', 'provisioning', providerId, 'requests', refused],
    queryFn: ({ signal, pageParam }) =>
      request<{ items: readonly ScimRequest[]; nextCursor: string | null }>(
        `${provisioningPath(providerId)}/requests`,
        { signal, query: { cursor: pageParam, limit: 25, refused: refused ? true : undefined } },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })
