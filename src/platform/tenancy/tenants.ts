import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { type IfMatch, nullable, requireMatch, timestamp, uuid } from '#platform/http'
import { requireTimezone } from '#platform/identity'
import { errors } from './errors.ts'
import { addressOf } from './hosts.ts'

export const tenantStatuses = ['active', 'suspended', 'pending_deletion'] as const
export type TenantStatus = (typeof tenantStatuses)[number]

/** What members see of their tenant besides its name. */
export const TenantSettings = Type.Object({
  description: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
  website: Type.Optional(nullable(Type.String({ maxLength: 300, pattern: '^https?://[^\\s/]+' }))),
  contactEmail: Type.Optional(nullable(Type.String({ maxLength: 255, pattern: '^[^@\\s]+@[^@\\s]+$' }))),
  timezone: Type.Optional(nullable(Type.String({ maxLength: 50, examples: ['Europe/Berlin'] }))),
})
export type TenantSettings = Static<typeof TenantSettings>

export const TenantChange = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })),
  settings: Type.Optional(TenantSettings),
})
export type TenantChange = Static<typeof TenantChange>

/** A tenant as its members see it. */
export const Tenant = Type.Object({
  id: uuid,
  name: Type.String(),
  slug: Type.String(),
  domain: nullable(Type.String({ description: 'The primary one of its proven domains' })),
  url: nullable(Type.String({ description: 'Where it is reached by its own host name; null where there are none' })),
  logo: nullable(Type.String()),
  colors: Type.Object({ primary: Type.Optional(Type.String()) }),
  settings: TenantSettings,
  status: Type.Unsafe<TenantStatus>({ type: 'string', enum: [...tenantStatuses] }),
  onboardingStatus: Type.Unsafe<'pending' | 'in_progress' | 'completed'>({ type: 'string' }),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Tenant = Static<typeof Tenant>

/**
 * A new tenant; its slug is made from the name and numbered when taken, reserved or held for another. The scope carries
 * its id and is the system's.
 */
export async function createTenant(tx: Queryable, tenant: { id: string; name: string }): Promise<{ slug: string }> {
  const base = slugOf(tenant.name)
  for (let number = 1; ; number++) {
    const slug = number === 1 ? base : `${base}-${number < 10 ? number : crypto.randomUUID().slice(0, 8)}`
    const created = await tx.maybe(sql<{ slug: string }>`
      insert into tenancy.tenants (id, name, slug)
      select ${tenant.id}, ${tenant.name}, ${slug}
      where not tenancy.is_reserved_slug(${slug})
        and tenancy.is_slug_free(${slug}, ${tenant.id})
      on conflict (slug) do nothing
      returning slug`)
    if (created) return created
  }
}

/** The tenant with this slug. Needs the system scope. */
export function findTenantBySlug(tx: Queryable, slug: string): Promise<{ id: string } | undefined> {
  return tx.maybe(sql<{ id: string }>`
    select id
    from tenancy.tenants
    where slug = ${slug}`)
}

/** The scope's tenant. */
export async function getTenant(app: App, tx: Queryable): Promise<Tenant> {
  return await readTenant(app, tx, sql``)
}

/** The time zone in which a tenant's people live, as its settings say; UTC where they say none. From the main database. */
export async function getTimezone(app: App, tenantId: string): Promise<string> {
  const { timezone } = await app.db.reads({ system: true }).one(sql<{ timezone: string }>`
    select coalesce(settings ->> 'timezone', 'UTC') as timezone
    from tenancy.tenants
    where id = ${tenantId}`)
  return timezone
}

/** Changes name and settings of the scope's tenant; of the settings those that are given, null takes one away. In a transaction. */
export async function changeTenant(app: App, tx: Queryable, change: TenantChange, ifMatch?: IfMatch): Promise<Tenant> {
  const tenant = await readTenant(app, tx, sql`for no key update`)
  requireMatch(ifMatch, tenant)
  const timezone = change.settings?.timezone
  if (timezone) requireTimezone(timezone)
  const settings = Object.fromEntries(
    Object.entries({ ...tenant.settings, ...change.settings })
      .map(([key, value]) => [key, typeof value === 'string' ? value.trim() : value])
      .filter(([, value]) => value !== null && value !== ''),
  )
  await tx.run(sql`
    update tenancy.tenants
    set name = ${change.name?.trim() ?? tenant.name}, settings = ${json(settings)}
    where id = ${tx.scope.tenantId}`)
  return await getTenant(app, tx)
}

async function readTenant(app: App, tx: Queryable, lock: ReturnType<typeof sql>): Promise<Tenant> {
  const tenant = await tx.one(sql<Omit<Tenant, 'url'>>`
    select
      id,
      name,
      slug,
      domain,
      logo,
      colors,
      settings,
      status,
      onboarding_status,
      created_at,
      updated_at
    from tenancy.tenants
    where id = ${tx.scope.tenantId}
    ${lock}`)
  const { description, website, contactEmail, timezone } = tenant.settings
  // In one order of properties, whatever the database has them in: the entity tag is made of it.
  const settings = { description, website, contactEmail, timezone }
  return { ...tenant, settings, url: addressOf(app, tenant) ?? null }
}

/** A name as a DNS label of at most 50 characters: `Łódź & Sons, Inc.` → `lodz-sons-inc`. */
export function slugOf(name: string): string {
  const label = name
    .normalize('NFKD')
    .replace(/[łŁ]/g, 'l')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '')
  return label === '' ? `workspace-${crypto.randomUUID().slice(0, 8)}` : label
}

/** At most so many slugs are given up by one tenant within 30 days: else it could take all good ones from others. */
const mostFormerSlugs = 5

export const FormerSlug = Type.Object({
  slug: Type.String(),
  releasedAt: timestamp,
  heldUntil: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'Null: for good' }),
})
export type FormerSlug = Static<typeof FormerSlug>

export function listFormerSlugs(tx: Queryable): Promise<FormerSlug[]> {
  return tx.run(sql<FormerSlug>`
    select slug, released_at, held_until
    from tenancy.former_slugs
    where holder_id = ${tx.scope.tenantId}
      and (held_until is null or held_until > now())
    order by released_at desc, slug`)
}

/**
 * Gives the scope's tenant another slug. The old one leads to it for 30 days, and is held for it as long, or for good
 * where applications know it as an issuer; it may take it back. Refuses reserved ones, and those that another tenant has,
 * or that are held for one, also for one that was deleted. In a transaction.
 */
export async function changeSlug(tx: Queryable, slug: string): Promise<void> {
  // As the update will, for others may refer to a slug: a weaker lock, made stronger then, meets who waits for it.
  const { slug: present } = await tx.one(sql<{ slug: string }>`
    select slug
    from tenancy.tenants
    where id = ${tx.scope.tenantId}
    for update`)
  if (present === slug) return
  const { left } = await tx.one(sql<{ left: number }>`
    select count(*)::integer as left
    from tenancy.former_slugs
    where holder_id = ${tx.scope.tenantId}
      and released_at > now() - interval '30 days'
      and slug <> ${slug}`)
  if (left >= mostFormerSlugs) {
    throw errors.slugsHeld({ most: mostFormerSlugs })
  }
  await onViolation(
    tx.run(sql`
      update tenancy.tenants
      set slug = ${slug}
      where id = ${tx.scope.tenantId}`),
    {
      tenants_slug_unique: () => errors.slugTaken({ slug }),
      tenants_slug_held: () => errors.slugTaken({ slug }),
      tenants_slug_not_reserved: () => errors.slugReserved({ slug }),
    },
  )
}

/** Lets go of slugs that nobody needs to be led from any more. Needs the system scope. */
export async function removeFormerSlugs(tx: Queryable): Promise<number> {
  const removed = await tx.run(sql`
    delete from tenancy.former_slugs
    where held_until <= now()
    returning slug`)
  return removed.length
}
