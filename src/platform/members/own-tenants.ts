import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { setDefaultTenant } from '#platform/identity'
import { errors } from './errors.ts'

/** A tenant that one belongs to, as one's own account shows it. */
export const OwnTenant = Type.Object({
  id: uuid,
  name: Type.String(),
  slug: Type.String(),
  isActive: Type.Boolean({ description: 'False while it is suspended or waits for its deletion' }),
  isDefault: Type.Boolean({ description: 'A new session starts here' }),
  roles: Type.Array(Type.String()),
  joinedAt: timestamp,
  expiresAt: nullable(timestamp),
  hasEnded: Type.Boolean({ description: '`expiresAt` has come: no access' }),
  isLastOwner: Type.Boolean({ description: 'Nobody else owns it for good: it cannot be left' }),
})
export type OwnTenant = Static<typeof OwnTenant>

/** By name; those too where the membership has ended. Needs the system scope: they lie in several tenants. */
export function listOwnTenants(tx: Queryable, userId: string): Promise<OwnTenant[]> {
  return tx.run(sql<OwnTenant>`
    select
      id, name, slug, is_active, is_default, roles, joined_at, expires_at, has_ended, is_last_owner
    from members.list_own_tenants(${userId})`)
}

/** The next session of a person starts in this tenant, of which he must be a member in date. */
export async function chooseDefaultTenant(app: App, scope: Scope, userId: string, tenantId: string): Promise<void> {
  await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
    const own = await listOwnTenants(tx, userId)
    if (!own.some(({ id, hasEnded }) => id === tenantId.toLowerCase() && !hasEnded)) throw errors.membershipNotFound()
    await setDefaultTenant(tx, userId, tenantId)
  })
}
