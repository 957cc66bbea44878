import { type Queryable, sql } from '#platform/database'
import type { TenantTemplate } from '#platform/module.ts'

/**
 * Writes the roles that a template gives to a new tenant, the scope's. They are the program's own words: a permission that
 * no module declares, or one for operators, is a bug. Needs the system scope.
 */
export async function createTemplateRoles(tx: Queryable, { roles = [] }: TenantTemplate): Promise<void> {
  for (const { name, description, permissions } of roles) {
    const { id } = await tx.one(sql<{ id: string }>`
      insert into access.roles (name, description)
      values (${name}, ${description})
      returning id`)
    const given = await tx.run(sql`
      insert into access.role_permissions (role_id, permission_id)
      select ${id}, permission.id
      from access.permissions as permission
      where permission.name = any (${[...permissions]})
        and not permission.for_operators
      returning id`)
    if (given.length < permissions.length) throw new Error(`The role ${name} of a template names an unknown permission`)
  }
}
