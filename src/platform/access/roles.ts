import { type Queryable, sql } from '#platform/database'
import { type BuiltInRole, builtInRoles } from '#platform/module.ts'

const descriptions: Record<BuiltInRole, string> = {
  owner: 'Everything, and may delete the tenant',
  admin: 'Everything but deleting the tenant',
  member: 'Works with the applications',
  viewer: 'Looks on',
}

/** The four built-in roles for the scope's tenant (VS-03); new members get `member`. */
export async function createBuiltInRoles(tx: Queryable): Promise<void> {
  for (const name of builtInRoles) {
    await tx.run(sql`
      insert into access.roles (name, description, is_built_in, is_default)
      values (${name}, ${descriptions[name]}, true, ${name === 'member'})`)
  }
}

/** The role of the scope's tenant with this name. */
export function findRole(tx: Queryable, name: string): Promise<{ id: string } | undefined> {
  return tx.maybe(sql<{ id: string }>`
    select id
    from access.roles
    where tenant_id = ${tx.scope.tenantId}
      and name = ${name}`)
}

/** Gives a membership of the scope's tenant a role by name; having it already is fine (MT-13). */
export async function giveRole(tx: Queryable, membershipId: string, roleName: string): Promise<void> {
  await tx.run(sql`
    insert into access.user_tenant_roles (user_tenant_id, role_id)
    select ${membershipId}, role.id
    from access.roles as role
    where role.tenant_id = ${tx.scope.tenantId}
      and role.name = ${roleName}
    on conflict do nothing`)
}
