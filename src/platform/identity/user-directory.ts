import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { restorableDays, userStatuses } from './user-statuses.ts'
import { User } from './users.ts'

const Status = oneOf(userStatuses)

/** An account as the operators' list shows it. */
export const ListedUser = Type.Object({
  ...User.properties,
  status: Status,
  isEmailVerified: Type.Boolean(),
  isOperator: Type.Boolean(),
  createdAt: timestamp,
  lastLoginAt: nullable(timestamp),
})
export type ListedUser = Static<typeof ListedUser>

/** How many accounts there are of each status, among those that fit the search. */
export const StatusCounts = Type.Object({
  active: Type.Integer(),
  inactive: Type.Integer(),
  suspended: Type.Integer(),
  deleted: Type.Integer(),
})
export type StatusCounts = Static<typeof StatusCounts>

export const UserFilters = {
  q: Type.Optional(
    Type.String({ maxLength: 255, description: 'Part of the name, the address or the user name, in any case' }),
  ),
  status: Type.Optional(Status),
}
export type UserFilters = { q?: string | undefined; status?: (typeof userStatuses)[number] | undefined }

/** Accounts of this installation, the newest first. Needs the system scope. */
export async function listUsers(
  tx: Queryable,
  filters: UserFilters,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ListedUser[]; nextCursor: string | null }> {
  const { q, status } = filters
  const list = JSON.stringify(['users', q, status])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<ListedUser & { moment: string }>`
    select
      account.id,
      account.email,
      account.full_name,
      account.username,
      account.status,
      account.is_email_verified,
      operator.user_id is not null as is_operator,
      account.created_at,
      account.last_login_at,
      to_char(account.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from identity.users as account
    left join identity.operators as operator on operator.user_id = account.id
    where account.kind = 'person'
      and ${fits(q)}
      ${status === undefined ? sql`` : sql`and account.status = ${status}`}
      ${last ? sql`and (account.created_at, account.id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by account.created_at desc, account.id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...user }) => user), nextCursor }
}

/** Needs the system scope. */
export async function countUsers(tx: Queryable, q: string | undefined): Promise<StatusCounts> {
  const rows = await tx.run(sql<{ status: keyof StatusCounts; count: number }>`
    select account.status, count(*) as count
    from identity.users as account
    where account.kind = 'person'
      and ${fits(q)}
    group by account.status`)
  const counts: StatusCounts = { active: 0, inactive: 0, suspended: 0, deleted: 0 }
  for (const { status, count } of rows) counts[status] = count
  return counts
}

/** By position and not by pattern: what is typed has no wildcards. */
function fits(q: string | undefined) {
  const wanted = q?.trim().toLowerCase()
  if (!wanted) return sql`true`
  return sql`strpos(lower(concat_ws(' ', account.full_name, account.email, account.username)), ${wanted}) > 0`
}

/** All that an operator has to know of an account to help its owner. */
export const UserDetails = Type.Object({
  ...ListedUser.properties,
  emailVerifiedAt: nullable(timestamp),
  timezone: Type.String(),
  statusReason: nullable(Type.String()),
  statusChangedAt: nullable(timestamp),
  statusChangedBy: nullable(User),
  restorableUntil: nullable(timestamp),
  loginCount: Type.Integer(),
  lastActivityAt: nullable(timestamp),
  lockedUntil: nullable(timestamp),
  sessions: Type.Integer({ description: 'Living sessions' }),
  factors: Type.Object({
    hasPassword: Type.Boolean(),
    hasTwoFactor: Type.Boolean({ description: 'A verified authenticator app' }),
    backupCodesLeft: Type.Integer(),
    passkeys: Type.Integer(),
    linkedSignIns: Type.Integer(),
  }),
})
export type UserDetails = Static<typeof UserDetails>

/** Refuses with `identity.user_not_found`. Needs the system scope. */
export async function getUser(tx: Queryable, id: string): Promise<UserDetails> {
  const row = await tx.maybe(sql<Omit<UserDetails, 'factors'> & UserDetails['factors']>`
    select
      account.id,
      account.email,
      account.full_name,
      account.username,
      account.status,
      account.is_email_verified,
      account.email_verified_at,
      operator.user_id is not null as is_operator,
      account.created_at,
      account.last_login_at,
      coalesce(profile.timezone, 'UTC') as timezone,
      account.status_reason,
      account.status_changed_at,
      case when actor.id is not null then jsonb_build_object(
        'id', actor.id, 'email', actor.email, 'fullName', actor.full_name, 'username', actor.username
      ) end as status_changed_by,
      account.deleted_at + ${restorableDays} * interval '1 day' as restorable_until,
      account.login_count,
      account.last_activity_at,
      case when account.account_locked_until > now() then account.account_locked_until end as locked_until,
      (
        select count(*)
        from identity.user_sessions
        where user_id = account.id
          and revoked_at is null
          and least(expires_at, ends_at) > now()
      ) as sessions,
      exists (
        select from identity.passwords where user_id = account.id and replaced_at is null
      ) as has_password,
      exists (
        select from identity.two_factors where user_id = account.id and not is_pending
      ) as has_two_factor,
      (select count(*) from identity.backup_codes where user_id = account.id and used_at is null) as backup_codes_left,
      (select count(*) from identity.authenticators where user_id = account.id) as passkeys,
      (select count(*) from identity.external_identities where user_id = account.id) as linked_sign_ins
    from identity.users as account
    left join identity.user_profiles as profile on profile.user_id = account.id
    left join identity.operators as operator on operator.user_id = account.id
    left join identity.users as actor on actor.id = account.status_changed_by
    where account.id = ${id}
      and account.kind = 'person'`)
  if (!row) throw errors.userNotFound({ id })
  const { hasPassword, hasTwoFactor, backupCodesLeft, passkeys, linkedSignIns, ...user } = row
  return { ...user, factors: { hasPassword, hasTwoFactor, backupCodesLeft, passkeys, linkedSignIns } }
}

/**
 * The account with this address; of several (deleted ones keep theirs) the living one, else the one deleted last.
 * Refuses with `identity.user_unknown`. Needs the system scope.
 */
export async function getUserByEmail(tx: Queryable, email: string): Promise<UserDetails> {
  const found = await tx.maybe(sql<{ id: string }>`
    select id
    from identity.users
    where email = ${email}
    order by deleted_at desc nulls first
    limit 1`)
  if (!found) throw errors.userUnknown({ email })
  return await getUser(tx, found.id)
}
