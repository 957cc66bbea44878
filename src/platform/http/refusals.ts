import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidPattern } from '#platform/database'
import type { DomainError } from '#platform/errors.ts'
import { inUtf8, jsonText } from './bodies.ts'
import { clientAddressOf } from './client-addresses.ts'
import { type Dialect, dialectAt } from './dialects.ts'
import { bodyLimit, type Frame, type RefusedRequest } from './frame.ts'
import { type ExpectedBody, headersOf, problemJson, problemOf, refusalOf } from './problems.ts'
import { callerAt, policyOf } from './rate-limits.ts'

/** The one translation of what was thrown into an answer. */
export function refuse(frame: Frame, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = counted(frame, refusalOf(error, expectedBodyOf(request)), request, reply)
  const problem = problemOf(refusal, request.id, frame.app.publicUrl)
  const dialect = dialectOf(frame, request)
  const route = request.routeOptions?.url
  if (!refusal) frame.app.log.error({ requestId: request.id, route, err: error }, 'request failed')
  else if (refusal.kind === 'unavailable' || (refusal.cause && refusal.code === 'http.request_invalid')) {
    frame.app.log.warn({ requestId: request.id, route, code: refusal.code, err: refusal.cause }, 'request refused')
  }
  if (refusal) frame.onRefusal?.(refusedRequest(refusal, request))
  const { rateLimit } = refusal?.details ?? {}
  if (typeof rateLimit === 'string') reply.header('ratelimit', rateLimit)
  // Headers are set again: an address that cannot be decoded comes here without having passed the first hook.
  return reply
    .headers(frame.headers)
    .header('x-request-id', request.id)
    .headers(headersOf(refusal))
    .removeHeader('etag')
    .code(problem.status)
    .header('content-type', dialect?.mediaType ?? problemJson)
    .serializer(serialized)
    .send(JSON.stringify(dialect ? dialect.refusalOf(problem) : problem))
}

function refusedRequest({ code, details }: DomainError, request: FastifyRequest): RefusedRequest {
  const ipAddress = clientAddressOf(request)
  const { scope, principal } = request.call ?? {}
  const { permission, userId } = details
  const askedTenant = request.headers['x-tenant-id']
  return {
    code,
    // Whom a check has found that refused him is told by the refusal alone.
    scope: scope ?? {
      ipAddress,
      userAgent: request.headers['user-agent']?.slice(0, 500),
      requestId: request.id,
      ...(typeof userId === 'string' && { userId }),
    },
    sessionId: principal?.sessionId,
    caller: callerAt(ipAddress),
    // The pattern of the path, not the path: that may hold a token.
    details: {
      method: request.method,
      route: request.routeOptions?.url ?? null,
      ...(typeof permission === 'string' && { permission }),
      ...(typeof askedTenant === 'string' &&
        uuidPattern.test(askedTenant) && { askedTenant: askedTenant.toLowerCase() }),
    },
  }
}

/**
 * What is refused before anybody was found to count it against (a guessed token, an unknown path) counts against the
 * address. Not what is the server's own fault: an outage must not look like a flood.
 */
function counted(
  frame: Frame,
  refusal: DomainError | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): DomainError | undefined {
  const { url, ip } = request
  if (!refusal || refusal.kind === 'unavailable' || refusal.kind === 'limited') return refusal
  if (reply.hasHeader('ratelimit') || !url.startsWith('/api/v1/')) return refusal
  if (!reply.hasHeader('ratelimit-policy')) reply.header('ratelimit-policy', policyOf([frame.general]))
  try {
    reply.header('ratelimit', frame.limits.take(frame.general, callerAt(ip)))
    return refusal
  } catch (limited) {
    return refusalOf(limited, expectedBodyOf(request))
  }
}

/** Of the route; where there is none, of the address. */
function dialectOf(frame: Frame, request: FastifyRequest): Dialect | undefined {
  return request.routeOptions?.config?.dialect ?? dialectAt(frame.dialects, request.url)
}

function expectedBodyOf(request: FastifyRequest): ExpectedBody {
  const { rawBody: raw, dialect } = request.routeOptions?.config ?? {}
  if (dialect) return { types: inUtf8(dialect.takes), limit: dialect.limit }
  return raw ? { types: raw.types.join(', '), limit: raw.limit } : { types: jsonText, limit: bodyLimit }
}

function serialized(payload: unknown): string {
  return payload as string
}

/** What is not HTTP has no request to answer: a short answer on the socket, and the connection ends. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
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
