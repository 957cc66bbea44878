import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type App, appFor } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import type { Module } from '#platform/module.ts'
import { clientAddressOf } from './client-addresses.ts'
import { cookiesOf } from './cookies.ts'
import { sessionCookie } from './credentials.ts'
import { errors } from './errors.ts'
import type { Frame } from './frame.ts'
import { callerAt, policyOf, type Quota } from './rate-limits.ts'
import type { Principal } from './route.ts'

/**
 * A part of the server that speaks a protocol of its own, beside the routes: it has the raw request and answers it itself.
 * It is on the installation's own host name only. Common headers, the general rate limit, the request log and closing are as everywhere.
 */
export type Mount = {
  /** All paths below it, `/t`; the text after it is the call's `path`. */
  prefix: string
  /**
   * Finds out what answers; what it throws is answered as a problem document. The handler that comes back answers
   * everything by itself.
   */
  open(call: MountedCall, app: App): Promise<MountedHandler>
  /** What of it is tried beside the general limit, by the address of the caller: what leaves something behind for anybody. */
  quotaOf?(path: string): Quota | undefined
}

export type MountedHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export type MountedCall = {
  method: string
  /** Below the prefix, with a leading slash and without the query. */
  path: string
  /** With its question mark; empty without one. */
  query: string
  /** Client and request, nobody's yet. */
  scope: Scope & { ipAddress: string; requestId: string }
  cookies: Readonly<Record<string, string | undefined>>
  /** Who the browser's session is in this tenant, refused as any request that names it would be. */
  identify(tenantId: string): Promise<Principal>
}

/**
 * Serves what modules mount. Bodies are left unread, so that a request is answered as soon as it has come: what Fastify would
 * do with it between its hooks and a handler is passed over.
 */
export async function serveMounts(server: FastifyInstance, frame: Frame, modules: readonly Module[]): Promise<void> {
  const mounted = modules.flatMap(module => (module.mounts ?? []).map(mount => ({ module, mount })))
  await server.register(async inner => {
    for (const { module, mount } of mounted) {
      const app = appFor(module, frame.app)
      const onRequest = (request: FastifyRequest, reply: FastifyReply) => serve(frame, mount, app, request, reply)
      inner.all(`${mount.prefix}/*`, { compress: false, onRequest }, unreached)
    }
  })
}

async function serve(
  frame: Frame,
  mount: Mount,
  app: App,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (request.site && request.site.kind !== 'installation') throw errors.routeNotFound({ path: mount.prefix })
  const call = callOf(frame, mount, request)
  const own = mount.quotaOf?.(call.path)
  const quotas = own ? [frame.general, own] : [frame.general]
  reply.header('ratelimit-policy', policyOf(quotas))
  const caller = callerAt(call.scope.ipAddress)
  reply.header('ratelimit', quotas.map(quota => frame.limits.take(quota, caller)).join(', '))
  const answer = await mount.open(call, app)
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.hijack()
  try {
    await answer(request.raw, reply.raw)
  } catch (error) {
    // Nobody else hears of it any more, and who asked is not to wait for an answer.
    app.log.error({ err: error, requestId: request.id, mount: mount.prefix }, 'a mount failed')
    reply.raw.destroy()
  }
  return reply
}

const unreached = async () => {
  throw new Error('A mount has left a request unanswered')
}

function callOf(frame: Frame, mount: Mount, request: FastifyRequest): MountedCall {
  const { headers, method } = request
  const target = request.url.replace(/^https?:\/\/[^/?]*/i, '')
  const [path = '', ...query] = target.split('?')
  const ipAddress = clientAddressOf(request)
  const userAgent = headers['user-agent']?.slice(0, 500)
  const client = { ipAddress, requestId: request.id, ...(userAgent !== undefined && { userAgent }) }
  const cookies = cookiesOf(headers.cookie)
  return {
    method,
    path: path.slice(mount.prefix.length),
    query: query.length === 0 ? '' : `?${query.join('?')}`,
    scope: client,
    cookies,
    async identify(tenantId) {
      const cookie = cookies[sessionCookie]
      if (cookie === undefined) throw errors.unauthenticated()
      return await frame.authenticate({ cookie, tenantId }, client)
    },
  }
}
