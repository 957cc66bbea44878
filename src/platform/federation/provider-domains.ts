import { onViolation, type Queryable, sql } from '#platform/database'
import { findDomainOwner, listProvenDomains } from '#platform/tenancy'
import { errors } from './errors.ts'

/** Whose addresses lead to a provider, all of them at once. Refuses domains that are not proven, or lead elsewhere. */
export async function setProviderDomains(tx: Queryable, providerId: string, wanted: readonly string[]): Promise<void> {
  const domains = wanted.map(domain => domain.trim().toLowerCase())
  const proven = await listProvenDomains(tx)
  const unproven = domains.find(domain => !proven.includes(domain))
  if (unproven !== undefined) throw errors.domainUnproven({ domain: unproven })
  await tx.run(sql`
    delete from federation.provider_domains
    where tenant_id = ${tx.scope.tenantId}
      and provider_id = ${providerId}
      and domain <> all (${domains}::text[])`)
  for (const domain of domains) {
    const led = await tx.maybe(sql<{ providerId: string }>`
      select provider_id
      from federation.provider_domains
      where tenant_id = ${tx.scope.tenantId}
        and domain = ${domain}`)
    if (led && led.providerId !== providerId) throw errors.domainLed({ domain })
    if (led) continue
    await onViolation(
      tx.run(sql`insert into federation.provider_domains (domain, provider_id) values (${domain}, ${providerId})`),
      { provider_domains_pkey: () => errors.domainLed({ domain }) },
    )
  }
}

export type HomeRealm = { tenantId: string; providerId: string; name: string; tenantName: string }

/**
 * The provider that signs in who has such an address: by its domain alone, so that nobody learns whether there is such an
 * account. Needs the system scope.
 */
export async function findHomeRealm(tx: Queryable, email: string): Promise<HomeRealm | undefined> {
  const domain = email.slice(email.lastIndexOf('@') + 1)
  const owner = await findDomainOwner(tx, domain)
  if (!owner) return undefined
  const found = await tx.maybe(sql<{ providerId: string; name: string }>`
    select provider.id as provider_id, provider.provider_name as name
    from federation.provider_domains as led
    join federation.iam_providers as provider
      on provider.tenant_id = led.tenant_id and provider.id = led.provider_id and provider.status <> 'inactive'
    where led.tenant_id = ${owner.tenantId}
      and led.domain = ${domain}`)
  return found && { ...owner, ...found }
}
