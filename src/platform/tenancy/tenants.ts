import { type Queryable, sql } from '#platform/database'

/** A new tenant; its slug is made from the name and numbered when taken. The scope carries its id and is the system's. */
export async function createTenant(tx: Queryable, tenant: { id: string; name: string }): Promise<{ slug: string }> {
  const base = slugOf(tenant.name)
  for (let number = 1; ; number++) {
    const slug = number === 1 ? base : `${base}-${number < 10 ? number : crypto.randomUUID().slice(0, 8)}`
    const created = await tx.maybe(sql<{ slug: string }>`
      insert into tenancy.tenants (id, name, slug)
      values (${tenant.id}, ${tenant.name}, ${slug})
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
  return reserved.has(label) || label === '' ? `tenant-${crypto.randomUUID().slice(0, 8)}` : label
}

/** Names that addresses of the installation itself use. */
const reserved = new Set(['www', 'api', 'admin', 'app', 'mail', 'static', 'assets', 'auth', 'login', 'status', 'docs'])
