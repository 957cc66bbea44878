import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { builtInRoles } from '#platform/module.ts'
import { lockTenant } from '#platform/tenancy'
import { errors } from './errors.ts'
import { grantViolations, requireHeld } from './grants.ts'
import { requireKnown } from './permissions.ts'
import { covers, scopePattern } from './scopes.ts'

/** A role of a tenant with what it permits. */
export const Role = Type.Object({
  id: uuid,
  name: Type.String(),
  description: nullable(Type.String()),
  isBuiltIn: Type.Boolean({
    description: 'Owner, admin, member or viewer: as the modules declare it, in every tenant',
  }),
  isDefault: Type.Boolean({ description: 'New members get this one' }),
  scopes: Type.Array(Type.String(), {
    description: 'What tokens of its members may carry of it at most: permissions or prefixes; none is no bound',
  }),
  permissions: Type.Array(Type.String()),
  memberCount: Type.Integer(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Role = Static<typeof Role>

/** What a tenant says of a role of its own. */
export const RoleFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 50, pattern: '^\\S(.*\\S)?$', examples: ['Auditor'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
  scopes: Type.Optional(
    Type.Array(Type.String({ maxLength: 200, pattern: scopePattern, examples: ['contractors.*'] }), {
      maxItems: 50,
      uniqueItems: true,
      description: 'What tokens of its members may carry of it at most; none is no bound',
    }),
  ),
  permissions: Type.Optional(
    Type.Array(Type.String({ maxLength: 200 }), {
      maxItems: 500,
      uniqueItems: true,
      description: 'All of them, by name',
    }),
  ),
})
export type RoleFields = Static<typeof RoleFields>

export type Page = { limit: number; cursor?: string | undefined }

/** The roles of the scope's tenant: the built-in ones from most to least powerful, then its own by name. */
export async function listRoles(tx: Queryable, { limit, cursor }: Page) {
  const last = readCursor(cursor, order, place)
  const rows = await tx.run(sql<Role & { place: number; sortName: string }>`
    with page as (
      select *
      from (
        select
          role.*,
          coalesce(array_position(${builtInRoles}::text[], case when is_built_in then name end), 5) as place,
          lower(name) as sort_name
        from access.roles as role
        where tenant_id = ${tx.scope.tenantId}
      ) as placed
      ${last ? sql`where (place, sort_name, id) > (${last[0]}::integer, ${last[1]}, ${last[2]}::uuid)` : sql``}
      order by place, sort_name, id
      limit ${limit + 1}
    )
    select ${columns}, role.place, role.sort_name
    from page as role
    order by role.place, role.sort_name, role.id`)
  const page = cutPage(rows, limit, order, role => [role.place, role.sortName, role.id])
  return { ...page, items: page.items.map(({ place, sortName, ...role }) => role as Role) }
}

const order = 'roles'
const place = Type.Tuple([Type.Integer({ minimum: 0, maximum: 9 }), Type.String(), Type.String({ format: 'uuid' })])

const columns = sql`
  role.id,
  role.name,
  role.description,
  role.is_built_in,
  role.is_default,
  role.scopes,
  array(
    select granted.permission
    from access.role_grants as granted
    where granted.tenant_id = role.tenant_id
      and granted.role_id = role.id
    order by granted.permission
  ) as permissions,
  (
    select count(*)
    from access.user_tenant_roles as held
    where held.tenant_id = role.tenant_id
      and held.role_id = role.id
  ) as member_count,
  role.created_at,
  role.updated_at`

/** Refuses with `access.role_not_found` also what another tenant has. */
export async function getRole(tx: Queryable, id: string): Promise<Role> {
  const role = await tx.maybe(sql<Role>`
    select ${columns}
    from access.roles as role
    where role.tenant_id = ${tx.scope.tenantId}
      and role.id = ${id}`)
  if (!role) throw errors.roleNotFound({ id })
  return role
}

/** A role of the tenant's own. Whoever makes it holds what it permits. `tx` is a transaction, here and below. */
export async function createRole(tx: Queryable, fields: RoleFields): Promise<Role> {
  const { name, description = null, scopes = [], permissions = [] } = fields
  await requireCovering(tx, scopes)
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into access.roles (name, description, scopes)
      values (${name}, ${description}, ${scopes})
      returning id`),
    nameViolations(name),
  )
  await changePermissions(tx, id, [], permissions)
  return await getRole(tx, id)
}

/**
 * Changes the given fields of a role of the tenant's own. Whoever does holds all that it permits, before and after: it may
 * be a more powerful member's.
 */
export async function updateRole(
  tx: Queryable,
  id: string,
  changes: Partial<RoleFields>,
  ifMatch?: IfMatch,
): Promise<Role> {
  const role = await lockRole(tx, id)
  requireMatch(ifMatch, role)
  if (role.isBuiltIn) throw errors.roleBuiltIn()
  await requireHeld(tx, { roleIds: [id] })
  const { permissions = role.permissions, ...next } = { ...role, ...changes }
  if (changes.scopes) await requireCovering(tx, changes.scopes)
  await onViolation(
    tx.run(sql`
      update access.roles
      set name = ${next.name}, description = ${next.description}, scopes = ${next.scopes}
      where tenant_id = ${tx.scope.tenantId}
        and id = ${id}`),
    nameViolations(next.name),
  )
  await changePermissions(tx, id, role.permissions, permissions)
  return await getRole(tx, id)
}

const nameViolations = (name: string) => ({
  ...grantViolations,
  roles_name_unique: () => errors.roleNameTaken({ name }),
  roles_name_unique_in_any_case: () => errors.roleNameTaken({ name }),
  roles_name_reserved: errors.roleNameReserved,
})

/** Locked, so that nobody is given the role or changes it before the end of the transaction. */
async function lockRole(tx: Queryable, id: string): Promise<Role> {
  await lockTenant(tx)
  await tx.run(sql`
    select id
    from access.roles
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    for update`)
  return await getRole(tx, id)
}

async function changePermissions(
  tx: Queryable,
  roleId: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const added = after.filter(name => !before.includes(name))
  const removed = before.filter(name => !after.includes(name))
  if (added.length + removed.length === 0) return
  await requireKnown(tx, added)
  await requireHeld(tx, { permissions: [...added, ...removed] })
  await onViolation(
    tx.run(sql`
      delete from access.role_permissions
      where tenant_id = ${tx.scope.tenantId}
        and role_id = ${roleId}
        and permission_id in (select id from access.permissions where name = any (${removed}))`),
    grantViolations,
  )
  await onViolation(
    tx.run(sql`
      insert into access.role_permissions (role_id, permission_id)
      select ${roleId}, id
      from access.permissions
      where name = any (${added})`),
    grantViolations,
  )
}

/** A scope that covers nothing is a mistake in writing: the tokens would be empty, and nobody would know why. */
async function requireCovering(tx: Queryable, scopes: readonly string[]): Promise<void> {
  if (scopes.length === 0) return
  const known = await tx.run(sql<{ name: string }>`
    select name
    from access.permissions
    where not for_operators`)
  const idle = scopes.filter(scope => !known.some(({ name }) => covers(scope, name)))
  if (idle.length > 0) throw errors.scopeUnknown({ scopes: idle.join(', ') })
}

/**
 * Removes a role of the tenant's own. Its members get the replacement; without one it is refused while somebody has it.
 * Whoever does it holds all that both permit. Answers how many members have the replacement instead.
 */
export async function deleteRole(tx: Queryable, id: string, replacementId?: string): Promise<number> {
  if (id === replacementId) throw errors.replacementSame()
  const role = await lockRole(tx, id)
  if (role.isBuiltIn) throw errors.roleBuiltIn()
  if (role.isDefault) throw errors.roleIsDefault()
  if (replacementId === undefined && role.memberCount > 0) throw errors.roleInUse({ count: role.memberCount })
  if (replacementId !== undefined) await getRole(tx, replacementId)
  await requireHeld(tx, { roleIds: [id, ...(replacementId === undefined ? [] : [replacementId])] })
  if (replacementId !== undefined) await replaceRole(tx, id, replacementId)
  await onViolation(
    tx.run(sql`
      delete from access.roles
      where tenant_id = ${tx.scope.tenantId}
        and id = ${id}`),
    { ...grantViolations, roles_default_stays: errors.roleIsDefault },
  )
  return role.memberCount
}

async function replaceRole(tx: Queryable, id: string, replacementId: string): Promise<void> {
  await onViolation(
    tx.run(sql`
      insert into access.user_tenant_roles (user_tenant_id, role_id)
      select user_tenant_id, ${replacementId}
      from access.user_tenant_roles
      where tenant_id = ${tx.scope.tenantId}
        and role_id = ${id}
      on conflict do nothing`),
    { ...grantViolations, user_tenant_roles_role_id_fkey: () => errors.roleNotFound({ id: replacementId }) },
  )
}

/** New members get this role from now on. Whoever says so holds all that it permits: nobody else is asked again. */
export async function setDefaultRole(tx: Queryable, id: string): Promise<Role> {
  await getRole(tx, id)
  await requireHeld(tx, { roleIds: [id] })
  await onViolation(tx.run(sql`select access.set_default_role(${id})`), {
    ...grantViolations,
    roles_pkey: () => errors.roleNotFound({ id }),
  })
  return await getRole(tx, id)
}
