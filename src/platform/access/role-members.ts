import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { getRole, type Page } from './roles.ts'

/** Somebody who has a role. */
export const RoleMember = Type.Object({
  membershipId: uuid,
  userId: uuid,
  fullName: nullable(Type.String()),
  email: nullable(Type.String({ description: 'Null for programs (service accounts)' })),
  expiresAt: nullable(timestamp),
})

/** Who has a role, by name; those too whose membership has expired. */
export async function listRoleMembers(tx: Queryable, roleId: string, { limit, cursor }: Page) {
  await getRole(tx, roleId)
  const list = `role-members ${roleId}`
  const last = readCursor(cursor, list, Type.Tuple([Type.String(), Type.String({ format: 'uuid' })]))
  const rows = await tx.run(sql<Static<typeof RoleMember> & { sortName: string; isService: boolean }>`
    select user_tenant_id as membership_id, user_id, full_name, email, is_service, expires_at, sort_name
    from access.list_role_members(${roleId}, ${last?.[0] ?? null}, ${last?.[1] ?? null}, ${limit + 1})`)
  const page = cutPage(rows, limit, list, row => [row.sortName, row.membershipId])
  return {
    ...page,
    items: page.items.map(({ sortName, isService, ...member }) => ({
      ...member,
      email: isService ? null : member.email,
    })),
  }
}
