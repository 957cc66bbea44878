import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { uuid } from '#platform/http'

/** A role that somebody has by a group of a provider. */
export const MemberGroupRole = Type.Object({
  roleId: uuid,
  providerId: uuid,
  providerName: Type.String(),
  groupName: Type.String({ description: 'As people know it' }),
  isByHandToo: Type.Boolean({ description: 'He has it without the group as well, until that is taken by hand' }),
  comesBack: Type.Boolean({
    description: 'Taken by hand, the next sync would give it again: so it is refused (`federation.role_of_group`)',
  }),
})
export type MemberGroupRole = Static<typeof MemberGroupRole>

/** What groups give a member of the scope's tenant; nothing where he is none. */
export function listMemberGroupRoles(tx: Queryable, userId: string): Promise<MemberGroupRole[]> {
  return tx.run(sql<MemberGroupRole>`
    select role_id, provider_id, provider_name, group_name, is_by_hand_too, comes_back
    from federation.member_group_roles
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}
    order by role_id, provider_name, group_name`)
}
