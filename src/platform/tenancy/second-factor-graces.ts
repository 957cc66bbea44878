import { type Queryable, sql } from '#platform/database'

/**
 * MT-15: counts a session as one of the sign-ins that a member of the scope's tenant has without a second factor, once, and
 * returns how many there are by now; undefined where as many were counted as there may be. `beganAt` says of which grace:
 * another one begins to count anew. Needs the system scope.
 */
export async function countGraceLogin(
  tx: Queryable,
  { userId, sessionId, beganAt, most }: { userId: string; sessionId: string; beganAt: Date; most: number },
): Promise<number | undefined> {
  if (most === 0) return undefined
  const counted = await tx.maybe(sql<{ logins: number }>`
    insert into tenancy.second_factor_graces as grace (tenant_id, user_id, began_at, session_ids)
    values (${tx.scope.tenantId}, ${userId}, ${beganAt}, array[${sessionId}]::uuid[])
    on conflict (tenant_id, user_id) do update
    set
      began_at = excluded.began_at,
      session_ids = case
        when grace.began_at <> excluded.began_at then excluded.session_ids
        when ${sessionId}::uuid = any (grace.session_ids) then grace.session_ids
        else grace.session_ids || excluded.session_ids
      end
    where grace.began_at <> excluded.began_at
      or ${sessionId}::uuid = any (grace.session_ids)
      or cardinality(grace.session_ids) < ${most}
    returning cardinality(session_ids) as logins`)
  return counted?.logins
}
