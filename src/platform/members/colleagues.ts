import { type App, mainApp } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'

/** Who works in the same tenant. */
export type Colleague = { userId: string; fullName: string | null; email: string }

/**
 * Members of the scope's tenant whose membership and account are in use: by their ids, by one address in its canonical
 * form, or by how a word of the name or the address begins.
 */
export async function findColleagues(
  tx: Queryable,
  by: { userIds: readonly string[] } | { email: string } | { q: string; limit: number },
): Promise<Colleague[]> {
  const wanted =
    'userIds' in by
      ? sql`user_id = any (${by.userIds}::uuid[])`
      : 'email' in by
        ? sql`email = ${by.email}`
        : sql`(
            strpos(' ' || lower(coalesce(full_name, '')), ${` ${by.q.trim().toLowerCase()}`}) > 0
            or starts_with(email, ${by.q.trim().toLowerCase()})
          )`
  return await tx.run<Colleague>(sql`
    select user_id, full_name, email
    from members.member_details as member
    where ${wanted}
      and is_account_active
      and not has_ended
    order by sort_name, user_id
    ${'limit' in by ? sql`limit ${by.limit}` : sql``}
  `)
}

/** Names of members of the scope's tenant, who may have left: then there is none. */
export async function namesOf(
  app: App,
  scope: Scope,
  userIds: readonly (string | null)[],
): Promise<Map<string, Colleague>> {
  const ids = [...new Set(userIds.filter(id => id !== null))]
  if (ids.length === 0) return new Map()
  const found = await findColleagues(mainApp(app).db.reads(scope), { userIds: ids })
  return new Map(found.map(colleague => [colleague.userId, colleague]))
}
