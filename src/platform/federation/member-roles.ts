import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { uuid } from '#platform/http'

/** A role that somebody has by a group of a provider. */
export const MemberGroupRole = Type.Object({
  roleId: uuid,
  providerId: uuid,
  providerName: Type.String(),
  groupName: Type.String({ description: 'As people know it' }),
})
export type MemberGroupRole = Static<typeof MemberGroupRole>

/** What groups give a member of the scope's tenant; nothing where he is none. */
export function listMemberGroupRoles(tx: Queryable, userId: string): Promise<MemberGroupRole[]> {
  return tx.run(sql<MemberGroupRole>`
    select role_id, provider_id, provider_name, group_name
    from federation.member_group_roles
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}
    order by role_id, provider_name, group_name`)
}
