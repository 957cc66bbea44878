import type { RetentionDeclaration } from '#platform/module.ts'

const removed = (description: string, table: string, after: string, by = 'expires_at'): RetentionDeclaration => ({
  description,
  table: `oauth.${table}`,
  by,
  after,
  action: 'remove',
})

/** GG-16: nothing is kept that opens nothing any more, but for the days in which somebody may ask what it was. */
export const retention = {
  'oauth.authorization_codes': removed('Codes of applications that are past', 'oauth_authorization_codes', '1 day'),
  'oauth.access_tokens': removed('Access tokens of applications that are past', 'oauth_access_tokens', '1 day'),
  'oauth.refresh_tokens': removed('Refresh tokens of applications that are past', 'oauth_refresh_tokens', '1 day'),
  'oauth.device_codes': removed('Codes of devices that are past', 'device_codes', '1 day'),
  'oauth.pushed_requests': removed('Requests of applications that are past', 'pushed_requests', '1 day'),
  'oauth.interactions': removed('Requests of applications that nobody answered', 'interactions', '1 day'),
  'oauth.browser_sessions': removed('What issuers knew of browsers', 'browser_sessions', '1 day'),
  'oauth.used_assertions': removed('Signed proofs of applications that are past', 'used_assertions', '1 day'),
  'oauth.grants': removed('What people allowed applications, and is past', 'grants', '30 days'),
  'oauth.grants_revoked': removed('What people took back from applications', 'grants', '400 days', 'revoked_at'),
  'oauth.signing_keys': removed('Keys that are published no more', 'signing_keys', '30 days', 'published_until'),
}
