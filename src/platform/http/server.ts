import { randomUUID } from 'node:crypto'
import { constants } from 'node:zlib'
import compress from '@fastify/compress'
import { fastifyCookie } from '@fastify/cookie'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { readJsonBodies } from './bodies.ts'
import { serveConsole } from './console-files.ts'
import { type Authenticator, sessionCookie } from './credentials.ts'
import { errors } from './errors.ts'
import { etagOf, type IfMatch, isFresh, readEtags } from './etags.ts'
import { type Answer, answerOnce } from './idempotency.ts'
import { compileBody, compileParameters, type Input } from './inputs.ts'
import { admitToMetrics, createMetrics } from './metrics.ts'
import { renderOpenApi } from './openapi.ts'
import { isCrossSite, isSameOrigin } from './origins.ts'
import { headersOf, problemOf, refusalOf } from './problems.ts'
import { callerAt, policyOf, type Quota, RateLimits } from './rate-limits.ts'
import { serveReference } from './reference-page.ts'
import { type AnyRoute, type CookieChange, type Principal, Reply, type RequestOf } from './route.ts'
import { checkRoutes, hasEtag, isIdempotent, routesOf } from './routes.ts'
import { commonHeaders } from './security-headers.ts'

export type ServerOptions = {
  app: App
  modules: readonly Module[]
  authenticate: Authenticator
  /** The built console; without it there are no pages. */
  consoleDirectory?: string
  /** Addresses or networks of proxies whose `X-Forwarded-*` headers are believed; none unless told. */
  trustedProxies?: readonly string[]
  /** Requests a minute for each user, or for each address that is not signed in; 1200 unless told. */
  requestsPerMinute?: number
  /** With a token `/metrics` is for who sends it; without one for direct requests from private addresses. */
  metricsToken?: string
  /** Resolves when the database can be reached and is migrated. */
  readiness: () => Promise<void>
}

/** The largest body, in bytes. */
export const bodyLimit = 1_048_576

/** How long `close` waits for requests that are being answered, in milliseconds. */
const closeWithin = 10_000

/**
 * The HTTP server of the modules' routes, not yet listening. Refuses to build if a route names an unknown permission.
 * `close()` stops accepting, waits for the requests at work for at most 10 seconds, then drops them.
 */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { app, modules } = options
  checkRoutes(modules)
  const server = fastify({
    loggerInstance: quietLogger(app),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    genReqId: requestIdOf,
    requestTimeout: 60_000,
    return503OnClosing: false,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => refuse(frame, error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: answerUnreadable,
  })
  const frame: Frame = {
    ...options,
    headers: commonHeaders(app.publicUrl),
    limits: new RateLimits(() => app.clock.now().getTime()),
    general: { name: 'general', requests: options.requestsPerMinute ?? 1200, seconds: 60 },
    isClosing: false,
  }
  const metrics = createMetrics(app)
  server.decorateRequest('call')

  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(frame.headers).header('x-request-id', request.id)
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    const { method, id: requestId, routeOptions, call } = request
    const route = routeOptions.url ?? 'unknown'
    const ms = Math.round(reply.elapsedTime * 100) / 100
    metrics.observe(method, route, reply.statusCode, reply.elapsedTime / 1000)
    const { tenantId, userId } = call?.scope ?? {}
    app.log.info(
      { requestId, method, route, status: reply.statusCode, ms, ip: request.ip, tenantId, userId },
      'request',
    )
    // A connection that was busy when closing began would be kept alive now, and waited for.
    if (frame.isClosing) request.raw.socket.end()
    done()
  })
  server.setErrorHandler((error, request, reply) => refuse(frame, error, request, reply))
  closeInTime(server, frame)
  readJsonBodies(server)
  // Without its hooks: cookies are parsed where they are read. Registering loads what `parse` and `serialize` need.
  await server.register(fastifyCookie, { hook: false })
  await server.register(compress, {
    global: true,
    threshold: 2048,
    globalDecompression: false,
    encodings: ['br', 'gzip'],
    // Node's default quality is 11: seconds for what an answer must do in milliseconds.
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
  })

  for (const declared of routesOf(modules)) server.route(routeOf(frame, declared))
  serveHealth(server, frame)
  server.get('/metrics', async (request, reply) => {
    admitToMetrics(request, options.metricsToken)
    return reply.type(metrics.contentType).send(await metrics.render())
  })
  serveReference(server, renderOpenApi(modules, app.publicUrl))
  const sendPage = options.consoleDirectory ? await serveConsole(server, options.consoleDirectory) : undefined

  const paths = knownPaths(routesOf(modules))
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    const allowed = paths.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (allowed.length > 0) {
      reply.header('allow', [...new Set(allowed.includes('GET') ? [...allowed, 'HEAD'] : allowed)].join(', '))
      return refuse(frame, errors.methodNotAllowed({ method: request.method }), request, reply)
    }
    const isPage = request.method === 'GET' && !path.startsWith('/api/') && acceptsHtml(request)
    if (isPage && sendPage) return sendPage(reply)
    return refuse(frame, errors.routeNotFound({ path: path.slice(0, 200) }), request, reply)
  })
  await server.ready()
  return server
}

/** What the frame knows of a request beside Fastify: who asks, and the scope for the database. */
type Call = { scope: Scope; principal: Principal | undefined }

declare module 'fastify' {
  interface FastifyRequest {
    call: Call | undefined
  }
}

type Frame = ServerOptions & {
  headers: Readonly<Record<string, string>>
  limits: RateLimits
  general: Quota
  isClosing: boolean
}

type Plan = {
  route: AnyRoute
  status: number
  permission: string | undefined
  isWrite: boolean
  hasEtag: boolean
  isIdempotent: boolean
  quota: Quota | undefined
  policy: string
  params: Input
  query: Input
  body: Input
}

function routeOf(frame: Frame, route: AnyRoute) {
  const quota = route.rateLimit
    ? { name: `${route.method} ${route.path}`, requests: route.rateLimit, seconds: 60 }
    : undefined
  const plan: Plan = {
    route,
    status: route.status ?? 200,
    permission: route.allow === 'public' || route.allow === 'session' ? undefined : route.allow,
    isWrite: route.method !== 'GET',
    hasEtag: hasEtag(route),
    isIdempotent: isIdempotent(route),
    quota,
    policy: policyOf(quota ? [frame.general, quota] : [frame.general]),
    params: compileParameters('params', route.params),
    query: compileParameters('query', route.query),
    body: compileBody(route.body),
  }
  return {
    method: route.method,
    url: `/api/v1${route.path.replace(/\{(\w+)\}/g, ':$1')}`,
    // A compressed representation would need an entity tag of its own; tokens are not compressed beside input (BREACH).
    ...(plan.hasEtag || route.allow === 'public' ? { compress: false as const } : {}),
    schema: route.status === 204 ? {} : { response: { '2xx': route.response } },
    onRequest: (request: FastifyRequest, reply: FastifyReply) => admit(frame, plan, request, reply),
    handler: (request: FastifyRequest, reply: FastifyReply) => answer(frame, plan, request, reply),
  }
}

/** Before the body is read: who asks, may he, and not too often. */
async function admit(frame: Frame, plan: Plan, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { headers } = request
  if (request.url.includes('%00')) throw errors.textUnfit()
  const tenantId = headers['x-tenant-id']
  if (tenantId !== undefined && !(typeof tenantId === 'string' && isUuid.test(tenantId))) {
    throw errors.tenantHeaderMalformed()
  }
  if (headers['if-match'] !== undefined && plan.isWrite && !plan.route.conditional) throw errors.conditionUnsupported()
  const client = {
    ipAddress: request.ip,
    userAgent: headers['user-agent']?.slice(0, 500),
    requestId: request.id,
  }
  const principal = plan.route.allow === 'public' ? undefined : await identify(frame, plan, request, tenantId, client)
  if (!principal && plan.isWrite && !bearerOf(headers.authorization) && isCrossSite(request, frame.app.publicUrl)) {
    throw errors.crossSite()
  }
  request.call = {
    principal,
    scope: { ...client, tenantId: principal?.tenantId, userId: principal?.userId, userName: principal?.userName },
  }
  const caller = principal?.userId ?? callerAt(request.ip)
  const general = frame.limits.take(frame.general, caller)
  reply.header('ratelimit-policy', plan.policy)
  reply.header('ratelimit', plan.quota ? `${general}, ${frame.limits.take(plan.quota, caller)}` : general)
  if (plan.permission !== undefined && !principal?.permissions.has(plan.permission)) {
    throw errors.permissionMissing({ permission: plan.permission })
  }
}

async function identify(
  frame: Frame,
  plan: Plan,
  request: FastifyRequest,
  tenantId: string | undefined,
  client: Parameters<Authenticator>[1],
): Promise<Principal> {
  const { headers } = request
  const bearer = bearerOf(headers.authorization)
  const cookie = bearer === undefined ? cookiesOf(headers.cookie)[sessionCookie] : undefined
  try {
    if (bearer === undefined && cookie === undefined) throw errors.unauthenticated()
    if (bearer === undefined && plan.isWrite && !isSameOrigin(request, frame.app.publicUrl)) throw errors.crossSite()
    return await frame.authenticate({ bearer, cookie, tenantId }, client)
  } catch (error) {
    // Guessing tokens counts against the address.
    if (error instanceof DomainError && error.kind === 'unauthenticated') {
      frame.limits.take(frame.general, callerAt(request.ip))
    }
    throw error
  }
}

async function answer(frame: Frame, plan: Plan, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const view = new RequestView(plan, request)
  const key = plan.isIdempotent ? request.headers['idempotency-key'] : undefined
  if (key !== undefined) return await answerIdempotently(frame, plan, request, reply, view, key)
  return send(plan, request, reply, await plan.route.handle(view, frame.app))
}

/** What a handler sees of a request. A class, so that what few handlers read is computed only when it is read. */
class RequestView implements RequestOf<unknown, unknown, unknown> {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly scope: Scope
  readonly principal: Principal | undefined
  readonly headers: FastifyRequest['headers']

  constructor(plan: Plan, request: FastifyRequest) {
    const { scope, principal } = request.call as Call
    this.params = plan.params(request.params)
    this.query = plan.query(request.query)
    this.body = plan.isWrite ? plan.body(request.body) : undefined
    this.scope = scope
    this.principal = principal
    this.headers = request.headers
  }

  get cookies(): Readonly<Record<string, string | undefined>> {
    return cookiesOf(this.headers.cookie)
  }

  get ifMatch(): IfMatch {
    return readEtags(this.headers['if-match'])
  }
}

function send(plan: Plan, request: FastifyRequest, reply: FastifyReply, result: unknown): FastifyReply {
  const { status, body } = apply(plan, reply, result)
  reply.code(status)
  if (status === 204) return reply.send()
  if (plan.hasEtag && status < 300) {
    const etag = etagOf(body)
    reply.header('etag', etag).header('cache-control', 'private, no-cache')
    const known = request.headers['if-none-match']
    if (known !== undefined && !plan.isWrite && isFresh(known, etag)) return reply.code(304).send()
  }
  const nextCursor = plan.isWrite ? undefined : (body as { nextCursor?: string | null } | null)?.nextCursor
  if (nextCursor) reply.header('link', `<${nextPage(request.url, nextCursor)}>; rel="next"`)
  return reply.send(body)
}

function apply(plan: Plan, reply: FastifyReply, result: unknown): { status: number; body: unknown } {
  if (!(result instanceof Reply)) return { status: plan.status, body: result }
  reply.headers(result.headers)
  if (result.cookies.length > 0) reply.header('set-cookie', result.cookies.map(cookieHeader))
  return result
}

async function answerIdempotently(
  frame: Frame,
  plan: Plan,
  request: FastifyRequest,
  reply: FastifyReply,
  view: RequestView,
  key: string | string[],
): Promise<FastifyReply> {
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) throw errors.idempotencyKeyMalformed()
  const { userId = '', tenantId } = view.scope
  const { method, url: path } = request
  const work = async (): Promise<Answer> => {
    try {
      const result = await plan.route.handle(view, frame.app)
      const { status, body } = apply(plan, reply, result)
      reply.code(status)
      const headers = result instanceof Reply ? { ...result.headers } : {}
      if (status === 204) return { status, headers, body: '' }
      return { status, headers: { ...headers, 'content-type': json }, body: reply.serialize(body) as string }
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      const problem = problemOf(error, request.id, frame.app.publicUrl)
      const headers = { ...headersOf(error), 'content-type': problemJson }
      return { status: problem.status, headers, body: JSON.stringify(problem) }
    }
  }
  const tx = frame.app.db.scoped(view.scope)
  const kept = await answerOnce(tx, { key, userId, tenantId, method, path, body: view.body }, work)
  reply.code(kept.status).headers(kept.headers)
  if (kept.replayed) reply.header('idempotency-replayed', 'true')
  return kept.body === '' ? reply.send() : reply.send(kept.body)
}

const json = 'application/json; charset=utf-8'
const problemJson = 'application/problem+json; charset=utf-8'

/** The one translation of what was thrown into an answer. */
function refuse(frame: Frame, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error, bodyLimit)
  const problem = problemOf(refusal, request.id, frame.app.publicUrl)
  const route = request.routeOptions?.url
  if (!refusal) frame.app.log.error({ requestId: request.id, route, err: error }, 'request failed')
  else if (refusal.kind === 'unavailable' || (refusal.cause && refusal.code === 'http.request_invalid')) {
    frame.app.log.warn({ requestId: request.id, route, code: refusal.code, err: refusal.cause }, 'request refused')
  }
  const { rateLimit } = refusal?.details ?? {}
  if (typeof rateLimit === 'string') reply.header('ratelimit', rateLimit)
  // Headers are set again: an address that cannot be decoded comes here without having passed the first hook.
  return reply
    .headers(frame.headers)
    .header('x-request-id', request.id)
    .headers(headersOf(refusal))
    .removeHeader('etag')
    .code(problem.status)
    .header('content-type', problemJson)
    .serializer(serialized)
    .send(JSON.stringify(problem))
}

function serialized(payload: unknown): string {
  return payload as string
}

function serveHealth(server: FastifyInstance, frame: Frame): void {
  server.get('/livez', async () => ({ status: 'ok' }))
  server.get('/readyz', async () => {
    if (frame.isClosing) throw errors.notReady({ reason: 'it is shutting down' })
    const timer = new AbortController()
    try {
      await Promise.race([frame.readiness(), failAfter(2000, timer.signal)])
    } catch (cause) {
      throw errors.notReady({ reason: cause instanceof DomainError ? cause.message : 'its database is away' }, cause)
    } finally {
      timer.abort()
    }
    return { status: 'ok' }
  })
}

function failAfter(milliseconds: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer in ${milliseconds} ms`)), milliseconds)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}

function closeInTime(server: FastifyInstance, frame: Frame): void {
  let timer: NodeJS.Timeout | undefined
  server.addHook('preClose', done => {
    frame.isClosing = true
    timer = setTimeout(() => server.server.closeAllConnections(), closeWithin)
    timer.unref()
    done()
  })
  server.addHook('onClose', (_server, done) => {
    clearTimeout(timer)
    done()
  })
}

/** What is not HTTP has no request to answer: a short answer on the socket, and the connection ends. */
function answerUnreadable(error: Error & { code?: string }, socket: NodeJS.Socket & import('node:net').Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, title] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request']
  const body = JSON.stringify({ type: 'about:blank', title, status, code: 'http.unreadable', detail: title })
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  }
  socket.destroy()
}

/** Fastify's own messages go to the log as they are, without a child logger for each request. */
function quietLogger({ log }: App): FastifyBaseLogger {
  const quiet = {
    level: log.level,
    fatal: log.fatal.bind(log),
    error: log.error.bind(log),
    warn: log.warn.bind(log),
    info: log.debug.bind(log),
    debug: log.debug.bind(log),
    trace: log.trace.bind(log),
    silent: () => {},
    child: () => quiet,
  }
  return quiet as unknown as FastifyBaseLogger
}

const isUuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

function requestIdOf(request: { headers: NodeJS.Dict<string | string[]> }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && isUuid.test(given) ? given.toLowerCase() : randomUUID()
}

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer(\s|$)/i.test(authorization)) return undefined
  return authorization.slice(7).trim()
}

function cookiesOf(header: string | undefined): Record<string, string | undefined> {
  return header === undefined ? {} : fastifyCookie.parse(header)
}

function cookieHeader({ name, value, expires }: CookieChange): string {
  const common = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const
  return value === undefined
    ? fastifyCookie.serialize(name, '', { ...common, maxAge: 0 })
    : fastifyCookie.serialize(name, value, { ...common, expires })
}

function nextPage(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.set('cursor', cursor)
  return `${path.replace(/[<>"\\]/g, encodeURIComponent)}?${parameters}`
}

function knownPaths(routes: readonly AnyRoute[]): { pattern: RegExp; method: string }[] {
  const own = ['/livez', '/readyz', '/metrics', '/api/v1/openapi.json', '/api/docs']
  return [
    ...routes.map(({ method, path }) => ({ method, pattern: pathPattern(`/api/v1${path}`) })),
    ...own.map(path => ({ method: 'GET', pattern: pathPattern(path) })),
  ]
}

function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '[.]').replace(/\{\w+\}/g, '[^/]+')}$`)
}

function acceptsHtml(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false
}
