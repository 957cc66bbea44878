import { type Queryable, sql } from '#platform/database'

/** An owner of a tenant who can sign in. */
export type Owner = { userId: string; email: string; name: string; timezone: string }

/** Who owns the scope's tenant, to be told of something. Needs the system scope, in the main database. */
export function listOwners(tx: Queryable): Promise<Owner[]> {
  return tx.run<Owner>(sql`
    select user_id, email, name, timezone
    from members.list_owners(${tx.scope.tenantId})
  `)
}
