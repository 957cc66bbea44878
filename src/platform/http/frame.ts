import type { App, ReportApp } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import type { Module } from '#platform/module.ts'
import type { Authenticator } from './credentials.ts'
import type { Dialect } from './dialects.ts'
import type { EventStream } from './event-streams.ts'
import type { HostAnswer, HostResolver } from './hosts.ts'
import type { Input } from './inputs.ts'
import type { Quota, RateLimits } from './rate-limits.ts'
import type { AnyRoute, Principal, RawBody } from './route.ts'

/** Counts what a tenant's requests use; http itself knows no plans. */
export type Meter = {
  /** Counts a program's request, or refuses it. The answer are further items of the RateLimit headers. */
  admit(tenantId: string): Promise<{ policy: string; item: string } | undefined>
  /** Bytes sent to a tenant. */
  sent(tenantId: string, bytes: number): void
}

export type ServerOptions = {
  app: App
  modules: readonly Module[]
  authenticate: Authenticator
  /** What the host name of a request stands for; without it all are the installation's. */
  resolveHost?: HostResolver
  /** The built console; without it there are no pages. */
  consoleDirectory?: string
  /** Addresses or networks of proxies whose `X-Forwarded-*` headers are believed; none unless told. */
  trustedProxies?: readonly string[]
  /** Requests a minute for each user, or for each address that is not signed in; 1200 unless told. */
  requestsPerMinute?: number
  /** Without one nothing is counted, and no plan limits the requests of a month. */
  meter?: Meter
  /** With a token `/metrics` is for who sends it; without one for direct requests from private addresses. */
  metricsToken?: string
  /** Resolves when the database can be reached and is migrated. */
  readiness: () => Promise<void>
  /** Told of each request that is refused, beside the answer: it must take no time, and throw nothing. */
  onRefusal?: (refused: RefusedRequest) => void
}

/** A refusal, of whom and of what, as far as that was found out. */
export type RefusedRequest = {
  code: string
  scope: Scope
  sessionId: string | undefined
  /** The address, or its network. */
  caller: string
  details: Readonly<Record<string, unknown>>
}

/** What the server keeps while it serves. */
export type Frame = ServerOptions & {
  headers: Readonly<Record<string, string>>
  limits: RateLimits
  general: Quota
  /** Those that routes speak beside our own. */
  dialects: ReadonlySet<Dialect>
  isClosing: boolean
  /** Answers that go on until somebody ends them. */
  streams: Set<EventStream>
}

/** A route as it is served: what can be worked out once is not worked out for each request. */
export type Plan = {
  route: AnyRoute
  /** What its module's handlers are given. */
  app: App | ReportApp
  status: number
  permission: string | undefined
  isWrite: boolean
  hasEtag: boolean
  isIdempotent: boolean
  /** What is taken of, the general one first. */
  quotas: readonly Quota[]
  policy: string
  params: Input
  query: Input
  /** Undefined where the body is bytes. */
  body: Input | undefined
}

/** What the frame knows of a request beside Fastify: who asks, and the scope for the database. */
export type Call = { scope: Scope; principal: Principal | undefined }

declare module 'fastify' {
  interface FastifyContextConfig {
    rawBody?: RawBody | undefined
    dialect?: Dialect | undefined
    isTimed?: boolean
  }
  interface FastifyRequest {
    call: Call | undefined
    /** What the host that was asked stands for. */
    site: HostAnswer | undefined
  }
}

/** The largest JSON body, in bytes. */
export const bodyLimit = 1_048_576
