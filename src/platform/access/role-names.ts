import { onViolation, type Queryable, sql } from '#platform/database'
import { type BuiltInRole, builtInRoles } from '#platform/module.ts'
import { errors } from './errors.ts'
import { grantViolations } from './grants.ts'

const descriptions: Record<BuiltInRole, string> = {
  owner: 'Everything, and may delete the workspace',
  admin: 'Everything but deleting the workspace',
  member: 'Works with the applications',
  viewer: 'Looks on',
}

/** The four built-in roles for the scope's tenant (VS-03); new members get `member`. Needs the system scope. */
export async function createBuiltInRoles(tx: Queryable): Promise<void> {
  for (const name of builtInRoles) {
    await tx.run(sql`
      insert into access.roles (name, description, is_built_in, is_default)
      values (${name}, ${descriptions[name]}, true, ${name === 'member'})`)
  }
}

/** What the documents call `user` is `member` here (VS-03); no role of a tenant's own can have that name. */
export function roleNameOf(name: string): string {
  const trimmed = name.trim()
  const lower = trimmed.toLowerCase()
  if (lower === 'user') return 'member'
  return builtInRoles.find(builtIn => builtIn === lower) ?? trimmed
}

/**
 * The roles of the scope's tenant with these names, in any case, `user` being `member`: for whoever names roles by name
 * (command line, CSV, identity providers). In the order of the names; refuses the first that is not there with
 * `access.role_unknown`.
 */
export async function findRolesByName(
  tx: Queryable,
  names: readonly string[],
): Promise<{ id: string; name: string }[]> {
  const wanted = names.map(name => roleNameOf(name).toLowerCase())
  const found = await tx.run(sql<{ id: string; name: string; key: string }>`
    select id, name, lower(name) as key
    from access.roles
    where tenant_id = ${tx.scope.tenantId}
      and lower(name) = any (${wanted})`)
  return wanted.map((key, index) => {
    const role = found.find(each => each.key === key)
    if (!role) throw errors.roleUnknown({ name: names[index] })
    return { id: role.id, name: role.name }
  })
}

/** The role of the scope's tenant with this name; `user` is `member`. */
export function findRole(tx: Queryable, name: string): Promise<{ id: string; name: string } | undefined> {
  return tx.maybe(sql<{ id: string; name: string }>`
    select id, name
    from access.roles
    where tenant_id = ${tx.scope.tenantId}
      and lower(name) = lower(${roleNameOf(name)})`)
}

/** Gives a membership of the scope's tenant a role by name; having it already is fine (MT-13). */
export async function giveRole(tx: Queryable, membershipId: string, roleName: string): Promise<void> {
  await onViolation(
    tx.run(sql`
      insert into access.user_tenant_roles (user_tenant_id, role_id)
      select ${membershipId}, role.id
      from access.roles as role
      where role.tenant_id = ${tx.scope.tenantId}
        and lower(role.name) = lower(${roleNameOf(roleName)})
      on conflict do nothing`),
    grantViolations,
  )
}
