import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import { answer } from './processes.ts'

export type Client = { clientId: string; secret: string }
export type Tokens = { access: string; refresh: string }

const accountId = crypto.randomUUID()
const scope = 'openid profile email offline_access'
let provider: Provider
let clientId: string

answer({ open, signIn })

/**
 * oidc-provider with the adapter in memory that it comes with, which holds a thousand to two thousand rows, and asks nobody
 * anything. Its clients and claims are those of ours.
 */
async function open(client: Client): Promise<{ address: string }> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  clientId = client.clientId
  provider = new Provider('http://alone.example', {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', use: 'sig', alg: 'RS256' } as never] },
    clients: [
      {
        client_id: clientId,
        client_secret: client.secret,
        redirect_uris: ['https://app.example.org/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      },
    ],
    cookies: { keys: [crypto.randomUUID()] },
    scopes: [...scope.split(' '), 'contractors.lists.read'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'updated_at'],
      email: ['email', 'email_verified'],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_context, asking, token) => token.clientId === asking.clientId },
    },
    ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 86_400, IdToken: 3600, RefreshToken: 86_400 },
    routes: { token: '/token', introspection: '/introspection', userinfo: '/userinfo' },
    rotateRefreshToken: () => true,
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: 'Bench', email: 'bench@example.com', email_verified: true, updated_at: 1 }),
    }),
  })
  const server = createServer(provider.callback())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** What so many sign-ins would have brought. */
async function signIn(times: number): Promise<Tokens[]> {
  const client = await provider.Client.find(clientId)
  if (!client) throw new Error('There is no client')
  return await Promise.all(
    Array.from({ length: times }, async () => {
      const grant = new provider.Grant({ accountId, clientId })
      grant.addOIDCScope(scope)
      const of = { accountId, client, grantId: await grant.save(), gty: 'authorization_code', scope }
      const access = new provider.AccessToken({ ...of, claims: {} } as never)
      const refresh = new provider.RefreshToken({ ...of, authTime: Math.floor(Date.now() / 1000) } as never)
      return { access: await access.save(), refresh: await refresh.save() }
    }),
  )
}
