import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { ApiKey as KeyAnswer, NewApiKey as NewKeyAnswer } from '../api-keys.ts'
import type { ServiceAccount as AccountAnswer } from '../service-accounts.ts'

export type ApiKey = OnTheWire<KeyAnswer>
export type NewApiKey = OnTheWire<NewKeyAnswer>
export type ServiceAccount = OnTheWire<AccountAnswer>

export const ownKeysQuery = queryOptions({
  queryKey: ['api-keys', 'own'],
  queryFn: ({ signal }) => request<{ items: readonly ApiKey[] }>('/me/api-keys', { signal, query: { limit: 100 } }),
})

export const allKeysQuery = queryOptions({
  queryKey: ['api-keys', 'all'],
  queryFn: ({ signal }) => request<{ items: readonly ApiKey[] }>('/api-keys', { signal, query: { limit: 100 } }),
})

export const serviceAccountsQuery = queryOptions({
  queryKey: ['service-accounts'],
  queryFn: ({ signal }) => request<{ items: readonly ServiceAccount[] }>('/service-accounts', { signal }),
})

/** Whether a key works at this moment. */
export const isLiving = (key: ApiKey) => key.expiresAt === null || Date.parse(key.expiresAt) > Date.now()

/** Where a key is changed: a person's own are his affair. */
export const pathOf = (key: Pick<ApiKey, 'id'>, isOwn: boolean) =>
  isOwn ? `/me/api-keys/${key.id}` : `/api-keys/${key.id}`
