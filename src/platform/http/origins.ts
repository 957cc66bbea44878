import type { HostAnswer } from './hosts.ts'

type Request = {
  headers: Readonly<Record<string, string | string[] | undefined>>
  host: string
  site?: HostAnswer | undefined
}

/**
 * Whether a browser says that a page of this very site sent the request: the defence of cookie writes against forgery.
 * `Sec-Fetch-Site` must be `same-origin` where it is sent, `Origin` must be ours where it is sent (the configured
 * address, or the host that was asked, if it is one of ours), and one of them must be there. A page cannot set either.
 */
export function isSameOrigin(request: Request, publicUrl: string): boolean {
  const { 'sec-fetch-site': site, origin } = request.headers
  if (site === undefined && origin === undefined) return false
  if (site !== undefined && site !== 'same-origin') return false
  return origin === undefined || isOwn(origin, request, publicUrl)
}

/** Whether a browser says that another site sent the request. Programs other than browsers say nothing. */
export function isCrossSite(request: Request, publicUrl: string): boolean {
  const { 'sec-fetch-site': site, origin } = request.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && !isOwn(origin, request, publicUrl)
}

function isOwn(origin: string | string[], { headers, host, site }: Request, publicUrl: string): boolean {
  if (typeof origin !== 'string') return false
  const own = new URL(publicUrl)
  if (site?.kind === 'tenant') return isAt(origin, host, headers, own.protocol)
  if (origin === own.origin) return true
  // Where host names are told apart, the address of a page counts only on those that are known.
  if (site && !(site.kind === 'installation' && site.isKnown)) return false
  return isAt(origin, host, headers, own.protocol)
}

function isAt(origin: string, host: string, headers: Request['headers'], protocol: string): boolean {
  // A tenant's own host name. Its scheme must be ours, for a plain http page may be anybody's; unless the browser, which
  // knows the scheme that it used, has found it the same: behind a proxy we may not know it.
  const schemes = headers['sec-fetch-site'] === 'same-origin' ? ['http:', 'https:'] : [protocol]
  return schemes.some(scheme => origin === `${scheme}//${host.toLowerCase()}`)
}
