import type pg from 'pg'
import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'
import { builtInRoles, type Module } from '#platform/module.ts'
import { errors } from './errors.ts'

/** What a role may hold, as a module declares it. */
export const Permission = Type.Object({
  name: Type.String({ examples: ['contractors.lists.write'] }),
  description: Type.String(),
  module: Type.String(),
  resource: Type.String(),
  action: Type.String(),
  roles: Type.Array(Type.String(), { description: 'The built-in roles that have it' }),
})
export type Permission = Static<typeof Permission>

/** All declared permissions by name; not those for operators, which no role can hold. */
export async function listPermissions(
  tx: Queryable,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const last = readCursor(cursor, 'permissions', Type.Tuple([Type.String()]))
  const rows = await tx.run(sql<Permission>`
    select
      permission.name,
      permission.description,
      split_part(permission.name, '.', 1) as module,
      permission.resource,
      permission.action,
      array(
        select granted.role_name
        from access.built_in_role_permissions as granted
        where granted.permission_id = permission.id
        order by array_position(${builtInRoles}::text[], granted.role_name)
      ) as roles
    from access.permissions as permission
    where not permission.for_operators
      ${last ? sql`and permission.name > ${last[0]}` : sql``}
    order by permission.name
    limit ${limit + 1}`)
  return cutPage(rows, limit, 'permissions', ({ name }) => [name])
}

/** Refuses names that no module declares, and those for operators. */
export async function requireKnown(tx: Queryable, names: readonly string[]): Promise<void> {
  const known = await tx.run(sql<{ name: string }>`
    select name
    from access.permissions
    where name = any (${names})
      and not for_operators`)
  const unknown = names.filter(name => !known.some(permission => permission.name === name))
  if (unknown.length > 0) throw errors.permissionUnknown({ permissions: unknown.join(', ') })
}

/**
 * Writes what the modules declare into `access.permissions` and the built-in roles, and removes what none declares any
 * more. Runs as commonhold_owner when the database is migrated: the program itself may only read them.
 */
export async function recordPermissions(owner: pg.ClientBase, modules: readonly Module[]): Promise<void> {
  const declared = modules.flatMap(module =>
    Object.entries(module.permissions ?? {}).map(([name, { description, roles, forOperators = false }]) => {
      const split = name.lastIndexOf('.')
      return { name, description, resource: name.slice(0, split), action: name.slice(split + 1), roles, forOperators }
    }),
  )
  await owner.query(
    `
    with declared as (
      select *
      from jsonb_to_recordset($1::jsonb)
        as permission (name text, description text, resource text, action text, "forOperators" boolean)
    ),
    removed as (
      delete from access.permissions
      where name not in (select name from declared)
    )
    insert into access.permissions as permission (name, description, resource, action, for_operators)
    select name, description, resource, action, "forOperators"
    from declared
    on conflict (name) do update
    set description = excluded.description, for_operators = excluded.for_operators
    where (permission.description, permission.for_operators)
      is distinct from (excluded.description, excluded.for_operators)`,
    [JSON.stringify(declared)],
  )
  await owner.query(
    `
    with declared as (
      select role_name, permission.id as permission_id
      from jsonb_to_recordset($1::jsonb) as declaration (name text, roles text[])
      cross join unnest(declaration.roles) as role_name
      join access.permissions as permission
        on permission.name = declaration.name
    ),
    removed as (
      delete from access.built_in_role_permissions
      where (role_name, permission_id) not in (select role_name, permission_id from declared)
    )
    insert into access.built_in_role_permissions (role_name, permission_id)
    select role_name, permission_id
    from declared
    on conflict do nothing`,
    [JSON.stringify(declared)],
  )
}
