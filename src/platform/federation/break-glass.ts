import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { setBreakGlass } from '#platform/tenancy'
import { errors } from './errors.ts'

/** An owner, and whether he comes in by his own password or passkey also where the provider is required. */
export const Owner = Type.Object({
  userId: uuid,
  email: Type.String(),
  fullName: nullable(Type.String()),
  isBreakGlass: Type.Boolean(),
})
export type Owner = Static<typeof Owner>

/** The owners of the scope's tenant. */
export function listOwners(tx: Queryable): Promise<Owner[]> {
  return tx.run(sql<Owner>`
    select user_id, email, full_name, is_break_glass
    from federation.owner_details
    where tenant_id = ${tx.scope.tenantId}
    order by coalesce(full_name, email), user_id`)
}

/** Refuses to unmark the last one while the provider is required (`accounts.last_break_glass`). */
export async function markOwner(app: App, scope: Scope, userId: string, isBreakGlass: boolean): Promise<Owner[]> {
  return await changeAndAnnounce(app, scope, async tx => {
    const owner = (await listOwners(tx)).find(each => each.userId === userId)
    if (!owner) throw errors.breakGlassOwnersOnly()
    await setBreakGlass(tx, userId, isBreakGlass)
    await recordEvent(tx, {
      action: isBreakGlass ? 'mark_break_glass' : 'unmark_break_glass',
      resource: 'identity.users',
      resourceId: userId,
    })
    return await listOwners(tx)
  })
}
