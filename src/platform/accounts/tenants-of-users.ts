import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { type Principal, uuid } from '#platform/http'
import { errors } from './errors.ts'

/** A tenant with what the user is in it. */
export const TenantOfUser = Type.Object({
  id: uuid,
  name: Type.String(),
  slug: Type.String(),
  roles: Type.Array(Type.String()),
  isDefault: Type.Boolean(),
  isActive: Type.Boolean({ description: 'False while suspended or waiting for deletion' }),
})
export type TenantOfUser = Static<typeof TenantOfUser>

/** A user's memberships in date, the default first. Needs the system scope: they lie in several tenants. */
export function listTenantsOf(tx: Queryable, userId: string): Promise<TenantOfUser[]> {
  return tx.run(sql<TenantOfUser>`
    select tenant_id as id, name, slug, roles, is_default, is_active from accounts.find_memberships(${userId})`)
}

/** The same as one JSON array, for a statement that reads it along; `userId` is an expression of that statement. */
export function tenantsAlong(userId: RawBuilder<unknown>): RawBuilder<TenantOfUser[]> {
  return sql`(
    select coalesce(
      json_agg(json_build_object(
        'id', tenant_id, 'name', name, 'slug', slug, 'roles', roles, 'isDefault', is_default, 'isActive', is_active
      )),
      '[]'
    )
    from accounts.find_memberships(${userId})
  )`
}

/** Those that somebody reaches: through a tenant's identity provider that tenant alone, and no other is named to him. */
export function withinReach(tenants: TenantOfUser[], provider: Principal['provider']): TenantOfUser[] {
  return provider ? tenants.filter(({ id }) => id === provider.tenantId) : tenants
}

/** The tenant asked for, else the default, else the first that is active; undefined when there is none. */
export function chooseTenant(tenants: TenantOfUser[], asked: string | undefined): string | undefined {
  if (asked !== undefined) return requireTenant(tenants, asked)
  return (tenants.find(tenant => tenant.isDefault && tenant.isActive) ?? tenants.find(tenant => tenant.isActive))?.id
}

/** Refuses a tenant that is not among them, or not active. */
export function requireTenant(tenants: TenantOfUser[], asked: string): string {
  const tenant = tenants.find(({ id }) => id === asked.toLowerCase())
  if (!tenant) throw errors.notAMember()
  if (!tenant.isActive) throw errors.tenantSuspended()
  return tenant.id
}
