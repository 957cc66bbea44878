import type pg from 'pg'
import type { Module } from '#platform/module.ts'

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
