import type { App } from '#platform/app.ts'
import { type Scope, sql } from '#platform/database'
import { preparePolicy, type SecurityPolicy } from '#platform/tenancy'

/** How far back it is looked for where an owner was last, in days: sessions are kept for about as long. */
const lookBackDays = 90

type Owner = { name: string; ipAddress: string | null }

/**
 * MT-16: the owners whom a policy would not let in any more from where each of them worked last, and whom the present one
 * does let in; `name (address)`. None where an owner sets it, who answers for that himself. A second factor that an owner lacks
 * shuts nobody out for good: he can set one up.
 */
export async function findRefusedOwners(
  app: App,
  { userId, tenantId }: Scope,
  policies: { current: SecurityPolicy; wanted: SecurityPolicy },
): Promise<string[]> {
  const reads = app.db.reads({ tenantId, userId, system: true })
  const owners = await reads.run(sql<Owner & { userId: string }>`
    select member.user_id, member.name, latest.ip_address
    from accounts.list_policy_members(${tenantId}) as member
    left join lateral (
      select session.ip_address
      from accounts.list_policy_sessions(${tenantId}, ${lookBackDays}) as session
      where session.user_id = member.user_id
        and session.ip_address is not null
      order by session.last_seen_at desc
      limit 1
    ) as latest on true
    where 'owner' = any (member.roles)`)
  if (owners.some(owner => owner.userId === userId)) return []
  const [current, wanted] = [preparePolicy(policies.current), preparePolicy(policies.wanted)]
  return owners.flatMap(({ name, ipAddress }) =>
    ipAddress !== null && current.addresses.allows(ipAddress) && !wanted.addresses.allows(ipAddress)
      ? [`${name} (${ipAddress})`]
      : [],
  )
}
