import type { Static, TObject, TSchema } from 'typebox'
import type { App, ReportApp } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import type { Dialect } from './dialects.ts'
import type { IfMatch } from './etags.ts'

/** Who is asking: a user in one tenant, by a session, an API key or an application's token, with the permissions that hold there now. */
export type Principal = {
  credential: 'session' | 'api_key' | 'oauth'
  /** Undefined without a session. */
  sessionId: string | undefined
  userId: string
  /** Full name, else the address: written beside the id in the audit log. */
  userName: string
  tenantId: string | undefined
  roles: readonly string[]
  permissions: ReadonlySet<string>
  /** The last time that he proved who he is; routes that are `fresh` want it younger than 10 minutes. An API key never does. */
  authenticatedAt: Date | undefined
  /**
   * The identity provider of a tenant that alone says who this is: it speaks for the person in that tenant and nowhere
   * else, and not for the account. Undefined as soon as he has shown something of his own in this session.
   */
  provider?: { tenantId: string; id: string } | undefined
  /** The tenant that he works in, where it is not open to him now: then `tenantId` is undefined, and this says why. */
  closed?: ClosedTenant | undefined
  /** MT-15: for how long he may go on in the tenant without a second factor, where he has none and one is wanted. */
  secondFactorGrace?: { loginsLeft: number; endsAt: Date } | undefined
}

/** Somebody who is signed in. */
export type SessionPrincipal = Principal & { credential: 'session'; sessionId: string; authenticatedAt: Date }

/** A tenant that a member may not use now, and the refusal that he gets wherever he names it. */
export type ClosedTenant = { tenantId: string; tenantName: string; refusal: DomainError }

/** The permission that a route asks for; undefined where it asks for none. */
export function permissionOf({ allow }: Pick<AnyRoute, 'allow'>): string | undefined {
  return allow === 'public' || allow === 'session' || allow === 'caller' ? undefined : allow
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * `public`: nobody is asked who he is. `session`: any signed-in user, but no API key. `caller`: any of both. Else the
 * permission that is needed.
 */
export type Allow = 'public' | 'session' | 'caller' | (string & {})

export type RequestOf<P, Q, B, W = Principal | undefined> = {
  params: P
  query: Q
  body: B
  /** The bytes of the body, on routes that declare `rawBody`; else empty. */
  rawBody: Buffer
  /** Hand this to `app.db`: tenant, user and request of this call. */
  scope: Scope
  /** Who asks; on public routes nobody is asked, and it is undefined. */
  principal: W
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** The tenant whose own host name was asked; undefined on the installation's. */
  hostTenantId: string | undefined
  cookies: Readonly<Record<string, string | undefined>>
  /** For `requireMatch`, on routes that declare `conditional`. */
  ifMatch: IfMatch
}

/** What a handler may answer besides plain data: a status, headers, cookies. */
export class Reply<T = unknown> {
  readonly status: number
  readonly body: T
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly CookieChange[]
  constructor(status: number, body: T, more: { headers?: Record<string, string>; cookies?: CookieChange[] } = {}) {
    this.status = status
    this.body = body
    this.headers = more.headers ?? {}
    this.cookies = more.cookies ?? []
  }
}

/** `value` undefined clears the cookie. */
export type CookieChange = { name: string; value: string | undefined; expires?: Date }

/** Media types that are taken, and the most bytes. The type is what the caller says, and proves nothing. */
export type RawBody = { types: readonly [string, ...string[]]; limit: number }

/** PE-12: a report may be read from a replica, seconds old, and changes nothing. */
export type Reads = 'report' | undefined

/**
 * PE-12: for how long, in seconds, an answer is kept, and whose it is besides his tenant's: each user's own, or that of all
 * who have the same permissions there; their handler is not told who asks.
 */
export type Kept = { seconds: number; per: 'user' | 'permissions' }

export type Route<
  A extends Allow,
  P extends TObject,
  Q extends TObject,
  B extends TSchema,
  R extends TSchema,
  D extends Reads = undefined,
> = {
  method: Method
  /** Below `/api/v1`, parameters in braces: `/contractors/{id}`. */
  path: string
  allow: A
  summary: string
  description?: string
  params?: P
  query?: Q
  body?: B
  /** The body is no JSON but the bytes of a file: `request.rawBody`. `Idempotency-Key` does not count then. */
  rawBody?: RawBody
  /** What it speaks where that is not our own JSON; `Idempotency-Key` does not count then. */
  dialect?: Dialect
  /** The body of a success; `Type.Null()` with status 204. */
  response: R
  /** The media type of a success that is no JSON: the handler answers with a `Reply` of a Buffer, or of an `EventStream`. */
  produces?: string
  /** Status of a success, 200 unless told. */
  status?: number
  /** Codes of declared errors that it may answer besides those that follow from the rest, for the documentation. */
  refusals?: readonly string[]
  /** Requests a minute and caller beyond which 429 is answered, beside the general limit, or in its place where it is more. */
  rateLimit?: number
  /** A sensitive action: refused with `http.step_up_required` unless the session's last sign-in is under 10 minutes old. */
  fresh?: boolean
  /** The answer carries a secret that is kept nowhere else: it is not stored for `Idempotency-Key`, which does not count. */
  secret?: boolean
  /** The handler compares `If-Match` by `requireMatch` under a row lock; without this the frame refuses the header. */
  conditional?: boolean
  /** Programs ask it by themselves, without a person doing anything: it keeps no session from its timeout. */
  passive?: boolean
  /** Whether a success carries an entity tag: unless told, on GET and PATCH of a path that ends in a parameter. */
  etag?: boolean
  /**
   * `report`: what it says may be some seconds old (DATABASE_REPLICA_MAX_LAG), but never older than what its caller has
   * written. Not for what tells whether somebody may do something, for what is followed while it happens, nor for rows
   * that somebody may take from the caller's sight at any moment.
   */
  reads?: D
  /**
   * Its answer may be seconds old, except after a write in the tenant or by the caller. The handler is given `params`,
   * `query` and `scope` alone, by which answers are told apart, and answers with plain data.
   */
  kept?: Kept
  handle(
    request: RequestOf<Static<P>, Static<Q>, Static<B>, WhoAsks<A>>,
    app: D extends 'report' ? ReportApp : App,
  ): Promise<Static<R> | Reply<Static<R>>>
}

type WhoAsks<A extends Allow> = A extends 'public' ? undefined : A extends 'session' ? SessionPrincipal : Principal

// biome-ignore lint/suspicious/noExplicitAny: a list of routes holds handlers of different inputs (contravariance)
export type AnyRoute = Omit<Route<any, any, any, any, any>, 'reads'> & { reads?: Reads }

/** Declares a route; the schemas give the handler its types, the checks, the serialisation and the documentation. */
export function route<
  const A extends Allow,
  P extends TObject,
  Q extends TObject,
  B extends TSchema,
  R extends TSchema,
  const D extends Reads = undefined,
>(declared: Route<A, P, Q, B, R, D>): Route<A, P, Q, B, R, NoInfer<D>> {
  return declared
}
