import { AsyncLocalStorage } from 'node:async_hooks'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import type { Principal } from '#platform/http'
import type { Issuer } from './issuers.ts'

/** A request to an issuer, for what oidc-provider calls back without saying for whom. */
export type IssuerRequest = {
  app: App
  issuer: Issuer
  /** The system's, in the issuer's tenant. */
  scope: Scope & { tenantId: string; ipAddress: string }
  /** Whose browser it is, on the pages of people: signed in, and let in by the tenant's policy. */
  principal: Principal | undefined
  /** The cookie that binds interactions to the browser which began them. */
  browserToken: string
  /** Where programs ask again and again: what was read a moment ago is believed there (`believed.ts`). */
  believes: boolean
  /** What was read already: a token is looked for as each kind of it, and with it comes its grant. */
  known: Map<string, Promise<unknown>>
}

const requests = new AsyncLocalStorage<IssuerRequest>()

export const withinRequest = <T>(request: IssuerRequest, work: () => Promise<T>): Promise<T> =>
  requests.run(request, work)

/** The request that is being answered. */
export function currentRequest(): IssuerRequest {
  const request = requests.getStore()
  if (!request) throw new Error('Outside of a request to an issuer')
  return request
}

/** Reads something once in a request. */
export function knownInRequest<T>(key: string, read: () => Promise<T>): Promise<T> {
  const { known } = currentRequest()
  const found = known.get(key) as Promise<T> | undefined
  if (found) return found
  const reading = read()
  known.set(key, reading)
  return reading
}

/** Seconds since 1970, as tokens count. */
export const epoch = (moment: Date): number => Math.floor(moment.getTime() / 1000)
export const momentOf = (seconds: number): Date => new Date(seconds * 1000)
