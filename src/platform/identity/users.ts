import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { requireTimezone } from './timezones.ts'

/** A person as others are shown him. */
export const User = Type.Object({
  id: uuid,
  email: Type.String(),
  fullName: nullable(Type.String()),
  username: nullable(Type.String()),
})
export type User = Static<typeof User>

export type NewUser = {
  id: string
  email: string
  fullName: string
  /** Without one the account is entered in another way. */
  passwordHash?: string
  /** IANA name; UTC unless given (PE-03). */
  timezone?: string | undefined
  isEmailVerified?: boolean
}

/** A user with a profile of its own; refuses an address that an account has (compared in any case). */
export async function createUser(tx: Queryable, user: NewUser): Promise<void> {
  await onViolation(
    tx.run(sql`
      insert into identity.users (id, email, full_name, email_verified_at)
      values (${user.id}, ${user.email}, ${user.fullName}, case when ${user.isEmailVerified ?? false} then now() end)`),
    { users_email_unique: errors.emailTaken },
  )
  const timezone = user.timezone ?? 'UTC'
  requireTimezone(timezone)
  await tx.run(sql`insert into identity.user_profiles (user_id, timezone) values (${user.id}, ${timezone})`)
  if (user.passwordHash === undefined) return
  await tx.run(sql`insert into identity.passwords (user_id, password_hash) values (${user.id}, ${user.passwordHash})`)
}

/**
 * The account of a program: it has no way to sign in, and an address that no mail reaches. Its tenant gives it an API key.
 * Needs the system scope.
 */
export async function createServiceUser(tx: Queryable, user: { id: string; name: string }): Promise<void> {
  await tx.run(sql`
    insert into identity.users (id, kind, email, full_name)
    values (${user.id}, 'service', ${`${user.id}@service.invalid`}, ${user.name})`)
}

/** Needs the system scope. */
export async function renameServiceUser(tx: Queryable, userId: string, name: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set full_name = ${name}
    where id = ${userId}
      and kind = 'service'`)
}

/** Its name stays with what it has done; it is erased as a person's account is. Needs the system scope. */
export async function deleteServiceUser(tx: Queryable, userId: string, deletedBy: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set
      status = 'deleted',
      status_changed_at = now(),
      status_changed_by = ${deletedBy},
      deleted_at = now(),
      deleted_by = ${deletedBy}
    where id = ${userId}
      and kind = 'service'`)
}

export type Account = User & {
  isActive: boolean
  passwordHash: string | null
}

/** The account that has an address. Needs the system scope. */
export function findAccount(tx: Queryable, email: string): Promise<Account | undefined> {
  return tx.maybe(sql<Account>`
    select
      account.id,
      account.email,
      account.full_name,
      account.username,
      account.is_active,
      password.password_hash
    from identity.users as account
    left join identity.passwords as password
      on password.user_id = account.id and password.replaced_at is null
    where account.email = ${email}
      and account.kind = 'person'
      and account.deleted_at is null`)
}

/** The tenant in which the user's next session starts. */
export async function setDefaultTenant(tx: Queryable, userId: string, tenantId: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set default_tenant_id = ${tenantId}
    where id = ${userId}`)
}

/** The user's next session starts elsewhere, where it would have started in this tenant. Needs the system scope. */
export async function dropDefaultTenant(tx: Queryable, userId: string, tenantId: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set default_tenant_id = null
    where id = ${userId}
      and default_tenant_id = ${tenantId}`)
}

/** The same where he has none that counts: a first tenant is where he starts. Needs the system scope. */
export async function setDefaultTenantIfNone(tx: Queryable, userId: string, tenantId: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set default_tenant_id = ${tenantId}
    where id = ${userId}
      and default_tenant_id is null`)
}

/** The address of an active account, where its owner has shown that mail reaches him there. Needs the system scope. */
export async function findVerifiedAddress(tx: Queryable, userId: string): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ email: string }>`
    select email
    from identity.users
    where id = ${userId}
      and is_active
      and is_email_verified`)
  return found?.email
}

/** False on a new installation, before its first administrator. Needs the system scope. */
export async function hasUsers(tx: Queryable): Promise<boolean> {
  const { found } = await tx.one(sql<{ found: boolean }>`select exists (select from identity.users) as found`)
  return found
}
