import { createHmac } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { nullable } from '#platform/http'
import { isEasilyGuessed, type Owner } from './common-passwords.ts'
import { errors } from './errors.ts'
import { hashPassword, verifyPassword } from './hashing.ts'

/** What a new password must be. Nothing about digits and signs: that makes passwords worse (NIST SP 800-63B, 3.1.1.2). */
export const PasswordRules = Type.Object({
  minimumLength: Type.Integer({ minimum: 8, maximum: 128, description: 'In characters; 128 are the most' }),
  refuseCommon: Type.Boolean({
    description: 'Refuses what is easily guessed: frequent passwords, the own name or address',
  }),
  refusedReuses: Type.Integer({
    minimum: 0,
    maximum: 24,
    description: 'How many of the latest passwords may not be taken again, the current one among them',
  }),
  expiresAfterDays: nullable(
    Type.Integer({ minimum: 1, maximum: 3650, description: 'Then a new one is asked for at the next sign-in' }),
  ),
})
export type PasswordRules = Static<typeof PasswordRules>

/** Those of a new tenant, and for whoever is in none. */
export const defaultPasswordRules: PasswordRules = {
  minimumLength: 8,
  refuseCommon: true,
  refusedReuses: 3,
  expiresAfterDays: null,
}

/** The most characters of a password; its work must be bounded. */
const longestPassword = 128

/** Replaced passwords beyond those that any rule may ask for are forgotten. */
const mostKept = 24

/** What a new password is compared with, and which field of the request a refusal is about. */
type PasswordContext = Owner & {
  /** The latest first, the current one among them. */
  previousHashes?: readonly string[]
  field?: string
}

/**
 * Hashes a new password, or refuses it: `identity.password_length`, `identity.password_common`, `identity.password_reused`.
 * Each names the field, so that a form can say it there.
 */
export async function hashNewPassword(
  password: string,
  rules: PasswordRules = defaultPasswordRules,
  context: PasswordContext = {},
): Promise<string> {
  const { field = 'password', previousHashes = [] } = context
  const length = [...password].length
  if (length < rules.minimumLength || length > longestPassword) {
    throw inField(field, errors.passwordLength, { least: rules.minimumLength, most: longestPassword })
  }
  if (rules.refuseCommon && (await isEasilyGuessed(password, context))) throw inField(field, errors.passwordCommon)
  for (const previousHash of previousHashes.slice(0, rules.refusedReuses)) {
    if (await verifyPassword(previousHash, password)) {
      throw inField(field, errors.passwordReused, { count: rules.refusedReuses })
    }
  }
  return await hashPassword(password)
}

/** The same refusal, with the pointer to the field of the body that it is about. */
function inField(field: string, refuse: typeof errors.passwordLength, details: Record<string, unknown> = {}) {
  const { message } = refuse(details)
  return refuse({ ...details, errors: [{ in: 'body', pointer: `/${field}`, message }] })
}

/**
 * Whether this is the password of the account with this address. For an address that nobody has, or whose account has no
 * password, the same work is done as for one that has: with bcrypt for such a share of addresses as still have one here
 * from elsewhere (PE-01), always the same addresses, else with Argon2id. So the time of an answer tells nothing: neither
 * that there is no account, nor (what takes ten times as long) that there is one which has not signed in since the import.
 */
export async function verifyPasswordOf(
  app: Installation,
  email: string,
  passwordHash: string | undefined,
  password: string,
): Promise<boolean> {
  const standIn = await findStandIn(app, email)
  const matches = await verifyPassword(passwordHash ?? standIn, password)
  return matches && passwordHash !== undefined
}

type Installation = Pick<App, 'db' | 'keyring'>

/** Of the current passwords, the share with bcrypt of each number of rounds. */
type Share = { rounds: string | null; share: number }
const shares = new WeakMap<Installation, { until: number; read: Promise<readonly Share[]> }>()
const sharesBelievedFor = 60_000

function sharesOf(app: Installation): Promise<readonly Share[]> {
  const known = shares.get(app)
  if (known && known.until > performance.now()) return known.read
  const read = app.db.scoped({ system: true }).run(sql<Share>`
    select rounds, count / sum(count) over () as share
    from (
      select case when password_hash like '$2_$%' then substr(password_hash, 5, 2) end as rounds, count(*)::float8 as count
      from identity.passwords
      where replaced_at is null
      group by 1
    ) as counted
    order by rounds`)
  shares.set(app, { until: performance.now() + sharesBelievedFor, read })
  read.catch(() => shares.delete(app))
  return read
}

/** Counts anew with the next stand-in: for accounts that were made past the program. */
export function forgetShares(app: Installation): void {
  shares.delete(app)
}

/** A bcrypt hash that no password has, for some addresses; undefined for those that are to cost an Argon2id hash. */
export async function findStandIn(app: Installation, email: string): Promise<string | undefined> {
  const digest = createHmac('sha256', app.keyring.derive('stand-ins for passwords')).update(email).digest()
  let place = digest.readUInt32BE(0) / 2 ** 32
  for (const { rounds, share } of await sharesOf(app)) {
    if (place < share) return rounds === null ? undefined : `$2b$${rounds}$${digest.toString('hex').slice(0, 53)}`
    place -= share
  }
  return undefined
}

/** Whose password it is, as far as a change of it is concerned. */
export type PasswordHolder = {
  userId: string
  email: string
  fullName: string | null
  timezone: string
  isActive: boolean
  passwordId: string | null
  passwordHash: string | null
  passwordSetAt: Date | null
}

/** Undefined for a deleted user. Needs the system scope. */
export function findPasswordHolder(tx: Queryable, userId: string): Promise<PasswordHolder | undefined> {
  return tx.maybe(sql<PasswordHolder>`
    select
      account.id as user_id,
      account.email,
      account.full_name,
      coalesce(profile.timezone, 'UTC') as timezone,
      account.is_active,
      password.id as password_id,
      password.password_hash,
      password.created_at as password_set_at
    from identity.users as account
    left join identity.user_profiles as profile
      on profile.user_id = account.id
    left join identity.passwords as password
      on password.user_id = account.id and password.replaced_at is null
    where account.id = ${userId}
      and account.deleted_at is null`)
}

/** The current password of a user, and since when it is. Needs the system scope. */
export function findPasswordOf(
  tx: Queryable,
  userId: string,
): Promise<{ id: string; passwordHash: string; createdAt: Date } | undefined> {
  return tx.maybe(sql<{ id: string; passwordHash: string; createdAt: Date }>`
    select id, password_hash, created_at
    from identity.passwords
    where user_id = ${userId}
      and replaced_at is null`)
}

/** The hashes of a user's passwords, the latest first, for `PasswordContext`. Needs the system scope. */
export async function listPasswordHashes(tx: Queryable, userId: string): Promise<string[]> {
  const rows = await tx.run(sql<{ passwordHash: string }>`
    select password_hash
    from identity.passwords
    where user_id = ${userId}
    order by replaced_at desc nulls first, created_at desc
    limit ${mostKept}`)
  return rows.map(({ passwordHash }) => passwordHash)
}

/**
 * Puts a new password in the place of the current one, which stays to refuse its re-use; of those before only as many as a
 * rule may ask for. With `inPlaceOf` (the id of a password, null for none) it changes nothing and answers false where
 * another one is current by now. In a transaction of the system scope.
 */
export async function replacePassword(
  tx: Queryable,
  userId: string,
  passwordHash: string,
  inPlaceOf?: string | null,
): Promise<boolean> {
  await lockPasswords(tx, userId)
  const current = await findPasswordOf(tx, userId)
  if (inPlaceOf !== undefined && (current?.id ?? null) !== inPlaceOf) return false
  await tx.run(sql`
    update identity.passwords
    set replaced_at = clock_timestamp()
    where user_id = ${userId}
      and replaced_at is null`)
  await tx.run(sql`
    update identity.users
    set password_version = password_version + 1
    where id = ${userId}`)
  await tx.run(sql`
    insert into identity.passwords (user_id, password_hash, created_at)
    values (${userId}, ${passwordHash}, clock_timestamp())`)
  await tx.run(sql`
    delete from identity.passwords
    where id in (
      select id
      from identity.passwords
      where user_id = ${userId}
      order by replaced_at desc nulls first, created_at desc
      offset ${mostKept}
    )`)
  return true
}

/** Of two changes at once the second waits here, and then sees what the first has made current. */
export async function lockPasswords(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    select
    from identity.users
    where id = ${userId}
    for no key update`)
}

/**
 * PE-01: keeps a password that has just been verified as an Argon2id hash of ours. It stays the same password: neither its
 * age nor the refused re-uses change. False where it was replaced or hashed again meanwhile, or where hashing is saturated,
 * which leaves it to the next sign-in. `tx` has the system scope and is better no open transaction: hashing takes time.
 */
export async function rehashPassword(
  tx: Queryable,
  userId: string,
  oldHash: string,
  password: string,
): Promise<boolean> {
  const passwordHash = await hashPassword(password).catch(error => {
    if (error instanceof DomainError && error.code === 'identity.hashing_busy') return undefined
    throw error
  })
  if (passwordHash === undefined) return false
  const rehashed = await tx.run(sql`
    update identity.passwords
    set password_hash = ${passwordHash}
    where user_id = ${userId}
      and password_hash = ${oldHash}
      and replaced_at is null
    returning id`)
  return rehashed.length === 1
}
