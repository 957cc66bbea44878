import type { DomainError } from '#platform/errors.ts'
import type { Policy } from '#platform/tenancy'
import { errors } from './errors.ts'

/** A tenant and what its members are held against. */
export type TenantRules = { id: string; name: string; policy: Policy }

/** MT-16: why nobody may come from this address into the tenant, by whatever credential; undefined where one may. */
export function refusalOfAddress(
  { name, policy }: Pick<TenantRules, 'name' | 'policy'>,
  address: string | undefined,
): DomainError | undefined {
  if (policy.addresses.allows(address ?? 'unknown')) return undefined
  return errors.addressRefused({ tenant: name, address })
}
