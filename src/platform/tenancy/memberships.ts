import { type Queryable, sql } from '#platform/database'

/** Makes a user a member of the scope's tenant; returns the membership's id, also when he is one already. */
export async function addMember(tx: Queryable, userId: string): Promise<{ id: string }> {
  return await tx.one(sql<{ id: string }>`
    insert into tenancy.user_tenants (user_id)
    values (${userId})
    on conflict (tenant_id, user_id) do update
    set expires_at = user_tenants.expires_at
    returning id`)
}

/** Ends a membership of the scope's tenant, with all that hangs on it. */
export async function removeMembership(tx: Queryable, membershipId: string): Promise<void> {
  await tx.run(sql`
    delete from tenancy.user_tenants
    where tenant_id = ${tx.scope.tenantId}
      and id = ${membershipId}`)
}
