import type pg from 'pg'

/** A tenant as it is, or was in a copy. */
export type KnownTenant = {
  id: string
  name: string
  slug: string
  status: string
  /** Where its application data are; null for the main database. */
  databaseId: string | null
  /** It is on its way to another database, or its old copy is still kept. */
  isMoving: boolean
}

/** By its slug or its id, on a connection that row security does not bind. */
export async function findKnownTenant(client: pg.ClientBase, slugOrId: string): Promise<KnownTenant | undefined> {
  const { rows } = await client.query<KnownTenant>(
    `select
      tenant.id,
      tenant.name,
      tenant.slug,
      tenant.status,
      placement.database_id as "databaseId",
      exists (
        select
        from tenancy.moves as move
        where move.tenant_id = tenant.id
          and move.state not in ('finished', 'undone')
      ) as "isMoving"
    from tenancy.tenants as tenant
    left join tenancy.placements as placement on placement.tenant_id = tenant.id
    where tenant.slug = $1
      or tenant.id::text = $1`,
    [slugOrId],
  )
  return rows[0]
}

/** Whether a tenant that comes back may have the slug: nobody has it, and it is held for nobody else. */
export async function isSlugFree(client: pg.ClientBase, slug: string, tenantId: string): Promise<boolean> {
  const { rows } = await client.query<{ isFree: boolean }>(
    `select tenancy.is_slug_free($1, $2) and not exists (select from tenancy.tenants where slug = $1) as "isFree"`,
    [slug, tenantId],
  )
  return rows[0]?.isFree ?? false
}

/** The databases in which a tenant has, or had, application data, the main one aside. */
export async function listPlacesOf(client: pg.ClientBase, tenantId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select database_id as id from tenancy.placements where tenant_id = $1 and database_id is not null
    union
    select place.id
    from tenancy.moves as move
    cross join unnest(array[move.source_id, move.target_id]) as place (id)
    where move.tenant_id = $1 and place.id is not null`,
    [tenantId],
  )
  return rows.map(({ id }) => id)
}

const putBack = ['name', 'logo', 'colors', 'settings', 'onboarding_status', 'onboarding_dismissed_at']

/** Puts a tenant's name, look and settings back as they are in the copy. What operators and the law decided stays. */
export async function putTenantBack(target: pg.ClientBase, copy: pg.ClientBase, tenantId: string): Promise<boolean> {
  const { rows } = await copy.query('select to_jsonb(tenant) as past from tenancy.tenants as tenant where id = $1', [
    tenantId,
  ])
  const { rowCount } = await target.query(
    `update tenancy.tenants as tenant
    set ${putBack.map(column => `${column} = past.${column}`).join(', ')}
    from jsonb_populate_record(null::tenancy.tenants, $2) as past
    where tenant.id = $1
      and row(${putBack.map(column => `tenant.${column}`)}) is distinct from row(${putBack.map(column => `past.${column}`)})`,
    [tenantId, rows[0]?.past],
  )
  return rowCount === 1
}

/**
 * Makes the row of a tenant again that was deleted: suspended, until an operator has looked at it, without a domain and in
 * the main database. The certificate of its deletion stays.
 */
export async function reviveTenant(
  target: pg.ClientBase,
  copy: pg.ClientBase,
  tenantId: string,
  slug: string,
): Promise<void> {
  const { rows } = await copy.query('select to_jsonb(tenant) as past from tenancy.tenants as tenant where id = $1', [
    tenantId,
  ])
  await target.query(
    `insert into tenancy.tenants (
      id, name, slug, logo, colors, features, feature_flags, settings, security_policy, password_rules, status,
      status_reason, status_changed_at, grace_period_days, onboarding_status, onboarding_dismissed_at, created_at
    )
    select
      id, name, $2, logo, colors, features, feature_flags, settings, security_policy, password_rules, 'suspended',
      'Brought back from a backup after it had been deleted', now(), grace_period_days, onboarding_status,
      onboarding_dismissed_at, created_at
    from jsonb_populate_record(null::tenancy.tenants, $1)`,
    [rows[0]?.past, slug],
  )
}
