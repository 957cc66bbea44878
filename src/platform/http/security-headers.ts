type Headers = Readonly<Record<string, string>>

/**
 * Headers of every answer. One constant object: composing them anew for each request, as middleware does, costs more
 * than answering a small one.
 */
export function commonHeaders(publicUrl: string): Headers {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
    // A promise for a year that a plain http installation could not keep.
    ...(publicUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  }
}

/** Pages run their own scripts only. Inline styles are open: the console's component library sets them. */
export const pageHeaders: Headers = {
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  // Nobody looks for these pages: they are behind a sign-in, or a link that is meant for one person.
  'x-robots-tag': 'noindex, nofollow',
  'cache-control': 'no-cache',
}
