import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CopyButton, entranceQuery, ScrollRegion, useSession } from '#platform/console'
import classes from './clients.module.css'
import type { Client } from './own-clients.ts'

/** The issuer of the workspace that is open; undefined until it is known. */
export function useIssuer(): string | undefined {
  const { tenant } = useSession()
  const home = useQuery(entranceQuery).data?.installationUrl
  return home && tenant ? `${home.replace(/\/$/, '')}/t/${tenant.slug}` : undefined
}

/** Where an application asks, and how that looks. */
export function Endpoints({ client }: { client: Client }) {
  const issuer = useIssuer()
  if (!issuer) return null
  const discovery = `${issuer}/.well-known/openid-configuration`
  const addresses = [
    ['Issuer', issuer],
    ['Discovery', discovery],
  ] as const
  return (
    <section aria-labelledby="client-endpoints" className={classes.section}>
      <Title order={2} id="client-endpoints">
        Where it asks
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        A library for OpenID Connect needs the issuer and the client id; it finds all other addresses at the discovery
        address. If the workspace takes another address (slug), its issuer is another one too.
      </Text>
      <div className={`panel ${classes.body}`}>
        <dl className={classes.facts}>
          {addresses.map(([label, address]) => (
            <div key={label} style={{ display: 'contents' }}>
              <dt>{label}</dt>
              <dd className={classes.copied}>
                <span className="mono">{address}</span>
                <CopyButton text={address} label={`Copy ${label.toLowerCase()}`} />
              </dd>
            </div>
          ))}
        </dl>
        <Title order={3} size="h5" mt="md" mb={6}>
          In a program
        </Title>
        <ScrollRegion label="In a program" className={`${classes.code} ${classes.program}`}>
          <pre>{sampleOf(client, issuer)}</pre>
        </ScrollRegion>
      </div>
    </section>
  )
}

function sampleOf(client: Client, issuer: string): string {
  const secret = client.tokenEndpointAuthMethod === 'client_secret_post' ? 'ClientSecretPost' : 'ClientSecretBasic'
  const shows =
    client.type === 'public'
      ? 'client.None()'
      : client.tokenEndpointAuthMethod === 'private_key_jwt'
        ? 'client.PrivateKeyJwt(privateKey)'
        : `client.${secret}(clientSecret)`
  const open = `// npm install openid-client
import * as client from 'openid-client'

const config = await client.discovery(
  new URL('${issuer}'),
  '${client.clientId}',
  undefined,
  ${shows},
)
`
  const scope = client.scopes.join(' ')
  if (client.grantTypes.includes('authorization_code'))
    return `${open}
// Send the person to this address, and keep verifier and state in his session.
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: '${client.redirectUris[0] ?? ''}',
  scope: '${scope}',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
})

// When he comes back:
const tokens = await client.authorizationCodeGrant(config, requestedUrl, {
  pkceCodeVerifier: verifier,
  expectedState: state,
})`
  if (client.grantTypes.includes('client_credentials'))
    return `${open}
const tokens = await client.clientCredentialsGrant(config, { scope: '${scope}' })
// Then: Authorization: Bearer \${tokens.access_token}`
  return `${open}
const device = await client.initiateDeviceAuthorization(config, { scope: '${scope}' })
console.log(\`Open \${device.verification_uri} and enter \${device.user_code}\`)
const tokens = await client.pollDeviceAuthorizationGrant(config, device)`
}
