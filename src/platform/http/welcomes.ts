import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HostResolver } from './hosts.ts'

/**
 * Before anything else: what does the host name stand for. One that a tenant has left, and a domain of its own, lead to
 * the one below the installation's, with path and query; one that nobody has is answered with a plain page.
 */
export function welcome(resolve: HostResolver, publicUrl: string) {
  const { protocol, host: ownHost } = new URL(publicUrl)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    // Whoever looks after the process asks by whatever name, and also while the database is away.
    if (request.url === '/livez' || request.url === '/readyz') return undefined
    const site = await resolve(request.host)
    request.site = site
    if (site.kind === 'unknown') {
      return await reply
        .code(404)
        .type('text/plain; charset=utf-8')
        .serializer((text: unknown) => text as string)
        .send('There is no workspace at this address. Check its spelling, or ask who gave it to you.\n')
    }
    if (site.kind !== 'elsewhere') return undefined
    const host = site.isOwnDomain ? `${site.label}.${ownHost}` : movedHost(request.host, site.label)
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    // Not kept by browsers: in some weeks the old name may be another tenant's. 308 repeats a write as it was.
    return await reply
      .code(isRead ? 302 : 308)
      .header('location', `${protocol}//${host}${pathOf(request.url)}`)
      .send()
  }
}

/** The host that was asked, with its port, below another label. */
const movedHost = (host: string, label: string) => host.toLowerCase().replace(/^[^.]+/, label)

/** A target may be a whole address; what host it names is none of our words. */
const pathOf = (url: string) => `/${url.replace(/^https?:\/\/[^/?]*/i, '').replace(/^\/+/, '')}`
