import type pg from 'pg'

/** A tenant as it is, or was in a copy. */
export type KnownTenant = { id: string; name: string; slug: string; status: string; isPlaced: boolean }

/** By its slug or its id, on a connection that row security does not bind. */
export async function findKnownTenant(client: pg.ClientBase, slugOrId: string): Promise<KnownTenant | undefined> {
  const { rows } = await client.query<KnownTenant>(
    `select
      tenant.id,
      tenant.name,
      tenant.slug,
      tenant.status,
      exists (
        select
        from tenancy.placements as placement
        where placement.tenant_id = tenant.id
          and placement.database_id is not null
      ) as "isPlaced"
    from tenancy.tenants as tenant
    where tenant.slug = $1
      or tenant.id::text = $1`,
    [slugOrId],
  )
  return rows[0]
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
