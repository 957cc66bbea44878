import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { instantOf, wallTimeAt } from '#platform/local-times.ts'
import { findPlace, Place } from './places.ts'
import { clientOf, Device, describeUserAgent } from './user-agents.ts'

export type LoginAttempt = {
  userId: string
  status: 'success' | 'failed'
  /** In words, of a failure only: `wrong password`. */
  failureReason?: string
  methods?: readonly string[]
  sessionId?: string
}

/**
 * MT-09: appends a sign-in, or an attempt, to the account's history; address and agent are those of the scope. Needs the
 * system scope. For a user that does not exist it does the same work and appends nothing: there is no account whose
 * history it would be, and the time that a refusal takes must not tell.
 */
export async function recordLogin(app: App, tx: Queryable, attempt: LoginAttempt): Promise<void> {
  await tx.run(await loginInsert(app, tx.scope, attempt, sql`identity.users`))
}

/** The statement of `recordLogin`; it appends nothing unless the account is among those of `source`. */
export async function loginInsert(
  app: App,
  scope: Scope,
  attempt: LoginAttempt,
  source: RawBuilder<unknown>,
): Promise<RawBuilder<unknown>> {
  const { address, agent } = clientOf(scope)
  const place = await findPlace(app, address)
  return sql`
    insert into identity.login_histories (
      user_id, ip_address, user_agent, device, location, status, failure_reason, methods, session_id
    )
    select
      account.id,
      ${address}::inet,
      ${agent},
      ${describeUserAgent(agent).words},
      ${place ? json(place) : null}::jsonb,
      ${attempt.status},
      ${attempt.status === 'failed' ? (attempt.failureReason ?? 'refused') : null},
      ${attempt.methods ?? []}::text[],
      ${attempt.sessionId ?? null}::uuid
    from ${source} as account
    where account.id = ${attempt.userId}`
}

/** A sign-in to one's own account, or an attempt. */
export const Login = Type.Object({
  id: uuid,
  createdAt: timestamp,
  status: oneOf(['success', 'failed']),
  failureReason: nullable(Type.String({ examples: ['wrong password'] })),
  methods: Type.Array(Type.String({ examples: ['password', 'totp'] })),
  device: Device,
  place: nullable(Place),
  ipAddress: nullable(Type.String()),
})
export type Login = Static<typeof Login>

/** MT-09: the history of the user's account, newest first. */
export async function listLogins(
  tx: Queryable,
  userId: string,
  { status, limit, cursor }: { status?: Login['status']; limit: number; cursor?: string },
): Promise<{ items: Login[]; nextCursor: string | null }> {
  const list = JSON.stringify(['logins', userId, status])
  const { rows, nextCursor } = await readLogins(tx, { userId, status }, { list, limit, cursor })
  return { items: rows.map(loginOf), nextCursor }
}

/** Which sign-ins are wanted; without any of these all of them. */
export type LoginFilters = {
  userId?: string | undefined
  status?: Login['status'] | undefined
  /** An address, or a network such as `192.0.2.0/24`. */
  ipAddress?: string | undefined
  /** From this moment on, and before that one. */
  from?: string | undefined
  to?: string | undefined
}

/** A sign-in, or an attempt, with whose account it was. */
export type AccountLogin = Login & { userId: string; userName: string; email: string }

/** MT-09: the histories of all accounts, newest first, for operators. For the system scope. */
export async function listAccountLogins(
  tx: Queryable,
  filters: LoginFilters,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: AccountLogin[]; nextCursor: string | null }> {
  const list = JSON.stringify(['account-logins', filters])
  const { rows, nextCursor } = await readLogins(tx, filters, { list, limit, cursor })
  const accounts = await tx.run(sql<{ id: string; userName: string; email: string }>`
    select id, full_name as user_name, email
    from identity.users
    where id = any (${[...new Set(rows.map(({ userId }) => userId))]}::uuid[])`)
  const known = new Map(accounts.map(({ id, ...account }) => [id, account]))
  const items = rows.flatMap(row => {
    const account = known.get(row.userId)
    // Erased in between.
    return account ? [{ userId: row.userId, ...account, ...loginOf(row) }] : []
  })
  return { items, nextCursor }
}

type LoginRow = Omit<Login, 'device'> & { userId: string; device: string; userAgent: string | null; moment: string }

async function readLogins(
  tx: Queryable,
  { userId, status, ipAddress, from, to }: LoginFilters,
  { list, limit, cursor }: { list: string; limit: number; cursor: string | undefined },
): Promise<{ rows: LoginRow[]; nextCursor: string | null }> {
  const last = readCursor(cursor, list, Type.Tuple([dateTime, uuid]))
  const conditions = [
    sql`true`,
    userId !== undefined && sql`user_id = ${userId}`,
    status !== undefined && sql`status = ${status}`,
    ipAddress !== undefined && sql`ip_address <<= ${ipAddress}::inet`,
    from !== undefined && sql`created_at >= ${from}::timestamptz`,
    to !== undefined && sql`created_at < ${to}::timestamptz`,
    // The first bound is for the planner, which skips partitions by it and not by a comparison of rows.
    last && sql`created_at <= ${last[0]} and (created_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
  ].filter(condition => condition !== false && condition !== undefined)
  const rows = await tx.run(sql<LoginRow>`
    select
      id,
      user_id,
      created_at,
      status,
      failure_reason,
      methods,
      device,
      user_agent,
      location as place,
      host(ip_address) as ip_address,
      to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from identity.login_histories
    where ${sql.join(conditions, sql` and `)}
    order by created_at desc, id desc
    limit ${limit + 1}`)
  const { items, nextCursor } = cutPage(rows, limit, list, row => [row.moment, row.id])
  return { rows: items, nextCursor }
}

const loginOf = ({ moment: _, userId: __, userAgent, device, ...login }: LoginRow): Login => ({
  ...login,
  device: { words: device, kind: describeUserAgent(userAgent).kind },
})

/** How many sign-ins succeeded and failed in a month of the user's own calendar. */
export const LoginMonth = Type.Object({
  month: Type.String({ pattern: '^\\d{4}-\\d{2}$', examples: ['2026-11'] }),
  successes: Type.Integer(),
  failures: Type.Integer(),
})
export type LoginMonth = Static<typeof LoginMonth>

/** This month and the eleven before it, the oldest first, empty ones too. */
export async function countLoginsByMonth(tx: Queryable, userId: string, now: Date): Promise<LoginMonth[]> {
  const { timezone } = await tx.one(sql<{ timezone: string }>`
    select timezone
    from identity.user_profiles
    where user_id = ${userId}`)
  const months = lastMonths(now, timezone, 12)
  const starts = months.map(({ start }) => start)
  const counted = await tx.run(sql<{ position: number; successes: number; failures: number }>`
    select
      width_bucket(created_at, ${starts}::timestamptz[]) as position,
      (count(*) filter (where status = 'success'))::integer as successes,
      (count(*) filter (where status = 'failed'))::integer as failures
    from identity.login_histories
    where user_id = ${userId}
      and created_at >= ${starts[0]}::timestamptz
    group by position`)
  const byPosition = new Map(counted.map(row => [row.position, row]))
  return months.map(({ month }, index) => {
    const { successes = 0, failures = 0 } = byPosition.get(index + 1) ?? {}
    return { month, successes, failures }
  })
}

/** Reckoned here, since PostgreSQL need not know every zone that browsers do. */
function lastMonths(now: Date, timezone: string, count: number): { month: string; start: Date }[] {
  const local = wallTimeAt(now, timezone)
  return Array.from({ length: count }, (_, index) => {
    const wall = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - (count - 1 - index), 1))
    return { month: wall.toISOString().slice(0, 7), start: instantOf(wall, timezone) }
  })
}
