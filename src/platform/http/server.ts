import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
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
import { type App, appFor, reportAppFor } from '#platform/app.ts'
import { uuidPattern } from '#platform/database'
import type { Module } from '#platform/module.ts'
import { admit } from './admissions.ts'
import { answer } from './answers.ts'
import { readJsonBodies, readRawBodies } from './bodies.ts'
import { clientAddressOf } from './client-addresses.ts'
import { serveConsole } from './console-files.ts'
import { errors } from './errors.ts'
import { eventStreamType } from './event-streams.ts'
import { bodyLimit, type Frame, type Plan, type ServerOptions } from './frame.ts'
import { serveHealth } from './health.ts'
import { compileBody, compileParameters } from './inputs.ts'
import { admitToMetrics, createMetrics } from './metrics.ts'
import { serveMounts } from './mounts.ts'
import { renderOpenApi } from './openapi.ts'
import { policyOf, RateLimits } from './rate-limits.ts'
import { serveReference } from './reference-page.ts'
import { answerUnreadable, refuse } from './refusals.ts'
import { type AnyRoute, permissionOf } from './route.ts'
import { checkRoutes, hasEtag, isIdempotent, routesOf } from './routes.ts'
import { commonHeaders } from './security-headers.ts'
import { welcome } from './welcomes.ts'

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
    dialects: new Set(routesOf(modules).flatMap(({ dialect }) => dialect ?? [])),
    isClosing: false,
    streams: new Set(),
  }
  const metrics = createMetrics(app)
  server.decorateRequest('call')
  server.decorateRequest('site')

  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(frame.headers).header('x-request-id', request.id)
    done()
  })
  if (options.resolveHost) server.addHook('onRequest', welcome(options.resolveHost, app.publicUrl))
  server.addHook('onResponse', (request, reply, done) => {
    const { method, id: requestId, routeOptions, call } = request
    const route = routeOptions.url ?? 'unknown'
    const ms = Math.round(reply.elapsedTime * 100) / 100
    // How long a window was open says nothing about the server.
    if (routeOptions.config.isTimed !== false)
      metrics.observe(method, route, reply.statusCode, reply.elapsedTime / 1000)
    const { tenantId, userId } = call?.scope ?? {}
    app.log.info(
      { requestId, method, route, status: reply.statusCode, ms, ip: clientAddressOf(request), tenantId, userId },
      'request',
    )
    if (frame.meter && tenantId !== undefined) frame.meter.sent(tenantId, bytesSent(request.raw.socket))
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

  const served = modules.flatMap(module => (module.routes ?? []).map(declared => ({ module, declared })))
  for (const { module, declared } of served) {
    const { rawBody, dialect } = declared
    const limited = rawBody ?? dialect
    if (!limited) server.route(routeOf(frame, module, declared))
    // In a context of its own: no other route takes its media types.
    else
      await server.register(async inner => {
        if (rawBody) readRawBodies(inner, rawBody)
        else if (dialect) readJsonBodies(inner, dialect.takes)
        inner.route({ ...routeOf(frame, module, declared), bodyLimit: limited.limit })
      })
  }
  await serveMounts(server, frame, modules)
  serveHealth(server, frame)
  server.get('/metrics', async (request, reply) => {
    admitToMetrics(request, options.metricsToken)
    return reply.type(metrics.contentType).send(await metrics.render())
  })
  serveReference(server, () => renderOpenApi(modules, app.publicUrl))
  const sendPage = options.consoleDirectory ? await serveConsole(server, options.consoleDirectory) : undefined

  const paths = knownPaths(routesOf(modules))
  server.setNotFoundHandler((request, reply) => {
    // A target may be a whole address; what host it names is none of our words.
    const path = request.url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0] || '/'
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

function routeOf(frame: Frame, module: Module, route: AnyRoute) {
  const quota = route.rateLimit
    ? { name: `${route.method} ${route.path}`, requests: route.rateLimit, seconds: 60 }
    : undefined
  // Only what lets through less comes beside the general one.
  const quotas = quota && quota.requests > frame.general.requests ? [quota] : [frame.general, ...(quota ? [quota] : [])]
  const plan: Plan = {
    route,
    app: route.reads ? reportAppFor(module, frame.app) : appFor(module, frame.app),
    status: route.status ?? 200,
    permission: permissionOf(route),
    isWrite: route.method !== 'GET',
    hasEtag: hasEtag(route),
    isIdempotent: isIdempotent(route),
    quotas,
    policy: policyOf(quotas),
    params: compileParameters('params', route.params),
    query: compileParameters('query', route.query),
    body: route.rawBody ? undefined : compileBody(route.body),
  }
  return {
    method: route.method,
    url: `/api/v1${route.path.replace(/\{(\w+)\}/g, ':$1')}`,
    // A compressed representation would need an entity tag of its own; tokens are not compressed beside input (BREACH).
    ...(plan.hasEtag || route.produces || route.allow === 'public' ? { compress: false as const } : {}),
    config: { rawBody: route.rawBody, dialect: route.dialect, isTimed: route.produces !== eventStreamType },
    onRequest: (request: FastifyRequest, reply: FastifyReply) => admit(frame, plan, request, reply),
    handler: (request: FastifyRequest, reply: FastifyReply) => answer(frame, plan, request, reply),
  }
}

const sentBefore = new WeakMap<Socket, number>()

/** What went over a connection since it was asked last. A connection answers one request after the other. */
function bytesSent(socket: Socket): number {
  const before = sentBefore.get(socket) ?? 0
  const all = socket.bytesWritten ?? before
  sentBefore.set(socket, all)
  return all - before
}

function closeInTime(server: FastifyInstance, frame: Frame): void {
  let timer: NodeJS.Timeout | undefined
  server.addHook('preClose', done => {
    frame.isClosing = true
    for (const stream of frame.streams) stream.finish()
    timer = setTimeout(() => server.server.closeAllConnections(), closeWithin)
    timer.unref()
    done()
  })
  server.addHook('onClose', (_server, done) => {
    clearTimeout(timer)
    done()
  })
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

function requestIdOf(request: { headers: NodeJS.Dict<string | string[]> }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && uuidPattern.test(given) ? given.toLowerCase() : randomUUID()
}
