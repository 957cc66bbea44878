import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { Delivery as DeliveryAnswer, DeliveryDetails as DetailsAnswer } from '../deliveries.ts'
import type { Endpoint as EndpointAnswer, NewEndpoint as NewEndpointAnswer } from '../endpoints.ts'

export type Endpoint = OnTheWire<EndpointAnswer>
export type NewEndpoint = OnTheWire<NewEndpointAnswer>
export type Delivery = OnTheWire<DeliveryAnswer>
export type DeliveryDetails = OnTheWire<DetailsAnswer>

export const endpointsQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ signal }) => request<{ items: readonly Endpoint[] }>('/webhooks', { signal }),
})

export const endpointQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', id],
    queryFn: ({ signal }) => request<Endpoint>(`/webhooks/${id}`, { signal }),
  })

export const eventTypesQuery = queryOptions({
  queryKey: ['webhook-event-types'],
  queryFn: ({ signal }) =>
    request<{ items: readonly { type: string; description: string }[] }>('/webhook-event-types', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

type Page = { items: readonly Delivery[]; nextCursor: string | null }

export const deliveriesQuery = (id: string, status: string) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', id, 'deliveries', status],
    queryFn: ({ signal, pageParam }) =>
      request<Page>(`/webhooks/${id}/deliveries`, { signal, query: { status, cursor: pageParam, limit: 25 } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
    // What is on its way arrives within seconds.
    refetchInterval: query => (query.state.data?.pages[0]?.items.some(isOnItsWay) ? 3_000 : false),
  })

const isOnItsWay = ({ status, attempts }: Delivery) => status === 'pending' && attempts === 0

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhook-deliveries', id],
    queryFn: ({ signal }) => request<DeliveryDetails>(`/webhook-deliveries/${id}`, { signal }),
  })

export const statusWords: Readonly<Record<Delivery['status'], string>> = {
  pending: 'On its way',
  succeeded: 'Delivered',
  failed: 'Failed',
}
export const statusColors: Readonly<Record<Delivery['status'], string>> = {
  pending: 'gray',
  succeeded: 'pine',
  failed: 'red',
}
