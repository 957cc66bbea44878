import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'

/** What the filters of the log can be set to. */
export const AuditOptions = Type.Object({
  people: Type.Array(
    Type.Object({ userId: uuid, userName: nullable(Type.String({ description: 'The name in the newest entry' })) }),
  ),
  actions: Type.Array(Type.String()),
  resources: Type.Array(Type.String()),
})
export type AuditOptions = Static<typeof AuditOptions>

/** PE-08: who did what to which tables in the scope's tenant, in the last 90 days; at most 500 of each, in order of name. */
export async function listAuditOptions(tx: Reader): Promise<AuditOptions> {
  const [people, actions, resources] = await Promise.all([
    tx.run(sql<AuditOptions['people'][number]>`
      with recursive ${distinct('user_id')}
      select seen.value as user_id, newest.user_name
      from seen
      cross join lateral (
        select user_name
        from audit.audit_logs
        -- As good as equal, but along the index by user: in the order of time all that others did since would be read.
        where user_id <= seen.value
        order by user_id desc, created_at desc, id desc
        limit 1
      ) as newest
      where seen.value is not null
      limit 500`),
    tx.run(
      sql<{
        value: string
      }>`with recursive ${distinct('action')} select value from seen where value is not null limit 500`,
    ),
    tx.run(
      sql<{
        value: string
      }>`with recursive ${distinct('resource')} select value from seen where value is not null limit 500`,
    ),
  ])
  const values = (rows: { value: string }[]) => rows.map(({ value }) => value)
  return {
    people: people.toSorted((a, b) => (a.userName ?? '').localeCompare(b.userName ?? '')),
    actions: values(actions),
    resources: values(resources),
  }
}

/** What several places have, each value once. */
export function mergedOptions(places: readonly AuditOptions[]): AuditOptions {
  const values = (of: 'actions' | 'resources') => [...new Set(places.flatMap(place => place[of]))].sort().slice(0, 500)
  const people = [...new Map(places.flatMap(place => place.people).map(person => [person.userId, person])).values()]
  return {
    people: people.toSorted((a, b) => (a.userName ?? '').localeCompare(b.userName ?? '')).slice(0, 500),
    actions: values('actions'),
    resources: values('resources'),
  }
}

/** From value to next value along the column's index: it costs by the number of values, not of entries. */
function distinct(column: 'user_id' | 'action' | 'resource') {
  const next = (condition = sql``) => sql`(
    select ${sql.ref(column)}
    from audit.audit_logs
    where created_at >= now() - interval '90 days'
      and ${sql.ref(column)} is not null
      ${condition}
    order by ${sql.ref(column)}
    limit 1
  )`
  return sql`seen (value) as (
    select ${next()}
    union all
    select ${next(sql`and ${sql.ref(column)} > seen.value`)}
    from seen
    where seen.value is not null
  )`
}
