import type { PortabilityDeclaration, RestorationDeclaration } from '#platform/module.ts'

/** What works for an issuer and comes of what people do with it. */
const handedOut = [
  'grants',
  'oauth_authorization_codes',
  'oauth_access_tokens',
  'oauth_refresh_tokens',
  'device_codes',
  'pushed_requests',
  'interactions',
  'browser_sessions',
  'used_assertions',
].map(table => `oauth.${table}`)

const each = (reason: string) => Object.fromEntries(handedOut.map(table => [table, reason]))

export const portability: PortabilityDeclaration = {
  stays: {
    'oauth.client_secrets': 'Secrets open this installation and no other: make new ones where the tenant goes',
    ...each('What people allowed applications here is worth nothing at another issuer'),
  },
  withheld: { 'oauth.oauth_clients.tried_until': { reason: 'Somebody tries it here at this moment' } },
}

export const restoration: RestorationDeclaration = {
  stays: {
    'oauth.client_secrets': 'A secret that was replaced or has ended stays so',
    'oauth.signing_keys': 'What was replaced signs nothing again',
    ...each('Nothing that was used or taken back opens again'),
  },
}
