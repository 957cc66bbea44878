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
