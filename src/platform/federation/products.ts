import { uuidPattern } from '#platform/database'
import { errors } from './errors.ts'

export const providerTypes = ['auth0', 'okta', 'azure', 'google', 'custom_oidc'] as const
export type ProviderType = (typeof providerTypes)[number]

/** The claims of an ID token, verified; those of the userinfo endpoint where it leaves some out. */
export type Claims = Readonly<Record<string, unknown>>

/** What the products do differently, as far as a sign-in is concerned. */
type Product = {
  label: string
  /** The issuer that a hint stands for; undefined where the hint is none. */
  issuerOf?: (hint: string) => string | undefined
  /** The claim by which somebody is the same person in all that we get from the product, SCIM too. */
  subject: 'sub' | 'oid'
  /** AG-05: what proves that the address is the person's. The product's word, not that there is an address. */
  isVerified: (claims: Claims, provider: { domain: string | null }) => boolean
  /** Whether it may give the subject of somebody who is gone to somebody else. */
  reusesSubjects: boolean
  /** It does PKCE although its discovery document does not say so. */
  hidesPkce?: true
  /** It knows no `prompt=login`. */
  cannotAskAgain?: true
  scopes: string
}

export const products: Readonly<Record<ProviderType, Product>> = {
  okta: {
    label: 'Okta',
    issuerOf: hint => httpsOf(hint),
    subject: 'sub',
    isVerified: saysSo,
    reusesSubjects: false,
    scopes: 'openid email profile',
  },
  auth0: {
    label: 'Auth0',
    // With the slash at its end, to the letter.
    issuerOf: hint => httpsOf(hint) && `${httpsOf(hint)}/`,
    subject: 'sub',
    isVerified: saysSo,
    reusesSubjects: false,
    scopes: 'openid email profile',
  },
  azure: {
    label: 'Entra ID',
    issuerOf: hint =>
      uuidPattern.test(hint) ? `https://login.microsoftonline.com/${hint.toLowerCase()}/v2.0` : undefined,
    // Its `sub` differs from application to application.
    subject: 'oid',
    // It has no `email_verified`, and anybody may edit the `mail` of a guest (nOAuth): only where it says that the owner
    // of the domain was shown to be the directory.
    isVerified: ({ xms_edov }) => xms_edov === true || xms_edov === 1 || xms_edov === '1' || xms_edov === 'true',
    reusesSubjects: false,
    hidesPkce: true,
    scopes: 'openid email profile',
  },
  google: {
    label: 'Google Workspace',
    issuerOf: () => 'https://accounts.google.com',
    subject: 'sub',
    // `hd` is there for accounts of a Workspace alone: a private account may have an address of the domain too.
    isVerified: (claims, { domain }) =>
      saysSo(claims) &&
      typeof claims.hd === 'string' &&
      String(claims.email).toLowerCase().endsWith(`@${claims.hd.toLowerCase()}`) &&
      (domain === null || claims.hd.toLowerCase() === domain.toLowerCase()),
    reusesSubjects: false,
    cannotAskAgain: true,
    scopes: 'openid email profile',
  },
  custom_oidc: {
    label: 'OpenID Connect',
    subject: 'sub',
    isVerified: saysSo,
    // Many make it of a name that is free again some day.
    reusesSubjects: true,
    scopes: 'openid email profile',
  },
}

/** Entra's issuers that stand for every directory in the world, or for private accounts. */
const anyDirectory = /\/(common|organizations|consumers|\{tenantid\}|9188040d-6c67-4c5b-b112-36a304b66dad)(\/|$)/i

function saysSo({ email_verified }: Claims): boolean {
  return email_verified === true
}

function httpsOf(hint: string): string | undefined {
  const url = URL.parse(/^https?:\/\//i.test(hint) ? hint : `https://${hint}`)
  if (!url || url.username || url.password || url.pathname !== '/' || url.search || url.hash) return undefined
  return url.hostname.includes('.') ? url.origin : undefined
}

/**
 * The issuer that is pinned: the one given, without the discovery document's path, or the one that the product's hint
 * stands for. Refuses what is none with `federation.issuer_invalid`, and one that stands for many with
 * `federation.issuer_of_many` (CVE-2026-31813).
 */
export function issuerOf(
  type: ProviderType,
  { issuer, domain }: { issuer?: string | undefined; domain?: string | undefined },
): { issuer: string; domain: string | null } {
  const hint = domain?.trim() || undefined
  const given =
    issuer?.trim().replace(/\/\.well-known\/(openid-configuration|oauth-authorization-server).*$/, '') || undefined
  const named = given ?? products[type].issuerOf?.(hint ?? '')
  if (named === undefined) throw errors.issuerInvalid({ reason: hintsWanted[type] })
  const url = URL.parse(named)
  if (!url || !/^https?:$/.test(url.protocol) || /[?#@\s]/.test(named) || named.length > 500) {
    throw errors.issuerInvalid({ reason: 'it is no https address without query' })
  }
  if (type !== 'azure') return { issuer: named, domain: hint ?? null }
  const directory = url.pathname.split('/')[1] ?? ''
  if (anyDirectory.test(`${url.pathname}/`.replaceAll(/%7B/gi, '{').replaceAll(/%7D/gi, '}')))
    throw errors.issuerOfMany()
  if (!uuidPattern.test(directory)) throw errors.issuerInvalid({ reason: hintsWanted.azure })
  return { issuer: named, domain: directory.toLowerCase() }
}

const hintsWanted: Record<ProviderType, string> = {
  okta: 'give the domain of your Okta organization, such as acme.okta.com',
  auth0: 'give the domain of your Auth0 tenant, such as acme.eu.auth0.com',
  azure: 'give the directory (tenant) id of your Entra ID, which is a GUID',
  google: 'it is no address',
  custom_oidc: 'give the issuer address that your provider names in its documentation',
}
