import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { createServiceUser, deleteServiceUser, renameServiceUser } from '#platform/identity'
import { addMember, removeMembership } from '#platform/tenancy'
import { keyErrors as errors } from './key-errors.ts'

/** A program that works in a tenant. */
export const ServiceAccount = Type.Object({
  id: uuid,
  name: Type.String(),
  description: nullable(Type.String()),
  roles: Type.Array(Type.Object({ id: uuid, name: Type.String() })),
  keys: Type.Integer({ description: 'How many of its keys work' }),
  lastUsedAt: nullable(timestamp),
  createdAt: timestamp,
  createdByName: nullable(Type.String()),
})
export type ServiceAccount = Static<typeof ServiceAccount>

export const serviceAccountFields = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  description: nullable(Type.String({ maxLength: 500 })),
}

/** Those of the scope's tenant by name; 500 at most. */
export function listServiceAccounts(tx: Queryable): Promise<ServiceAccount[]> {
  return tx.run(sql<ServiceAccount>`
    ${selectAccounts}
    where service.tenant_id = ${tx.scope.tenantId}
    order by service.name
    limit 500`)
}

export async function getServiceAccount(tx: Queryable, id: string): Promise<ServiceAccount> {
  const found = await tx.maybe(sql<ServiceAccount>`
    ${selectAccounts}
    where service.tenant_id = ${tx.scope.tenantId}
      and service.id = ${id}`)
  if (!found) throw errors.serviceAccountNotFound({ id })
  return found
}

const selectAccounts = sql`
  select
    service.id,
    service.name,
    service.description,
    coalesce(
      (
        select json_agg(json_build_object('id', role.id, 'name', role.name) order by role.is_built_in desc, role.name)
        from access.user_tenant_roles as held
        join access.roles as role
          on role.tenant_id = held.tenant_id and role.id = held.role_id
        where held.tenant_id = service.tenant_id
          and held.user_tenant_id = access.membership_of(service.id)
      ),
      '[]'
    ) as roles,
    coalesce(key.living, 0) as keys,
    key.last_used_at,
    service.created_at,
    access.name_of(service.created_by) as created_by_name
  from access.service_accounts as service
  left join lateral (
    select
      count(*) filter (where revoked_at is null and (expires_at is null or expires_at > now())) as living,
      max(last_used_at) as last_used_at
    from access.api_keys
    where tenant_id = service.tenant_id
      and user_id = service.id
  ) as key on true`

/**
 * A user of the kind service with a membership in the scope's tenant, without a role yet. Needs the system scope.
 * Returns its id and that of its membership.
 */
export async function createServiceAccount(
  tx: Queryable,
  account: { name: string; description: string | null },
): Promise<{ id: string; membershipId: string }> {
  const id = randomUUID()
  const name = account.name.trim()
  await createServiceUser(tx, { id, name })
  const membership = await addMember(tx, id)
  await onViolation(
    tx.run(sql`
      insert into access.service_accounts (id, name, description, created_by)
      values (${id}, ${name}, ${account.description}, ${tx.scope.userId})`),
    { service_accounts_name_unique: errors.serviceAccountNameTaken },
  )
  return { id, membershipId: membership.id }
}

/** Needs the system scope: the name stands in the audit log as its user's. */
export async function describeServiceAccount(
  tx: Queryable,
  id: string,
  account: { name: string; description: string | null },
): Promise<void> {
  const name = account.name.trim()
  const changed = await onViolation(
    tx.run(sql`
      update access.service_accounts
      set name = ${name}, description = ${account.description}
      where tenant_id = ${tx.scope.tenantId}
        and id = ${id}
      returning id`),
    { service_accounts_name_unique: errors.serviceAccountNameTaken },
  )
  if (changed.length === 0) throw errors.serviceAccountNotFound({ id })
  await renameServiceUser(tx, id, name)
}

/** Its keys end with it; what it made stays as a deleted person's does. Needs the system scope. */
export async function deleteServiceAccount(tx: Queryable, id: string): Promise<void> {
  const { membershipId } = await getServiceMembership(tx, id)
  await removeMembership(tx, membershipId)
  await deleteServiceUser(tx, id, tx.scope.userId as string)
}

/** Where its roles hang; refuses an id that is no service account of the scope's tenant. */
export async function getServiceMembership(tx: Queryable, id: string): Promise<{ membershipId: string }> {
  const found = await tx.maybe(sql<{ membershipId: string }>`
    select access.membership_of(id) as membership_id
    from access.service_accounts
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}`)
  if (!found) throw errors.serviceAccountNotFound({ id })
  return found
}
