type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * Whether a browser says that a page of this very site sent the request: the defence of cookie writes against forgery.
 * `Sec-Fetch-Site` must be `same-origin` where it is sent, `Origin` must be ours where it is sent (the configured
 * address, or the host that was asked), and one of them must be there. A page cannot set either.
 */
export function isSameOrigin(headers: Headers, publicUrl: string): boolean {
  const site = headers['sec-fetch-site']
  const origin = headers.origin
  if (site === undefined && origin === undefined) return false
  if (site !== undefined && site !== 'same-origin') return false
  return origin === undefined || isOwn(origin, headers.host, publicUrl)
}

/** Whether a browser says that another site sent the request. Programs other than browsers say nothing. */
export function isCrossSite(headers: Headers, publicUrl: string): boolean {
  const site = headers['sec-fetch-site']
  const origin = headers.origin
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && !isOwn(origin, headers.host, publicUrl)
}

function isOwn(origin: string | string[], host: string | string[] | undefined, publicUrl: string): boolean {
  if (typeof origin !== 'string') return false
  const own = new URL(publicUrl)
  if (origin === own.origin) return true
  // A tenant's own host name. The scheme must be that of the installation: a plain http page may be anybody's.
  return typeof host === 'string' && origin === `${own.protocol}//${host.toLowerCase()}`
}
