import { type Queryable, sql } from '#platform/database'

/**
 * Lets a service account of the scope's tenant do what no person's role permits (a permission that is declared for none),
 * by a role of that permission alone, which is made once. Who does not hold it can give it to nobody, and nobody does.
 * Needs the system scope.
 */
export async function permitService(
  tx: Queryable,
  membershipId: string,
  { permission, name, description }: { permission: string; name: string; description: string },
): Promise<void> {
  const roleId = (await findRoleFor(tx, permission)) ?? (await createRoleFor(tx, { permission, name, description }))
  await tx.run(sql`
    insert into access.user_tenant_roles (user_tenant_id, role_id)
    values (${membershipId}, ${roleId})
    on conflict do nothing`)
}

async function findRoleFor(tx: Queryable, permission: string): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ roleId: string }>`
    select held.role_id
    from access.role_permissions as held
    join access.permissions as permission
      on permission.id = held.permission_id
    where held.tenant_id = ${tx.scope.tenantId}
      and permission.name = ${permission}
    order by held.role_id
    limit 1`)
  return found?.roleId
}

async function createRoleFor(
  tx: Queryable,
  { permission, name, description }: { permission: string; name: string; description: string },
): Promise<string> {
  const { id } = await tx.one(sql<{ id: string }>`
    insert into access.roles (name, description)
    select
      -- A tenant may have a role of this name that is its own.
      case
        when exists (select from access.roles where tenant_id = ${tx.scope.tenantId} and lower(name) = lower(${name}))
          then ${name} || ' ' || left(gen_random_uuid()::text, 8)
        else ${name}
      end,
      ${description}
    returning id`)
  await tx.run(sql`
    insert into access.role_permissions (role_id, permission_id)
    select ${id}, permission.id
    from access.permissions as permission
    where permission.name = ${permission}`)
  return id
}
