import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type {
  AllowedApplication as AllowedAnswer,
  KnownApplication as KnownAnswer,
  AllowingPerson as PersonAnswer,
} from '../allowances.ts'
import type { NewClientSecret as NewSecretAnswer, ClientSecret as SecretAnswer } from '../client-secrets.ts'
import type { Client as ClientAnswer, ListedClient as ListedAnswer } from '../clients.ts'

export type Client = OnTheWire<ClientAnswer>
export type ListedClient = OnTheWire<ListedAnswer>
export type NewClient = Client & { readonly secret: string | null }
export type ClientSecret = OnTheWire<SecretAnswer>
export type NewClientSecret = OnTheWire<NewSecretAnswer>
export type AllowedApplication = OnTheWire<AllowedAnswer>
export type AllowingPerson = OnTheWire<PersonAnswer>
export type KnownApplication = OnTheWire<KnownAnswer>

/** Whose clients a page is about: where the API and the console have them, and who may change them. */
export type Owner = { api: string; page: string; write: string; isInstallation: boolean }

export const workspace: Owner = {
  api: '/oauth/clients',
  page: '/oauth-clients',
  write: 'oauth.clients.write',
  isInstallation: false,
}
export const installation: Owner = {
  api: '/installation/oauth-clients',
  page: '/installation/applications',
  write: 'oauth.platform_clients.manage',
  isInstallation: true,
}

type Page<T> = { items: readonly T[]; nextCursor: string | null }

export const clientsQuery = ({ api }: Owner) =>
  infiniteQueryOptions({
    queryKey: ['oauth-clients', api, 'list'],
    queryFn: ({ signal, pageParam }) =>
      request<Page<ListedClient>>(api, { signal, query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

/** With the entity tag that a change of it names. */
export const clientQuery = ({ api }: Owner, id: string) =>
  queryOptions({
    queryKey: ['oauth-clients', api, id],
    queryFn: async ({ signal }) => {
      let etag: string | undefined
      const client = await request<Client>(`${api}/${id}`, { signal, onEtag: tag => (etag = tag) })
      return { client, etag }
    },
  })

export const secretsQuery = ({ api }: Owner, id: string) =>
  queryOptions({
    queryKey: ['oauth-clients', api, id, 'secrets'],
    queryFn: ({ signal }) => request<{ items: readonly ClientSecret[] }>(`${api}/${id}/secrets`, { signal }),
  })

export const peopleQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['oauth-clients', 'people', id],
    queryFn: ({ signal, pageParam }) =>
      request<Page<AllowingPerson>>(`/oauth/clients/${id}/people`, { signal, query: { cursor: pageParam, limit: 25 } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.nextCursor ?? undefined,
  })

export const knownApplicationsQuery = queryOptions({
  queryKey: ['oauth-clients', 'known'],
  queryFn: ({ signal }) => request<{ items: readonly KnownApplication[] }>('/oauth/known-applications', { signal }),
})

export const allowedQuery = queryOptions({
  queryKey: ['own-applications'],
  queryFn: ({ signal }) => request<{ items: readonly AllowedApplication[] }>('/me/applications', { signal }),
})

export const serviceAccountsQuery = queryOptions({
  queryKey: ['service-accounts'],
  queryFn: ({ signal }) => request<{ items: readonly { id: string; name: string }[] }>('/service-accounts', { signal }),
})

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

export const grantWords: Readonly<Record<string, string>> = {
  authorization_code: 'People sign in and allow it (authorization code)',
  refresh_token: 'It goes on without asking again (refresh token)',
  [deviceGrant]: 'On a device without a browser (device code)',
  client_credentials: 'By itself, as a service account (client credentials)',
}

export const methodWords: Readonly<Record<string, string>> = {
  none: 'Nothing: it cannot keep a secret',
  client_secret_basic: 'A secret, in the Authorization header',
  client_secret_post: 'A secret, in the body of its request',
  private_key_jwt: 'A signature with its own key (private_key_jwt)',
}

export const takesSecrets = ({ tokenEndpointAuthMethod }: Client) =>
  tokenEndpointAuthMethod.startsWith('client_secret_')

/** What there is to ask for. */
export const scopesQuery = queryOptions({
  queryKey: ['oauth-scopes'],
  queryFn: ({ signal }) =>
    request<{ items: readonly { name: string; description: string; isHeld: boolean }[] }>('/oauth/scopes', { signal }),
})

/** What may be chosen, in groups, with the families; and what was chosen by somebody who holds more. */
export function scopeChoices(known: readonly string[], chosen: readonly string[]) {
  const modules = [
    ...new Set(known.filter(name => name.includes('.')).map(name => name.split('.')[0] ?? '')),
  ].toSorted()
  const choices = [
    { group: 'Who people are', items: known.filter(name => !name.includes('.')) },
    ...modules.map(module => ({
      group: module,
      items: [`${module}.*`, ...known.filter(name => name.startsWith(`${module}.`)).toSorted()],
    })),
  ]
  const listed = new Set(choices.flatMap(({ items }) => items))
  const others = chosen.filter(scope => !listed.has(scope))
  return others.length > 0 ? [...choices, { group: 'Beyond what you hold', items: [...others] }] : choices
}
