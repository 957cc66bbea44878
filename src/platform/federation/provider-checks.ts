import * as openid from 'openid-client'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Scope, sql } from '#platform/database'
import { oneOf, timestamp } from '#platform/http'
import {
  algorithms,
  authenticationOf,
  discover,
  discoveryAddressOf,
  type Fault,
  fetchThrough,
  readJson,
} from './discovery.ts'
import { products } from './products.ts'
import {
  getProvider,
  noteProviderState,
  type readUsableProvider,
  redirectUriOf,
  readUsableProvider as usable,
} from './providers.ts'

const steps = [
  'reachable',
  'certificate',
  'answer',
  'issuer',
  'endpoints',
  'code_flow',
  'pkce',
  'algorithms',
  'keys',
  'client',
  'domains',
] as const

/** What was looked at, in the order in which one depends on the other. */
export const ProviderCheck = Type.Object({
  at: timestamp,
  isUsable: Type.Boolean({ description: 'Whether nothing that was looked at keeps people from signing in' }),
  discoveryAddress: Type.String(),
  redirectUri: Type.String({ description: 'Register it at the provider, to the letter' }),
  lines: Type.Array(
    Type.Object({
      step: oneOf(steps),
      outcome: oneOf(['passed', 'warned', 'failed', 'skipped']),
      message: Type.String(),
    }),
  ),
})
export type ProviderCheck = Static<typeof ProviderCheck>
type Line = ProviderCheck['lines'][number]
type Step = Line['step']

/** Asks a provider about itself and says what is wrong, line by line; what it found stands at the provider afterwards. */
export async function checkProvider(app: App, scope: Scope, id: string): Promise<ProviderCheck> {
  const system = app.db.scoped({ ...scope, system: true })
  const provider = await getProvider(app, system, id)
  const lines: Line[] = []
  const add = (step: Step, outcome: Line['outcome'], message: string) => void lines.push({ step, outcome, message })
  const found = await discover(app, provider.issuer)
  if ('fault' in found) addFault(lines, found.fault)
  else {
    const { metadata } = found
    add('reachable', 'passed', `${discoveryAddressOf(provider.issuer)} answers.`)
    if (provider.issuer.startsWith('https:')) add('certificate', 'passed', 'Its certificate is valid.')
    add('answer', 'passed', 'It answers JSON.')
    add('issuer', 'passed', `It calls itself ${metadata.issuer}, as configured.`)
    add('endpoints', 'passed', 'It names where to sign in, to exchange codes, and its keys.')
    judgeCodeFlow(metadata, add)
    judgePkce(metadata, products[provider.type], add)
    judgeAlgorithms(metadata, add)
    await judgeKeys(app, metadata, add)
    const client = provider.hasSecret ? await usable(app, system, scope.tenantId as string, id) : undefined
    if (client) await probeClient(app, metadata, client, add)
    else add('client', 'skipped', 'Register the redirect URI there, then give the client id and the client secret.')
  }
  if (provider.domains.length > 0)
    add('domains', 'passed', `Who has an address of ${provider.domains.join(', ')} is sent there.`)
  else add('domains', 'warned', 'No domain leads to it: people find it only by a link that you give them.')
  const fault = lines.find(({ outcome }) => outcome === 'failed')
  await noteProviderState(app, scope.tenantId as string, id, fault?.message)
  await system.run(sql`
    update federation.iam_providers
    set checked_at = now()
    where tenant_id = ${scope.tenantId}
      and id = ${id}`)
  return {
    at: app.clock.now(),
    isUsable: !fault,
    discoveryAddress: discoveryAddressOf(provider.issuer),
    redirectUri: redirectUriOf(app, id),
    lines,
  }
}

/** What was reached before the fault has passed; what comes after it cannot be looked at. */
function addFault(lines: Line[], { step, message }: Fault): void {
  const looked = ['reachable', 'certificate', 'answer', 'issuer', 'endpoints'] as const
  const passed: Record<(typeof looked)[number], string> = {
    reachable: 'It can be reached.',
    certificate: 'Its certificate is valid.',
    answer: 'It answers JSON.',
    issuer: 'It calls itself as configured.',
    endpoints: '',
  }
  // The certificate is seen before anything else of it.
  if (step !== 'certificate')
    for (const each of looked.slice(0, looked.indexOf(step)))
      lines.push({ step: each, outcome: 'passed', message: passed[each] })
  lines.push({ step, outcome: 'failed', message })
  for (const each of ['code_flow', 'pkce', 'algorithms', 'keys', 'client'] as const) {
    lines.push({ step: each, outcome: 'skipped', message: 'It could not be looked at.' })
  }
}

type Add = (step: Step, outcome: Line['outcome'], message: string) => void

function judgeCodeFlow(
  { response_types_supported: types, grant_types_supported: grants }: openid.ServerMetadata,
  add: Add,
) {
  const hasCode = Array.isArray(types) && types.includes('code')
  const hasGrant = grants === undefined || grants.includes('authorization_code')
  if (hasCode && hasGrant) add('code_flow', 'passed', 'It does the authorization code flow.')
  else
    add(
      'code_flow',
      'failed',
      'It does not offer the authorization code flow (response type `code`), the only one that is used here.',
    )
}

function judgePkce(
  { code_challenge_methods_supported: methods }: openid.ServerMetadata,
  { hidesPkce, label }: (typeof products)[keyof typeof products],
  add: Add,
) {
  if (methods?.includes('S256')) add('pkce', 'passed', 'It does PKCE with S256.')
  else if (methods !== undefined) add('pkce', 'failed', `It does PKCE without S256 (${methods.join(', ') || 'none'}).`)
  else if (hidesPkce) add('pkce', 'passed', `${label} does PKCE with S256, although its document does not say so.`)
  else add('pkce', 'warned', 'It does not say whether it does PKCE. It is sent all the same.')
}

function judgeAlgorithms({ id_token_signing_alg_values_supported: offered }: openid.ServerMetadata, add: Add) {
  const usable = algorithms.filter(algorithm => offered?.includes(algorithm))
  if (usable.length > 0) add('algorithms', 'passed', `It signs with ${usable.join(', ')}.`)
  else {
    add(
      'algorithms',
      'failed',
      `It signs with ${offered?.join(', ') || 'nothing that it names'}; only ${algorithms.join(', ')} are taken.`,
    )
  }
}

async function judgeKeys(app: App, { jwks_uri: address }: openid.ServerMetadata, add: Add): Promise<void> {
  const read = await readJson(app, address as string)
  if ('fault' in read) return add('keys', 'failed', `Its keys cannot be read: ${read.fault.message}`)
  const { keys } = read.json as { keys?: unknown }
  const usable = (Array.isArray(keys) ? keys : []).filter(
    (key): key is { kty: string; use?: string } =>
      typeof key === 'object' && key !== null && ['RSA', 'EC'].includes(key.kty) && (key.use ?? 'sig') === 'sig',
  )
  if (usable.length > 0)
    add('keys', 'passed', `It publishes ${usable.length === 1 ? 'a key' : `${usable.length} keys`} for signatures.`)
  else add('keys', 'failed', `${address} has no key for signatures.`)
}

/**
 * Exchanges a code that is none: a provider that knows the client refuses the code, one that does not refuses the client.
 * Nothing begins by it.
 */
async function probeClient(
  app: App,
  metadata: openid.ServerMetadata,
  { id, issuer, clientId, clientSecret }: Awaited<ReturnType<typeof readUsableProvider>>,
  add: Add,
): Promise<void> {
  const configuration = new openid.Configuration(metadata, clientId, {}, authenticationOf(metadata, clientSecret))
  configuration[openid.customFetch] = fetchThrough(app)
  if (issuer.startsWith('http:')) openid.allowInsecureRequests(configuration)
  try {
    await openid.genericGrantRequest(configuration, 'authorization_code', {
      code: 'commonhold-looks-whether-it-knows-us',
      redirect_uri: redirectUriOf(app, id),
      code_verifier: openid.randomPKCECodeVerifier(),
    })
  } catch (error) {
    const told = error instanceof openid.ResponseBodyError ? error.error : undefined
    const status = Object(error).status as number | undefined
    if (told === 'invalid_grant' || told === 'invalid_request')
      return add('client', 'passed', 'It knows the client, and its secret is right.')
    if (told === 'redirect_uri_mismatch') return add('client', 'failed', 'The redirect URI is not registered there.')
    if (told === 'invalid_client' || told === 'unauthorized_client' || told === 'access_denied' || status === 401) {
      return add('client', 'failed', 'It does not know the client, or the secret is wrong or has expired.')
    }
    return add(
      'client',
      'warned',
      `Whether it knows the client cannot be told: it answered ${told ?? status ?? 'nothing that makes sense'}.`,
    )
  }
  add('client', 'warned', 'It took a code that is none, which is strange.')
}
