import { json, type Queryable, sql } from '#platform/database'

export type OrganizationFields = {
  name: string
  slug: string
  description: string | null
  settings: Readonly<Record<string, unknown>>
  parentId: string | null
}

/** A department or subsidiary inside the scope's tenant (GG-05); undefined where its slug is taken. */
export function insertOrganization(tx: Queryable, fields: OrganizationFields): Promise<{ id: string } | undefined> {
  const { name, slug, description, settings, parentId } = fields
  return tx.maybe(sql<{ id: string }>`
    insert into tenancy.organizations (name, slug, description, settings, parent_id)
    values (${name}, ${slug}, ${description}, ${json(settings)}, ${parentId})
    on conflict (tenant_id, slug) do nothing
    returning id`)
}

/** Locks an organization until the end of the transaction; for who may change it. */
export async function lockOrganization(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`
    select id
    from tenancy.organizations
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    for update`)
}

/** Sets all that is said of an organization, not where it stands. */
export async function updateOrganization(
  tx: Queryable,
  id: string,
  { name, slug, description, settings }: Omit<OrganizationFields, 'parentId'>,
): Promise<void> {
  await tx.run(sql`
    update tenancy.organizations
    set name = ${name}, slug = ${slug}, description = ${description}, settings = ${json(settings)}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
}

/** Moves an organization with all that stands below it; null is the top. The database keeps the tree one. */
export async function moveOrganization(tx: Queryable, id: string, parentId: string | null): Promise<void> {
  await tx.run(sql`
    update tenancy.organizations
    set parent_id = ${parentId}
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
}

/** With all that stands below it. */
export async function removeOrganization(tx: Queryable, id: string): Promise<void> {
  await tx.run(sql`
    delete from tenancy.organizations
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
}

export type OrganizationRole = 'admin' | 'member'
type Place = { organizationId: string; userId: string }

/** A member of the tenant belongs to an organization from now on. */
export async function insertPlace(tx: Queryable, place: Place & { role: OrganizationRole }): Promise<void> {
  await tx.run(sql`
    insert into tenancy.user_organizations (organization_id, user_id, role)
    values (${place.organizationId}, ${place.userId}, ${place.role})`)
}

/** False where he does not belong to it. */
export async function updatePlace(tx: Queryable, place: Place & { role: OrganizationRole }): Promise<boolean> {
  const changed = await tx.run(sql`
    update tenancy.user_organizations
    set role = ${place.role}
    where tenant_id = ${tx.scope.tenantId}
      and organization_id = ${place.organizationId}
      and user_id = ${place.userId}
    returning id`)
  return changed.length > 0
}

/** False where he did not belong to it. */
export async function removePlace(tx: Queryable, place: Place): Promise<boolean> {
  const removed = await tx.run(sql`
    delete from tenancy.user_organizations
    where tenant_id = ${tx.scope.tenantId}
      and organization_id = ${place.organizationId}
      and user_id = ${place.userId}
    returning id`)
  return removed.length > 0
}

/** Somebody belongs to no organization of the scope's tenant any more. */
export async function removePlaces(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    delete from tenancy.user_organizations
    where tenant_id = ${tx.scope.tenantId}
      and user_id = ${userId}`)
}
