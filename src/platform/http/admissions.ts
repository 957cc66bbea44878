import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidPattern } from '#platform/database'
import { clientAddressOf } from './client-addresses.ts'
import { cookiesOf } from './cookies.ts'
import { type Authenticator, type Credentials, sessionCookie } from './credentials.ts'
import { errors } from './errors.ts'
import type { Frame, Meter, Plan } from './frame.ts'
import { requireFresh, requireOwnSignIn } from './freshness.ts'
import { isCrossSite, isSameOrigin } from './origins.ts'
import { seenBy } from './own-writes.ts'
import { callerAt } from './rate-limits.ts'
import type { Principal } from './route.ts'

/** Before the body is read: who asks, may he, and not too often. */
export async function admit(frame: Frame, plan: Plan, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { headers } = request
  reply.header('ratelimit-policy', plan.policy)
  if (request.url.includes('%00')) throw errors.textUnfit()
  const tenantId = headers['x-tenant-id']
  if (tenantId !== undefined && !(typeof tenantId === 'string' && uuidPattern.test(tenantId))) {
    throw errors.tenantHeaderMalformed()
  }
  if (request.site?.kind === 'tenant') {
    // On a tenant's own host name all is about that one; who reads the header further on finds it too.
    if (tenantId !== undefined && tenantId.toLowerCase() !== request.site.tenantId) throw errors.tenantOfHost()
    headers['x-tenant-id'] = request.site.tenantId
  }
  if (headers['if-match'] !== undefined && plan.isWrite && !plan.route.conditional) throw errors.conditionUnsupported()
  const ipAddress = clientAddressOf(request)
  const client = {
    ipAddress,
    userAgent: headers['user-agent']?.slice(0, 500),
    requestId: request.id,
  }
  const isOnSite = tenantId === undefined && request.site?.kind === 'tenant' && plan.route.allow === 'session'
  const asked = { tenantId: tenantOf(request), isOnSite }
  const principal = plan.route.allow === 'public' ? undefined : await identify(frame, plan, request, asked, client)
  if (!principal && plan.isWrite && !bearerOf(headers.authorization) && isCrossSite(request, frame.app.publicUrl)) {
    throw errors.crossSite()
  }
  if (plan.route.allow === 'session' && principal?.credential === 'api_key') throw errors.keyRefused()
  if (plan.route.allow === 'session' && principal?.credential === 'oauth') throw errors.applicationRefused()
  request.call = {
    principal,
    scope: {
      ...client,
      tenantId: principal?.tenantId,
      userId: principal?.userId,
      userName: principal?.userName,
      permissions: principal?.permissions,
      ...(frame.app.replicas && !plan.isWrite && { seen: seenBy(request, frame.app.keyring) }),
    },
  }
  const caller = principal?.userId ?? callerAt(ipAddress)
  reply.header('ratelimit', plan.quotas.map(quota => frame.limits.take(quota, caller)).join(', '))
  if (plan.permission !== undefined && !principal?.permissions.has(plan.permission)) {
    throw principal?.closed?.refusal ?? errors.permissionMissing({ permission: plan.permission })
  }
  if (frame.meter && principal?.tenantId !== undefined && plan.permission !== undefined && !plan.route.dialect) {
    // Programs only: whoever has used up his requests must still be able to look at that, and to act on it.
    if (bearerOf(headers.authorization) !== undefined) await meter(frame.meter, principal.tenantId, reply)
  }
  if (plan.route.fresh && principal) {
    if (plan.route.allow === 'session') requireOwnSignIn(principal)
    requireFresh(frame.app, principal)
  }
}

async function meter({ admit }: Meter, tenantId: string, reply: FastifyReply): Promise<void> {
  const quota = await admit(tenantId)
  if (!quota) return
  reply.header('ratelimit-policy', `${reply.getHeader('ratelimit-policy')}, ${quota.policy}`)
  reply.header('ratelimit', `${reply.getHeader('ratelimit')}, ${quota.item}`)
}

async function identify(
  frame: Frame,
  plan: Plan,
  request: FastifyRequest,
  asked: Pick<Credentials, 'tenantId' | 'isOnSite'>,
  client: Parameters<Authenticator>[1],
): Promise<Principal> {
  const { headers } = request
  const bearer = bearerOf(headers.authorization)
  const cookie = bearer === undefined ? cookiesOf(headers.cookie)[sessionCookie] : undefined
  if (bearer === undefined && cookie === undefined) throw errors.unauthenticated()
  if (bearer === undefined && plan.isWrite && !isSameOrigin(request, frame.app.publicUrl)) throw errors.crossSite()
  return await frame.authenticate({ bearer, cookie, ...asked }, { ...client, isPassive: plan.route.passive })
}

/** Who asks with a request that is still being answered, as of now; throws once he may not any more. */
export async function identifyAgain(frame: Frame, plan: Plan, request: FastifyRequest): Promise<Principal> {
  const { ipAddress = '', userAgent } = request.call?.scope ?? {}
  return await identify(
    frame,
    plan,
    request,
    { tenantId: tenantOf(request) },
    { ipAddress, userAgent, requestId: request.id },
  )
}

const tenantOf = ({ headers }: FastifyRequest) => headers['x-tenant-id'] as string | undefined

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer(\s|$)/i.test(authorization)) return undefined
  return authorization.slice(7).trim()
}
