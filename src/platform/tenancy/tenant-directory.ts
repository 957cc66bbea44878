import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { type TenantStatus, tenantStatuses } from './tenants.ts'

const Status = oneOf(tenantStatuses)

/** A tenant as the operators' list shows it. */
export const ListedTenant = Type.Object({
  id: uuid,
  name: Type.String(),
  slug: Type.String(),
  domain: nullable(Type.String()),
  status: Status,
  memberCount: Type.Integer(),
  createdAt: timestamp,
})
export type ListedTenant = Static<typeof ListedTenant>

export const TenantFilters = {
  q: Type.Optional(
    Type.String({
      maxLength: 255,
      description: 'Beginnings of words of the name, the slug or the domain; each of them has to be there',
    }),
  ),
  status: Type.Optional(Status),
}
export type TenantFilters = { q?: string | undefined; status?: TenantStatus | undefined }

/** All of them, whatever their status. Needs the system scope. */
export async function listTenantIds(tx: Pick<Queryable, 'run'>): Promise<string[]> {
  const rows = await tx.run(sql<{ id: string }>`
    select id
    from tenancy.tenants
    order by id`)
  return rows.map(({ id }) => id)
}

/** Those of them that are here, whatever their status. Needs the system scope. */
export async function nameTenants(
  tx: Pick<Queryable, 'run'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, { name: string; slug: string }>> {
  const rows = await tx.run(sql<{ id: string; name: string; slug: string }>`
    select id, name, slug
    from tenancy.tenants
    where id = any (${ids}::uuid[])`)
  return new Map(rows.map(({ id, name, slug }) => [id, { name, slug }]))
}

/** The tenants of this installation, the newest first. Needs the system scope, in a transaction. */
export async function listTenants(
  tx: Queryable,
  filters: TenantFilters,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ListedTenant[]; nextCursor: string | null }> {
  const { status } = filters
  const words = wordsOf(filters.q)
  const list = JSON.stringify(['tenants', words, status])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const [longest, ...others] = words.toSorted((one, other) => other.length - one.length)
  // Planned for the words that were typed: the plan that suits all of them took 1.2 s for two common words among 100,000.
  await tx.run(sql`select set_config('plan_cache_mode', 'force_custom_plan', true)`)
  const rows = await tx.run(sql<ListedTenant & { moment: string }>`
    select
      tenant.id,
      tenant.name,
      tenant.slug,
      tenant.domain,
      tenant.status,
      (
        select count(*)
        from tenancy.user_tenants as membership
        where membership.tenant_id = tenant.id
          and (membership.expires_at is null or membership.expires_at > now())
      ) as member_count,
      tenant.created_at,
      to_char(tenant.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from tenancy.tenants as tenant
    where true
      ${longest === undefined ? sql`` : sql`and tenant.id in (select tenant_id from tenancy.tenant_words where ${begins(longest)})`}
      ${others
        .map(
          word => sql`and exists (
          select from tenancy.tenant_words where tenant_words.tenant_id = tenant.id and ${begins(word)}
        )`,
        )
        .reduce((all, one) => sql`${all} ${one}`, sql``)}
      ${status === undefined ? sql`` : sql`and tenant.status = ${status}`}
      ${last ? sql`and (tenant.created_at, tenant.id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by tenant.created_at desc, tenant.id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...tenant }) => tenant), nextCursor }
}

/** By a range and not by a pattern: an index serves it under row security, and what is typed has no wildcards. */
const begins = (word: string) => sql`word >= ${word} and word < ${`${word}\u{10ffff}`}`

const wordsOf = (q = '') =>
  [...new Set(q.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean))]
    .map(word => word.slice(0, 99))
    .slice(0, 8)

/** All that tenancy knows of a tenant for an operator. */
export const TenantRecord = Type.Object({
  ...ListedTenant.properties,
  logo: nullable(Type.String()),
  statusReason: nullable(Type.String()),
  statusChangedAt: nullable(timestamp),
  deletionRequestedAt: nullable(timestamp),
  deletionScheduledAt: nullable(timestamp),
  onboardingStatus: Type.String(),
  features: Type.Record(Type.String(), Type.Boolean()),
  placement: oneOf(['shared', 'own'], {
    description: 'Whether its data lies in the common database or in one of its own',
  }),
  database: nullable(
    Type.Object(
      {
        name: Type.String({ description: 'Host, port and database' }),
        lastError: nullable(Type.String({ description: 'Why it, or work in it, could not be reached the last time' })),
      },
      { description: 'The database of its own' },
    ),
  ),
  move: nullable(
    Type.Object(
      {
        state: Type.String({ examples: ['catching_up', 'switched'] }),
        source: Type.String({ description: '`main`, or host, port and database' }),
        target: Type.String(),
        tablesCopied: Type.Integer(),
        rowsCopied: Type.Integer(),
        since: dateTime,
      },
      { description: 'A move from database to database that is under way, or not finished' },
    ),
  ),
  deletionDelay: nullable(Type.String({ description: 'Why its removal has not come to its end the last time' })),
})
export type TenantRecord = Static<typeof TenantRecord>

/** Refuses with `tenancy.tenant_not_found`. Needs the system scope. */
export async function getTenantRecord(tx: Queryable, id: string): Promise<TenantRecord> {
  const record = await tx.maybe(sql<TenantRecord>`
    select
      id,
      name,
      slug,
      domain,
      status,
      (
        select count(*)
        from tenancy.user_tenants as membership
        where membership.tenant_id = tenants.id
          and (membership.expires_at is null or membership.expires_at > now())
      ) as member_count,
      created_at,
      logo,
      status_reason,
      status_changed_at,
      deletion_requested_at,
      deletion_scheduled_at,
      onboarding_status,
      features,
      case when database_url_encrypted is null then 'shared' else 'own' end as placement,
      (
        select jsonb_build_object(
          'name', place.name,
          'lastError', coalesce(
            place.last_error,
            (select noted.last_error from tenancy.noted_outboxes as noted where noted.database_id = place.id)
          )
        )
        from tenancy.placements as placement
        join tenancy.databases as place on place.id = placement.database_id
        where placement.tenant_id = tenants.id
      ) as database,
      (
        select jsonb_build_object(
          'state', moving.state,
          'source', coalesce(source.name, 'main'),
          'target', coalesce(target.name, 'main'),
          'tablesCopied', (select count(*) from jsonb_object_keys(moving.tables)),
          'rowsCopied', (select coalesce(sum((copied.value ->> 'rows')::bigint), 0) from jsonb_each(moving.tables) as copied),
          'since', moving.created_at
        )
        from tenancy.moves as moving
        left join tenancy.databases as source on source.id = moving.source_id
        left join tenancy.databases as target on target.id = moving.target_id
        where moving.tenant_id = tenants.id
          and moving.state not in ('finished', 'undone')
      ) as move,
      (
        select deletion.last_error
        from tenancy.tenant_deletions as deletion
        where deletion.tenant_id = tenants.id
      ) as deletion_delay
    from tenancy.tenants
    where id = ${id}`)
  if (!record) throw errors.tenantNotFound({ id })
  return record
}
