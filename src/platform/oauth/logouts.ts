import { importJWK, SignJWT } from 'jose'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { fetchPublic } from '#platform/http'
import { enqueue, type Job } from '#platform/jobs'
import { findIssuerOf, issuerAddress } from './issuers.ts'
import { openKeySet } from './signing-keys.ts'

type Logout = { tenantId: string; oauthClientId: string; userId: string; sid: string | null }

/** So many in one transaction. */
const batch = 500
/** How long a logout token is good, in seconds: applications refuse old ones. */
const logoutSeconds = 120

/** OpenID Connect Back-Channel Logout 2.5: an application that has a grant of a session hears when that ends. */
export const findLogouts: Job = {
  name: 'oauth.find-logouts',
  description: 'Finds sessions that have ended, of which applications want to be told',
  cron: '* * * * *',
  async run(_data, app) {
    while ((await app.db.transaction({ system: true }, queueLogouts)) === batch);
  },
}

async function queueLogouts(tx: Queryable): Promise<number> {
  const taken = await tx.run(sql<Logout>`select * from oauth.take_logouts(${batch})`)
  for (const logout of taken) await enqueue(tx, tellLogout, logout)
  return taken.length
}

export const tellLogout: Job<Logout> = {
  name: 'oauth.tell-logout',
  description: 'Tells an application that somebody has signed out',
  retryLimit: 6,
  run: (logout, app) => sendLogout(app, logout),
}

/** Sends a signed logout token; throws where the application does not take it, so that the job tries again. */
async function sendLogout(app: App, logout: Logout): Promise<void> {
  const tx = app.db.reads({ system: true, tenantId: logout.tenantId })
  const [issuer, client] = await Promise.all([findIssuerOf(tx), findListener(tx, logout.oauthClientId)])
  if (!issuer || !client) return
  const token = await signLogout(app, issuerAddress(app, issuer), client.clientId, logout)
  const { status } = await fetchPublic(app, client.backchannelLogoutUri, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })
  if (status !== 200 && status !== 204) throw new Error(`The application answered ${status} to a logout token`)
}

function findListener(
  tx: Queryable,
  id: string,
): Promise<{ clientId: string; backchannelLogoutUri: string } | undefined> {
  return tx.maybe(sql<{ clientId: string; backchannelLogoutUri: string }>`
    select client_id, backchannel_logout_uri
    from oauth.oauth_clients
    where tenant_id in (${tx.scope.tenantId}, oauth.of_platform())
      and id = ${id}
      and is_active
      and backchannel_logout_uri is not null`)
}

async function signLogout(app: App, issuer: string, audience: string, { userId, sid }: Logout): Promise<string> {
  const { keys } = await openKeySet(app)
  const key = keys.find(({ alg }) => alg === 'RS256')
  if (!key) throw new Error('There is no key that signs')
  return await new SignJWT({
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    ...(sid !== null && { sid }),
  })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid as string, typ: 'logout+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(userId)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${logoutSeconds}s`)
    .sign(await importJWK(key, 'RS256'))
}
