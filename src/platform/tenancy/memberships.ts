import { type Queryable, sql } from '#platform/database'

/** Makes a user a member of the scope's tenant; returns the membership's id, also when he is one already. */
export async function addMember(tx: Queryable, userId: string): Promise<{ id: string }> {
  const added = await tx.maybe(sql<{ id: string }>`
    insert into tenancy.user_tenants (user_id)
    values (${userId})
    on conflict (tenant_id, user_id) do nothing
    returning id`)
  if (added) return added
  return await tx.one(sql<{ id: string }>`
    select id
    from tenancy.user_tenants
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}`)
}

export type Membership = { id: string; userId: string; expiresAt: Date | null }

/** The membership of a user in the scope's tenant, as it is now: nothing is locked. */
export async function findMembership(tx: Queryable, userId: string): Promise<Membership | undefined> {
  return await tx.maybe(sql<Membership>`
    select id, user_id, expires_at
    from tenancy.user_tenants
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}`)
}

/**
 * Whatever changes who owns the scope's tenant, or what its members may, happens one after another, and beside other
 * tenants. Before any other lock: in one order nobody waits for each other.
 */
export async function lockTenant(tx: Queryable): Promise<void> {
  await tx.run(sql`
    select id
    from tenancy.tenants
    where id = ${tx.scope.tenantId}
    for no key update`)
}

/**
 * The membership of a user in the scope's tenant, locked until the end of the transaction together with the tenant: whatever
 * changes who owns it happens one after another, and beside other tenants.
 */
export async function lockMembership(tx: Queryable, userId: string): Promise<Membership | undefined> {
  await lockTenant(tx)
  return await tx.maybe(sql<Membership>`
    select id, user_id, expires_at
    from tenancy.user_tenants
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}
    for update`)
}

/** From `expiresAt` on the user is a member no longer; null for no end. The database refuses an end for the last owner. */
export async function setExpiry(tx: Queryable, membershipId: string, expiresAt: string | Date | null): Promise<void> {
  await tx.run(sql`
    update tenancy.user_tenants
    set expires_at = ${expiresAt}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${membershipId}`)
}

/** AG-04: whether a member comes in by his own password or passkey also where the policy wants the identity provider. */
export async function setBreakGlass(tx: Queryable, userId: string, isBreakGlass: boolean): Promise<void> {
  await tx.run(sql`
    update tenancy.user_tenants
    set is_break_glass = ${isBreakGlass}
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}`)
}

/** Ends a membership of the scope's tenant, with its roles and its places in organizations. The database refuses the last owner's. */
export async function removeMembership(tx: Queryable, membershipId: string): Promise<void> {
  await tx.run(sql`
    delete from tenancy.user_tenants
    where tenant_id = ${tx.scope.tenantId}
      and id = ${membershipId}`)
}

/** Notes that somebody was told of this end of a membership; false where that was done, or it has another end by now. */
export async function noteExpiryMail(
  tx: Queryable,
  { membershipId, expiresAt, hasEnded }: { membershipId: string; expiresAt: Date; hasEnded: boolean },
): Promise<boolean> {
  const noted = await tx.run(sql`
    update tenancy.user_tenants
    set
      expiry_announced = expires_at,
      expiry_reported = case when ${hasEnded} then expires_at else expiry_reported end
    where tenant_id = ${tx.scope.tenantId}
      and id = ${membershipId}
      and date_trunc('milliseconds', expires_at) = date_trunc('milliseconds', ${expiresAt}::timestamptz)
      and case when ${hasEnded} then expiry_reported else expiry_announced end is distinct from expires_at
    returning id`)
  return noted.length > 0
}
