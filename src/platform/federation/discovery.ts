import * as openid from 'openid-client'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { fetchPublic } from '#platform/http'
import { errors } from './errors.ts'

/** How each answer of a provider is bounded: time in milliseconds, size in bytes. */
const bounds = { milliseconds: 5_000, mostBytes: 512 * 1024 }

/** Signatures that are taken, whatever a provider offers: by its private key, never by a secret or none. */
export const algorithms = ['RS256', 'ES256', 'PS256'] as const

/** What is wrong with a provider's word about itself, and where. */
export type Fault = { step: 'reachable' | 'certificate' | 'answer' | 'issuer' | 'endpoints'; message: string }

export const discoveryAddressOf = (issuer: string) => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`

/**
 * What a provider says of itself. It is believed only if it calls itself as it is configured, to the letter
 * (CVE-2026-31813), and asked only at public addresses (GHSA-5rr4-8452-hf4v).
 */
export async function discover(
  app: App,
  issuer: string,
): Promise<{ metadata: openid.ServerMetadata } | { fault: Fault }> {
  const read = await readJson(app, discoveryAddressOf(issuer))
  if ('fault' in read) return read
  const metadata = read.json as Partial<openid.ServerMetadata>
  if (metadata.issuer !== issuer) return { fault: { step: 'issuer', message: issuerFault(issuer, metadata.issuer) } }
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const address = metadata[name]
    const url = typeof address === 'string' ? URL.parse(address) : null
    if (!url) return { fault: { step: 'endpoints', message: `It names no ${name}.` } }
    if (url.protocol !== 'https:' && !issuer.startsWith('http:')) {
      return { fault: { step: 'endpoints', message: `Its ${name} is not https: ${url.href}` } }
    }
  }
  return { metadata: metadata as openid.ServerMetadata }
}

/** A document of JSON, or why there is none. */
export async function readJson(app: App, address: string): Promise<{ json: object } | { fault: Fault }> {
  const fault = (step: Fault['step'], message: string) => ({ fault: { step, message } })
  try {
    const { status, headers, body, isCut } = await fetchPublic(app, address, {
      ...bounds,
      headers: { accept: 'application/json' },
    })
    if (status >= 300 && status < 400) {
      return fault(
        'reachable',
        `${address} sends us elsewhere, which is not followed: ${headers.location ?? 'nowhere'}`,
      )
    }
    if (status !== 200) return fault('reachable', `${address} answers ${status}: is the address right?`)
    if (isCut) return fault('answer', `${address} answers more than ${bounds.mostBytes / 1024} KiB.`)
    const json: unknown = JSON.parse(body.toString('utf8'))
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      return fault('answer', `${address} answers no JSON object.`)
    return { json }
  } catch (error) {
    if (error instanceof SyntaxError) return fault('answer', `${address} answers no JSON.`)
    if (!(error instanceof DomainError)) throw error
    const isCertificate = error.message.includes('certificate')
    return fault(isCertificate ? 'certificate' : 'reachable', error.message)
  }
}

function issuerFault(issuer: string, told: unknown): string {
  if (typeof told !== 'string') return `It does not say which issuer it is; it should be ${issuer}`
  if (told.includes('{tenantid}')) return `It stands for many directories (${told}). Give the id of your own directory.`
  return `It calls itself ${told}, which is not what is configured: ${issuer}`
}

type Known = { configuration: Promise<openid.Configuration>; until: number }
const known = new WeakMap<App, Map<string, Known>>()
/** How long what a provider says of itself is believed, ms. Its keys the library asks for again after 5 minutes. */
const believedFor = 60 * 60_000
const rememberedAtMost = 500

/** How far the clocks may be apart, s. */
export const tolerance = 30

/** A provider ready to be asked. Refuses with `federation.discovery_failed`, which tells why. */
export async function openProvider(
  app: App,
  provider: { id: string; issuer: string; clientId: string; clientSecret: string },
): Promise<openid.Configuration> {
  const all = known.get(app) ?? new Map<string, Known>()
  known.set(app, all)
  const key = JSON.stringify(provider)
  const found = all.get(key)
  if (found && found.until > app.clock.now().getTime()) return await found.configuration
  if (all.size >= rememberedAtMost) all.clear()
  const asked = { configuration: configure(app, provider), until: app.clock.now().getTime() + believedFor }
  all.set(key, asked)
  try {
    return await asked.configuration
  } catch (error) {
    // The next one asks again.
    if (all.get(key) === asked) all.delete(key)
    throw error
  }
}

async function configure(
  app: App,
  { issuer, clientId, clientSecret }: { issuer: string; clientId: string; clientSecret: string },
): Promise<openid.Configuration> {
  const found = await discover(app, issuer)
  if ('fault' in found) throw errors.discoveryFailed({ reason: found.fault.message })
  const { metadata } = found
  const configuration = new openid.Configuration(
    { ...metadata, id_token_signing_alg_values_supported: [...algorithms] },
    clientId,
    { [openid.clockTolerance]: tolerance },
    authenticationOf(metadata, clientSecret),
  )
  configuration.timeout = bounds.milliseconds / 1000
  configuration[openid.customFetch] = fetchThrough(app)
  if (issuer.startsWith('http:')) openid.allowInsecureRequests(configuration)
  // Else the library trusts TLS and leaves the signature alone.
  openid.enableNonRepudiationChecks(configuration)
  return configuration
}

/** Without a word about it a provider takes the header (OpenID Connect Discovery 1.0, section 3). */
export function authenticationOf(
  { token_endpoint_auth_methods_supported: methods }: Partial<openid.ServerMetadata>,
  secret: string,
): openid.ClientAuth {
  return methods?.includes('client_secret_post') ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret)
}

/** All that goes to a provider goes to public addresses. */
export function fetchThrough(app: App): openid.CustomFetch {
  return async (address, { method, headers, body }) => {
    const answer = await fetchPublic(app, address, {
      ...bounds,
      method: method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(headers as HeadersInit)),
      ...(body !== undefined && body !== null && { body: String(body) }),
    })
    if (answer.status >= 500) throw errors.unavailable()
    const told = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) told.set(name, Array.isArray(value) ? value.join(', ') : value)
    }
    const isEmpty = answer.status === 204 || answer.status === 304
    return new Response(isEmpty ? null : new Uint8Array(answer.body), { status: answer.status, headers: told })
  }
}
