import { onViolation, type Queryable, type Statements, sql } from '#platform/database'
import { errors } from './errors.ts'

/** What an export or import has to know of a tenant before it reads its rows. */
export type PortableTenant = {
  id: string
  name: string
  slug: string
  status: 'active' | 'suspended' | 'pending_deletion'
  /** Its removal has begun: rows are missing already. */
  isBeingRemoved: boolean
  /** It is on its way between two databases. */
  isMoving: boolean
  databaseId: string | null
}

/** As an administrator reads it. */
export function findPortableTenant(tx: Statements, slug: string): Promise<PortableTenant | undefined> {
  return tx.maybe(sql<PortableTenant>`
    select
      tenant.id,
      tenant.name,
      tenant.slug,
      tenant.status,
      exists (
        select
        from tenancy.tenant_deletions as deletion
        where deletion.tenant_id = tenant.id
          and deletion.begun_at is not null
      ) as is_being_removed,
      exists (
        select
        from tenancy.moves as move
        where move.tenant_id = tenant.id
          and move.state not in ('switched', 'finished', 'undone')
      ) as is_moving,
      placement.database_id
    from tenancy.tenants as tenant
    left join tenancy.placements as placement on placement.tenant_id = tenant.id
    where tenant.slug = ${slug}`)
}

/** Whether a tenant has this id, or had it before it was deleted: its certificate and its log still name it. */
export async function isUsedTenantId(tx: Statements, id: string): Promise<boolean> {
  const { isUsed } = await tx.one(sql<{ isUsed: boolean }>`
    select
      exists (select from tenancy.tenants where id = ${id})
      or exists (select from tenancy.deletion_certificates where id = ${id}) as is_used`)
  return isUsed
}

/** A tenant that comes in from elsewhere, with nothing but its name. Refuses a slug that is taken, held or reserved. */
export async function openPortableTenant(
  tx: Queryable,
  { id, name, slug }: Pick<PortableTenant, 'id' | 'name' | 'slug'>,
): Promise<void> {
  const taken = () => errors.slugTaken({ slug })
  await onViolation(tx.run(sql`insert into tenancy.tenants (id, name, slug) values (${id}, ${name}, ${slug})`), {
    tenants_slug_unique: taken,
    tenants_slug_held: taken,
    tenants_slug_not_reserved: () => errors.slugReserved({ slug }),
  })
}

/** One that was closed where it comes from stays closed until an operator opens it. */
export async function closePortableTenant(tx: Statements, id: string): Promise<void> {
  await tx.run(sql`
    update tenancy.tenants
    set status = 'suspended', status_reason = 'It was suspended where it comes from', status_changed_at = now()
    where id = ${id}`)
}
