import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { cookieHeader, cookiesOf } from './cookies.ts'
import { errors } from './errors.ts'
import { etagOf, type IfMatch, isFresh, readEtags } from './etags.ts'
import { EventStream, sendEvents } from './event-streams.ts'
import type { Call, Frame, Plan } from './frame.ts'
import { type Answer, answerOnce } from './idempotency.ts'
import type { KeptAnswers } from './kept-answers.ts'
import { noteWrite } from './own-writes.ts'
import { headersOf, problemJson, problemOf } from './problems.ts'
import { type Kept, type Principal, Reply, type RequestOf } from './route.ts'

/** Runs the handler of an admitted request and sends what it gives, once for each `Idempotency-Key`. */
export async function answer(
  frame: Frame,
  plan: Plan,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const view = new RequestView(plan, request)
  const { kept } = frame.app
  if (plan.route.kept && kept) return await answerKept(plan, plan.route.kept, kept, request, reply, view)
  const key = plan.isIdempotent ? request.headers['idempotency-key'] : undefined
  if (key !== undefined) return await answerIdempotently(frame, plan, request, reply, view, key)
  const result = await handle(plan, view)
  if (plan.isWrite) await noteWrite(frame.app, request, reply)
  return send(frame, plan, request, reply, result)
}

/** PE-12: what a replica does not have yet is asked for on the primary, before anybody is told that it is not there. */
async function handle({ route, app, isWrite }: Plan, view: RequestView): Promise<unknown> {
  // The plan has made the one that the route's handler takes.
  const given = app as App
  if (isWrite) {
    try {
      return await route.handle(view, given)
    } finally {
      // What has failed may have written something before.
      app.kept?.noteWritten(view.scope)
    }
  }
  if (!route.reads) return await route.handle(view, given)
  const { seen } = view.scope
  try {
    return await route.handle(view, given)
  } catch (error) {
    const isFromReplica = seen && !seen.isOnPrimary && (await seen.replica) !== undefined
    if (!isFromReplica || !(error instanceof DomainError)) throw error
    seen.isOnPrimary = true
    return await route.handle(view, given)
  }
}

/** What a handler sees of a request. A class, so that what few handlers read is computed only when it is read. */
class RequestView implements RequestOf<unknown, unknown, unknown> {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly rawBody: Buffer
  readonly scope: Scope
  readonly principal: Principal | undefined
  readonly headers: FastifyRequest['headers']
  readonly hostTenantId: string | undefined

  constructor(plan: Plan, request: FastifyRequest) {
    const { scope, principal } = request.call as Call
    this.params = plan.params(request.params)
    this.query = plan.query(request.query)
    this.body = plan.isWrite ? plan.body?.(request.body) : undefined
    this.rawBody = plan.route.rawBody ? bytesOf(request.body) : nothing
    this.scope = scope
    this.principal = principal
    this.headers = request.headers
    this.hostTenantId = request.site?.kind === 'tenant' ? request.site.tenantId : undefined
  }

  get cookies(): Readonly<Record<string, string | undefined>> {
    return cookiesOf(this.headers.cookie)
  }

  get ifMatch(): IfMatch {
    return readEtags(this.headers['if-match'])
  }
}

const nothing = Buffer.alloc(0)

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body) && body.length > 0) return body
  throw errors.requestInvalid({ errors: [{ in: 'body', pointer: '', message: 'a body is required' }] })
}

function send(frame: Frame, plan: Plan, request: FastifyRequest, reply: FastifyReply, result: unknown): FastifyReply {
  const { status, body } = apply(plan, reply, result)
  reply.code(status)
  if (status === 204) return reply.send()
  if (body instanceof EventStream) return sendEvents(frame, plan, request, reply, body)
  if (plan.hasEtag && status < 300 && isKnown(plan, request, reply, etagOf(body))) return reply.code(304).send()
  const nextCursor = plan.isWrite ? undefined : nextCursorOf(body)
  if (nextCursor) reply.header('link', `<${nextPage(request.url, nextCursor)}>; rel="next"`)
  if (plan.route.produces || isWritten(body)) return reply.send(body)
  if (!reply.hasHeader('content-type')) reply.type(plan.route.dialect?.mediaType ?? json)
  return reply.send(textOf(plan, reply, status, body))
}

/** Tags the answer, and says whether its caller has it already. */
function isKnown(plan: Plan, request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header('etag', etag).header('cache-control', 'private, no-cache')
  const known = request.headers['if-none-match']
  return known !== undefined && !plan.isWrite && isFresh(known, etag)
}

const nextCursorOf = (body: unknown) => (body as { nextCursor?: string | null } | null)?.nextCursor ?? undefined

/**
 * PE-12: with the answer of the last seconds, for whoever was let in by `admit` just now. No cache further on is told that
 * it may give it without asking: there nobody would see what he has written, nor lose what he may not see any more.
 */
async function answerKept(
  plan: Plan,
  { seconds, per }: Kept,
  kept: KeptAnswers,
  request: FastifyRequest,
  reply: FastifyReply,
  { params, query, scope }: RequestView,
): Promise<FastifyReply> {
  const { tenantId, permissions, requestId, seen } = scope
  const userId = per === 'user' ? scope.userId : undefined
  const { method, path } = plan.route
  // Parameters have the order of their schema, whatever order they came in.
  const key = JSON.stringify([method, path, params, query, tenantId, userId, digestOf(permissions)])
  const view = onlyWith({ params, query, scope: { tenantId, userId, permissions, requestId, ...(seen && { seen }) } })
  const { answer, age } = await kept.give(key, { tenantId, userId, position: seen?.position }, seconds, async () => {
    const body = await handle(plan, view)
    if (body instanceof Reply || isWritten(body)) throw new Error(`${method} ${path} keeps what is no plain data`)
    const etag = plan.hasEtag ? etagOf(body) : undefined
    return { text: textOf(plan, reply, plan.status, body), etag, nextCursor: nextCursorOf(body) }
  })
  reply.code(plan.status).header('age', Math.floor(age))
  if (answer.etag !== undefined && isKnown(plan, request, reply, answer.etag)) return reply.code(304).send()
  if (answer.nextCursor) reply.header('link', `<${nextPage(request.url, answer.nextCursor)}>; rel="next"`)
  return reply.type(json).send(answer.text)
}

/** By anything else an answer would differ that is kept as the same. */
const onlyWith = (given: Pick<RequestView, 'params' | 'query' | 'scope'>): RequestView =>
  new Proxy(given as RequestView, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name)
      throw new Error(`A route whose answers are kept asks for ${String(name)} of its request`)
    },
  })

/** A principal is believed for some seconds, with the same set: hashed once. */
const digests = new WeakMap<ReadonlySet<string>, string>()

function digestOf(permissions: ReadonlySet<string> = new Set()): string {
  let digest = digests.get(permissions)
  if (digest === undefined) {
    digest = hash('sha256', JSON.stringify([...permissions].sort()), 'base64url')
    digests.set(permissions, digest)
  }
  return digest
}

const isWritten = (body: unknown) =>
  body === undefined || typeof body === 'string' || body instanceof Readable || ArrayBuffer.isView(body)

/** As the route declares it. What writes it is compiled with the first answer: a start does not wait for all of them. */
function textOf(plan: Plan, reply: FastifyReply, status: number, body: unknown): string {
  const isDeclared = plan.status !== 204 && status >= 200 && status < 300
  return isDeclared ? reply.serializeInput(body as Record<string, unknown>, plan.route.response) : JSON.stringify(body)
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
      const result = await handle(plan, view)
      await noteWrite(frame.app, request, reply)
      const { status, body } = apply(plan, reply, result)
      reply.code(status)
      const headers = result instanceof Reply ? { ...result.headers } : {}
      if (status === 204) return { status, headers, body: '' }
      return { status, headers: { ...headers, 'content-type': json }, body: textOf(plan, reply, status, body) }
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

function nextPage(url: string, cursor: string): string {
  const [path = '', query = ''] = url.split('?', 2)
  const parameters = new URLSearchParams(query)
  parameters.set('cursor', cursor)
  return `${path.replace(/[<>"\\]/g, encodeURIComponent)}?${parameters}`
}
