import { type Adapter, errors as protocol } from 'oidc-provider'
import { accessTokens, serviceTokens } from './access-tokens.ts'
import { authorizationCodes } from './authorization-codes.ts'
import { browserSessions } from './browser-sessions.ts'
import { deviceCodes } from './device-codes.ts'
import { grantStore } from './grant-store.ts'
import { interactionStore } from './interactions.ts'
import { issuerClients } from './issuer-clients.ts'
import { pushedRequests } from './pushed-requests.ts'
import { refreshTokens } from './refresh-tokens.ts'
import { usedAssertions } from './used-assertions.ts'

/** Where oidc-provider keeps what it calls models. */
const stores: Readonly<Record<string, Partial<Adapter>>> = {
  AccessToken: accessTokens,
  AuthorizationCode: authorizationCodes,
  Client: issuerClients,
  ClientCredentials: serviceTokens,
  DeviceCode: deviceCodes,
  Grant: grantStore,
  Interaction: interactionStore,
  PushedAuthorizationRequest: pushedRequests,
  RefreshToken: refreshTokens,
  ReplayDetection: usedAssertions,
  Session: browserSessions,
}

/** The store of a model. What it is not made for is a mistake of ours, and fails. */
export function storeOf(model: string): Adapter {
  const refuse = (operation: string) => async () => {
    throw new Error(`${model} has no ${operation}`)
  }
  return {
    upsert: refuse('upsert'),
    find: refuse('find'),
    findByUserCode: refuse('findByUserCode'),
    findByUid: refuse('findByUid'),
    consume: refuse('consume'),
    destroy: refuse('destroy'),
    revokeByGrantId: refuse('revokeByGrantId'),
    ...withoutNul(stores[model] ?? {}),
  }
}

/** PostgreSQL keeps no NUL: a name with one is nobody's, and a request with one is refused before it is kept. */
function withoutNul({ find, upsert, ...rest }: Partial<Adapter>): Partial<Adapter> {
  return {
    ...rest,
    ...(find && { find: async id => (id.includes('\0') ? undefined : await find(id)) }),
    ...(upsert && {
      async upsert(id, payload, expiresIn) {
        if (hasNul(payload)) throw new protocol.InvalidRequest('a parameter has a NUL in it')
        await upsert(id, payload, expiresIn)
      },
    }),
  }
}

/** At each token: without lists in between, a sixth of the time. */
function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  for (const key in value) if (key.includes('\0') || hasNul((value as Record<string, unknown>)[key])) return true
  return false
}
