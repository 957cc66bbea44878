import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { type IfMatch, nullable, oneOf, requireMatch, timestamp, uuid } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { getSecurityPolicy } from '#platform/tenancy'
import { endWhatCameThrough } from './closings.ts'
import { errors } from './errors.ts'
import { requireMappedHeld } from './group-settings.ts'
import { issuerOf, type products, providerTypes } from './products.ts'
import { setProviderDomains } from './provider-domains.ts'
import { decryptSecret, encryptSecret } from './provider-secrets.ts'
import { closeProvisioning } from './scim/provisionings.ts'

const mostProviders = 10

/** What came of the last sign-in that an administrator tried. */
export const TestResult = Type.Object({
  at: Type.String({ format: 'date-time' }),
  subject: Type.String(),
  email: nullable(Type.String()),
  isEmailVerified: Type.Boolean(),
  name: nullable(Type.String()),
  hasSecondFactor: Type.Boolean(),
  claims: Type.Array(Type.String(), { description: 'Names of the claims that came' }),
})
export type TestResult = Static<typeof TestResult>

/** An identity provider of a tenant. Its secret is never shown. */
export const IdentityProvider = Type.Object({
  id: uuid,
  name: Type.String({ examples: ['Acme’s Okta'] }),
  type: oneOf(providerTypes),
  issuer: Type.String({ description: 'What it calls itself, to the letter' }),
  domain: nullable(Type.String({ description: 'The hint of its product; at Entra the id of the directory' })),
  clientId: nullable(Type.String()),
  hasSecret: Type.Boolean(),
  secretChangedAt: nullable(timestamp),
  redirectUri: Type.String({ description: 'To register at the provider: it is this provider’s alone' }),
  scopes: Type.Array(Type.String(), { description: 'Asked for beside openid, email and profile' }),
  secondFactorAcr: Type.Array(Type.String(), {
    description: 'Values of `acr` that mean a second factor, beside `mfa` in `amr`',
  }),
  status: oneOf(['active', 'inactive', 'error']),
  lastError: nullable(Type.String()),
  lastErrorAt: nullable(timestamp),
  checkedAt: nullable(timestamp),
  createsAccounts: Type.Boolean(),
  defaultRole: oneOf(['member', 'viewer']),
  trustsSecondFactor: Type.Boolean(),
  domains: Type.Array(Type.String(), { description: 'Whose addresses are sent here to sign in' }),
  lastSignInAt: nullable(timestamp),
  lastTest: Type.Union([TestResult, Type.Null()]),
  people: Type.Integer(),
  conflicts: Type.Integer(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type IdentityProvider = Static<typeof IdentityProvider>

export const NewProvider = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  type: oneOf(providerTypes),
  issuer: Type.Optional(Type.String({ maxLength: 600, description: 'Or its discovery address; wins over `domain`' })),
  domain: Type.Optional(
    Type.String({ maxLength: 253, description: 'The domain at Okta or Auth0, the directory id of Entra' }),
  ),
})

export const ProviderChange = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  clientSecret: Type.Optional(
    Type.String({ minLength: 1, maxLength: 2000, description: 'Kept encrypted, never shown' }),
  ),
  scopes: Type.Optional(
    Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]{1,200}$' }), { maxItems: 20, uniqueItems: true }),
  ),
  secondFactorAcr: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 20 })),
  isActive: Type.Optional(Type.Boolean()),
  createsAccounts: Type.Optional(Type.Boolean()),
  defaultRole: Type.Optional(oneOf(['member', 'viewer'])),
  trustsSecondFactor: Type.Optional(Type.Boolean()),
  domains: Type.Optional(
    Type.Array(Type.String({ maxLength: 253 }), { maxItems: 20, uniqueItems: true, description: 'Proven ones' }),
  ),
})

type Row = Omit<IdentityProvider, 'redirectUri'>

const selectProviders = sql`
  select
    provider.id,
    provider.provider_name as name,
    provider.provider_type as type,
    provider.issuer,
    provider.domain,
    provider.client_id,
    provider.client_secret_encrypted is not null as has_secret,
    provider.secret_changed_at,
    coalesce(provider.configuration -> 'scopes', '[]') as scopes,
    coalesce(provider.configuration -> 'secondFactorAcr', '[]') as second_factor_acr,
    provider.status,
    provider.last_error,
    provider.last_error_at,
    provider.checked_at,
    provider.creates_accounts,
    provider.default_role,
    provider.trusts_second_factor,
    array(
      select led.domain
      from federation.provider_domains as led
      where led.tenant_id = provider.tenant_id
        and led.provider_id = provider.id
      order by led.domain
    ) as domains,
    provider.last_sign_in_at,
    provider.last_test,
    (
      select count(*)::integer
      from federation.iam_user_mappings as mapping
      where mapping.tenant_id = provider.tenant_id
        and mapping.provider_id = provider.id
        and mapping.user_id is not null
    ) as people,
    (
      select count(*)::integer
      from federation.iam_user_mappings as mapping
      where mapping.tenant_id = provider.tenant_id
        and mapping.provider_id = provider.id
        and mapping.conflict is not null
    ) as conflicts,
    provider.created_at,
    provider.updated_at
  from federation.iam_providers as provider`

export const redirectUriOf = (app: App, providerId: string) =>
  `${app.publicUrl}/api/v1/federation/callback/${providerId}`

const shown = (app: App, row: Row): IdentityProvider => ({ ...row, redirectUri: redirectUriOf(app, row.id) })

/** Those of the scope's tenant, by name. */
export async function listProviders(app: App, tx: Queryable): Promise<IdentityProvider[]> {
  const rows = await tx.run(sql<Row>`
    ${selectProviders}
    where provider.tenant_id = ${tx.scope.tenantId}
    order by lower(provider.provider_name)`)
  return rows.map(row => shown(app, row))
}

/** Refuses with `federation.provider_not_found`. */
export async function getProvider(app: App, tx: Queryable, id: string, lock = sql``): Promise<IdentityProvider> {
  const found = await tx.maybe(sql<Row>`
    ${selectProviders}
    where provider.tenant_id = ${tx.scope.tenantId}
      and provider.id = ${id}
    ${lock}`)
  if (!found) throw errors.providerNotFound({ id })
  return shown(app, found)
}

/** Pins its issuer. It is off, and has to be registered at the provider, before anybody can come in. */
export async function createProvider(
  app: App,
  scope: Scope,
  { name, type, ...address }: Static<typeof NewProvider>,
): Promise<IdentityProvider> {
  const { issuer, domain } = issuerOf(type, address)
  const id = randomUUID()
  return await app.db.transaction(scope, async tx => {
    // One after another: of two at once both would find room for the last one.
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('federation.iam_providers'), hashtext(${scope.tenantId}))`)
    const { count } = await tx.one(sql<{ count: number }>`
      select count(*) as count
      from federation.iam_providers
      where tenant_id = ${scope.tenantId}`)
    if (count >= mostProviders) throw errors.providersTooMany({ most: mostProviders })
    await onViolation(
      tx.run(sql`
        insert into federation.iam_providers (id, provider_name, provider_type, issuer, domain, created_by)
        values (${id}, ${name.trim()}, ${type}, ${issuer}, ${domain}, ${scope.userId ?? null})`),
      violations,
    )
    return await getProvider(app, tx, id)
  })
}

const violations = {
  iam_providers_name_unique: errors.providerNameTaken,
  iam_providers_client_unique: errors.providerKnown,
  iam_providers_registered: errors.providerUnregistered,
}

/** Switching it off ends what came through it, at once. */
export async function changeProvider(
  app: App,
  scope: Scope,
  id: string,
  change: Static<typeof ProviderChange>,
  ifMatch: IfMatch,
): Promise<IdentityProvider> {
  await requireMappedHeld(app.db.scoped(scope), id)
  const changed = await app.db.transaction({ ...scope, system: true }, async tx => {
    const old = await getProvider(app, tx, id, sql`for no key update of provider`)
    requireMatch(ifMatch, old)
    const wasOn = old.status !== 'inactive'
    const isOn = change.isActive ?? wasOn
    if (wasOn && !isOn) await requireDispensable(tx, id)
    const { clientSecret } = change
    const status = isOn ? (old.status === 'inactive' ? 'active' : old.status) : 'inactive'
    await onViolation(
      tx.run(sql`
        update federation.iam_providers
        set
          provider_name = ${change.name?.trim() ?? old.name},
          client_id = ${change.clientId ?? old.clientId},
          client_secret_encrypted = case
            when ${clientSecret !== undefined} then ${clientSecret === undefined ? null : encryptSecret(app, id, clientSecret)}
            else client_secret_encrypted
          end,
          secret_changed_at = case when ${clientSecret !== undefined} then now() else secret_changed_at end,
          configuration = configuration || jsonb_build_object(
            'scopes', ${JSON.stringify(change.scopes ?? old.scopes)}::jsonb,
            'secondFactorAcr', ${JSON.stringify(change.secondFactorAcr ?? old.secondFactorAcr)}::jsonb
          ),
          status = ${status},
          creates_accounts = ${change.createsAccounts ?? old.createsAccounts},
          default_role = ${change.defaultRole ?? old.defaultRole},
          trusts_second_factor = ${change.trustsSecondFactor ?? old.trustsSecondFactor}
        where tenant_id = ${scope.tenantId}
          and id = ${id}`),
      violations,
    )
    if (change.domains) await setProviderDomains(tx, id, change.domains)
    if (wasOn && !isOn) await endWhatCameThrough(tx, { providerId: id }, 'its identity provider was switched off')
    // A second factor that was believed is believed no more.
    else if (old.trustsSecondFactor && change.trustsSecondFactor === false) {
      await endWhatCameThrough(tx, { providerId: id }, 'the identity provider’s second factor counts no more')
    }
    if (wasOn !== isOn) {
      await recordEvent(tx, {
        action: isOn ? 'activate_identity_provider' : 'deactivate_identity_provider',
        resource: 'federation.iam_providers',
        resourceId: id,
        details: { name: old.name },
      })
    }
    return await getProvider(app, tx, id)
  })
  announceRevocation(app)
  return changed
}

/** With all that is known of its people; their accounts stay. */
export async function deleteProvider(app: App, scope: Scope, id: string): Promise<void> {
  await app.db.transaction({ ...scope, system: true }, async tx => {
    const { status } = await getProvider(app, tx, id, sql`for update of provider`)
    if (status !== 'inactive') await requireDispensable(tx, id)
    await endWhatCameThrough(tx, { providerId: id }, 'its identity provider was removed')
    await closeProvisioning(tx, id)
    await tx.run(sql`
      delete from federation.iam_providers
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
  })
  announceRevocation(app)
}

async function requireDispensable(tx: Queryable, id: string): Promise<void> {
  const { signIn } = await getSecurityPolicy(tx)
  if (!signIn?.requireProvider) return
  const other = await tx.maybe(sql`
    select id
    from federation.iam_providers
    where tenant_id = ${tx.scope.tenantId}
      and id <> ${id}
      and status <> 'inactive'
    limit 1`)
  if (!other) throw errors.providerRequired()
}

/** A provider as it is asked: with its secret, in the open. */
export type UsableProvider = {
  id: string
  tenantId: string
  name: string
  type: keyof typeof products
  issuer: string
  domain: string | null
  clientId: string
  clientSecret: string
  scopes: string[]
  secondFactorAcr: string[]
  status: 'active' | 'inactive' | 'error'
  createsAccounts: boolean
  defaultRole: 'member' | 'viewer'
  trustsSecondFactor: boolean
}

/** Needs the system scope; the tenant's too, where it writes. Refuses what is not registered at its provider yet. */
export async function readUsableProvider(
  app: App,
  tx: Queryable,
  tenantId: string,
  id: string,
): Promise<UsableProvider> {
  const found = await tx.maybe(sql<
    Omit<UsableProvider, 'clientSecret' | 'clientId'> & { clientId: string | null; secret: string | null }
  >`
    select
      provider.id,
      provider.tenant_id,
      provider.provider_name as name,
      provider.provider_type as type,
      provider.issuer,
      provider.domain,
      provider.client_id,
      provider.client_secret_encrypted as secret,
      coalesce(provider.configuration -> 'scopes', '[]') as scopes,
      coalesce(provider.configuration -> 'secondFactorAcr', '[]') as second_factor_acr,
      provider.status,
      provider.creates_accounts,
      provider.default_role,
      provider.trusts_second_factor
    from federation.iam_providers as provider
    where provider.tenant_id = ${tenantId}
      and provider.id = ${id}`)
  if (!found) throw errors.providerNotFound({ id })
  const { secret, clientId, ...provider } = found
  if (secret === null || clientId === null) throw errors.providerUnregistered()
  return { ...provider, clientId, clientSecret: decryptSecret(app, id, secret) }
}

/** Notes that it could not be used, or that it can be used again. A provider that is off stays off. */
export async function noteProviderState(
  app: App,
  tenantId: string,
  id: string,
  fault: string | undefined,
): Promise<void> {
  const scope = { system: true, tenantId }
  if (fault === undefined) {
    await app.db.scoped(scope).run(sql`
      update federation.iam_providers
      set status = 'active'
      where tenant_id = ${tenantId}
        and id = ${id}
        and status = 'error'`)
    return
  }
  await app.db.scoped(scope).run(sql`
    update federation.iam_providers
    set
      status = case when status = 'active' then 'error' else status end,
      last_error = ${fault.slice(0, 1000)},
      last_error_at = now()
    where tenant_id = ${tenantId}
      and id = ${id}`)
}
