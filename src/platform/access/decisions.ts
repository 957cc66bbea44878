/** What somebody is at this moment, as far as it decides what he may do. */
export type Standing = {
  /** Runs the installation (`identity.operators`). */
  isOperator: boolean
  /** Of the tenant in which he is a member in date; null where he is none. */
  tenantStatus: string | null
}

/**
 * Everything that an active account may do: as an operator wherever he works, by his roles in a tenant that is active. The
 * one rule, for every request and for `explainAccess`.
 */
export function permittedTo(
  { isOperator, tenantStatus }: Standing,
  { asOperator = [], byRoles = [] }: { asOperator?: Iterable<string> | undefined; byRoles?: Iterable<string> },
): Set<string> {
  const permitted = new Set<string>(isOperator ? asOperator : [])
  if (tenantStatus === 'active') for (const permission of byRoles) permitted.add(permission)
  return permitted
}
