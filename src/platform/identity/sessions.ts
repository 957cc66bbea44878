import { randomUUID } from 'node:crypto'
import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { knownDeviceUpdate } from './devices.ts'
import { errors } from './errors.ts'
import { loginUpdate } from './lockouts.ts'
import { loginInsert } from './login-histories.ts'
import { describeClient, Place } from './places.ts'
import { createRefreshToken, type RefreshToken } from './refresh-secrets.ts'
import { Device } from './user-agents.ts'

/** How long a session lasts without a refresh or use, in days; also the life of a refresh token. */
export const idleDays = 7
/** How long it lasts at most, in days. */
const longestDays = 30
/** How long a session that was seen needs no new date unless told, in seconds: an update of it costs as much as a refresh. */
export const touchSeconds = 300

/** How a user has proved who he is: kept with the session, in the words of the sign-in history. */
export type AuthenticationMethod =
  | 'password'
  | 'totp'
  | 'backup_code'
  | 'passkey'
  | 'google'
  | 'trusted_device'
  | 'provider'
  | 'provider_second_factor'

/** An identity provider of a tenant, by which somebody has come in. */
export type SessionProvider = { tenantId: string; id: string }

/** `endsAt`: its absolute end, however much it is used. */
export type NewSession = { id: string; cookieToken: string; refreshToken: string; endsAt: Date }

type SessionStart = {
  userId: string
  tenantId: string | undefined
  methods?: readonly AuthenticationMethod[]
  deviceId?: string | undefined
  provider?: SessionProvider | undefined
}

/** Opens a session with a token for the browser's cookie and a first refresh token; both are kept as hashes only. */
export async function openSession(tx: Queryable, session: SessionStart): Promise<NewSession> {
  const cookieToken = createToken()
  const first = createRefreshToken()
  const opened = await tx.one(sql<{ id: string; endsAt: Date }>`
    with
      session as (${sessionInsert(tx.scope, session, cookieToken, sql`(select ${session.deviceId ?? null}::uuid as id) as device`)}),
      issued as (${refreshTokenInsert(first, sql`session`)})
    select id, ends_at
    from session`)
  return { ...opened, cookieToken, refreshToken: first.text }
}

/**
 * All that a sign-in on a device leaves behind which has been used for this account before, in one statement: the counted
 * sign-in, the device's new date, the session and its tokens, the line in the history. Undefined, and nothing is changed,
 * where the cookie is no device of this user, rests after wrong passwords (unless `mayRest` is false), the account is
 * switched off or has another password than that of `passwordVersion`. `beside`: an expression, evaluated where there is a session. Needs the system scope.
 */
export async function openSessionOnKnownDevice(
  app: App,
  tx: Queryable,
  session: Omit<SessionStart, 'deviceId'> & {
    id: string
    methods: readonly AuthenticationMethod[]
    deviceToken: string
    mayRest: boolean
    passwordVersion: number | undefined
    beside: RawBuilder<unknown>
  },
): Promise<NewSession | undefined> {
  const { id, userId, methods } = session
  const cookieToken = createToken()
  const first = createRefreshToken()
  const login = { userId, status: 'success', methods, sessionId: id } as const
  const opened = await tx.maybe(sql<{ endsAt: Date }>`
    with
      device as (${knownDeviceUpdate(tx.scope, session)}),
      account as (${loginUpdate(session, sql`exists (select from device)`)}),
      session as (${sessionInsert(tx.scope, session, cookieToken, sql`account, device`)}),
      issued as (${refreshTokenInsert(first, sql`session`)}),
      login as (${await loginInsert(app, tx.scope, login, sql`account`)})
    select ends_at, ${session.beside}
    from session`)
  return opened && { id, endsAt: opened.endsAt, cookieToken, refreshToken: first.text }
}

function sessionInsert(
  scope: Scope,
  session: SessionStart & { id?: string },
  cookieToken: string,
  from: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    insert into identity.user_sessions (
      id, user_id, active_tenant_id, token_hash, ip_address, user_agent, device_id, authentication_methods,
      provider_tenant_id, provider_id, expires_at, ends_at
    )
    select
      ${session.id ?? randomUUID()}::uuid,
      ${session.userId}::uuid,
      ${session.tenantId ?? null}::uuid,
      ${hashToken(cookieToken)}::bytea,
      ${scope.ipAddress ?? null}::inet,
      ${scope.userAgent ?? null}::text,
      device.id,
      ${session.methods ?? []}::text[],
      ${session.provider?.tenantId ?? null}::uuid,
      ${session.provider?.id ?? null}::uuid,
      now() + ${idleDays} * interval '1 day',
      now() + ${longestDays} * interval '1 day'
    from ${from}
    returning id, ends_at`
}

/** The statement that gives a session its first refresh token. */
function refreshTokenInsert(
  { familyHash, tokenHash }: RefreshToken,
  session: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    insert into identity.refresh_tokens (session_id, family_hash, token_hash, expires_at)
    select id, ${familyHash}::bytea, ${tokenHash}::bytea, now() + ${idleDays} * interval '1 day'
    from ${session}`
}

/** Ends a session; its access tokens end with it. Returns whether it was alive. */
export async function revokeSession(tx: Queryable, sessionId: string, reason: string): Promise<boolean> {
  const revoked = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where id = ${sessionId}
      and revoked_at is null
    returning id`)
  return revoked.length > 0
}

/** Ends all sessions of a user but one, or all of them. Returns how many there were. */
export async function revokeSessionsOf(
  tx: Queryable,
  userId: string,
  reason: string,
  but?: string,
  throughProvider?: string,
): Promise<number> {
  const revoked = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where user_id = ${userId}
      and id is distinct from ${but ?? null}
      and (${throughProvider ?? null}::uuid is null or provider_id = ${throughProvider ?? null})
      and revoked_at is null
      and expires_at > now()
    returning id`)
  return revoked.length
}

/**
 * Notes that the session's user proved anew who he is, `at` a moment, now unless told; false where it has ended. What he
 * has shown in it before stays shown, and its pauses are forgotten.
 */
export async function renewAuthentication(
  tx: Queryable,
  sessionId: string,
  methods: readonly AuthenticationMethod[],
  at?: Date,
): Promise<boolean> {
  const renewed = await tx.run(sql`
    update identity.user_sessions
    set
      authenticated_at = least(now(), ${at ?? null}::timestamptz),
      authentication_methods = authentication_methods || array(
        select shown
        from unnest(${methods}::text[]) as shown
        where shown <> all (authentication_methods)
      ),
      last_seen_at = now(),
      longest_pause = 0
    where id = ${sessionId}
      and revoked_at is null
    returning id`)
  return renewed.length === 1
}

/** Ends these sessions; returns how many of them were alive. */
export async function revokeSessions(tx: Queryable, sessionIds: readonly string[], reason: string): Promise<number> {
  const revoked = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where id = any (${sessionIds}::uuid[])
      and revoked_at is null
    returning id`)
  return revoked.length
}

/** Ends the sessions that came through a provider, of one user or of all. Returns how many there were. */
export async function revokeSessionsThrough(
  tx: Queryable,
  providerId: string,
  reason: string,
  userId?: string,
): Promise<number> {
  const revoked = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where provider_id = ${providerId}
      and (${userId ?? null}::uuid is null or user_id = ${userId ?? null})
      and revoked_at is null
    returning id`)
  return revoked.length
}

/** Why a session was ended that is found no more; undefined for one that ended by itself, or never was. */
export async function findEndOfSession(
  tx: Queryable,
  session: { sessionId: string } | { tokenHash: Buffer },
): Promise<string | undefined> {
  const ended = await tx.maybe(sql<{ revokedReason: string | null }>`
    select revoked_reason
    from identity.user_sessions
    where ${'sessionId' in session ? sql`id = ${session.sessionId}` : sql`token_hash = ${session.tokenHash}`}`)
  return ended?.revokedReason ?? undefined
}

/** Ends the session of a browser's cookie, where it is one of this user's and not the one to stay. Returns whether. */
export async function replaceSession(
  tx: Queryable,
  { userId, cookieToken, by }: { userId: string; cookieToken: string; by: string },
): Promise<boolean> {
  const replaced = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = 'signed in again'
    where token_hash = ${hashToken(cookieToken)}
      and user_id = ${userId}
      and id <> ${by}
      and revoked_at is null
    returning id`)
  return replaced.length > 0
}

/** Notes a way in which the session's user has shown who he is, beside those before. */
export async function addAuthenticationMethod(
  tx: Queryable,
  sessionId: string,
  method: AuthenticationMethod,
): Promise<void> {
  await tx.run(sql`
    update identity.user_sessions
    set authentication_methods = authentication_methods || array[${method}]::text[]
    where id = ${sessionId}
      and not ${method} = any (authentication_methods)`)
}

/** The device that a session is on; undefined for a program's. */
export async function findSessionDevice(tx: Queryable, sessionId: string): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ deviceId: string | null }>`
    select device_id
    from identity.user_sessions
    where id = ${sessionId}`)
  return found?.deviceId ?? undefined
}

/** Keeps a session that is in use alive, to its absolute end at most, and notes how long it has paused. */
export async function extendSession(tx: Queryable, sessionId: string): Promise<void> {
  await tx.run(sql`
    update identity.user_sessions
    set ${signOfLife}
    where id = ${sessionId}
      and revoked_at is null`)
}

const idleEnd = sql`least(now() + ${idleDays} * interval '1 day', ends_at)`

/**
 * The assignments of a sign of life. The expiry is moved every five minutes only: it is indexed, and a row of which nothing
 * indexed changes is written in place.
 */
export const signOfLife = sql`
  longest_pause = greatest(longest_pause, ceil(extract(epoch from now() - last_seen_at))::integer),
  last_seen_at = now(),
  expires_at = case
    when last_seen_at > now() - interval '5 minutes'
      and expires_at between ${idleEnd} - interval '5 minutes' and ${idleEnd} then expires_at
    else ${idleEnd}
  end`

/** The tenant in which a session works from now on. The caller has checked the membership. */
export async function setActiveTenant(tx: Queryable, sessionId: string, tenantId: string): Promise<void> {
  await tx.run(sql`
    update identity.user_sessions
    set active_tenant_id = ${tenantId}
    where id = ${sessionId}`)
}

/** From when and until when a session lasts, should it not be used. */
export const SessionTimes = Type.Object({ id: uuid, createdAt: timestamp, expiresAt: timestamp })
export type SessionTimes = Static<typeof SessionTimes>

export function getSessionTimes(tx: Queryable, sessionId: string): Promise<SessionTimes> {
  return tx.one(sql<SessionTimes>`
    select id, created_at, expires_at
    from identity.user_sessions
    where id = ${sessionId}`)
}

/** A living session of the user, as he is shown it. */
export const OwnSession = Type.Object({
  id: uuid,
  isCurrent: Type.Boolean({ description: 'This request comes from it' }),
  device: Device,
  place: nullable(Place),
  ipAddress: nullable(Type.String()),
  methods: Type.Array(Type.String({ examples: ['password', 'totp'] })),
  createdAt: timestamp,
  lastSeenAt: timestamp,
  expiresAt: Type.Unsafe<Date>({ ...timestamp, description: 'When it ends unless it is used before' }),
  endsAt: Type.Unsafe<Date>({ ...timestamp, description: 'When it ends whatever happens' }),
})
export type OwnSession = Static<typeof OwnSession>

/** PE-04: where a user is signed in: this session first, then the last used; 200 at most. */
export async function listSessions(
  app: App,
  tx: Queryable,
  user: { userId: string; sessionId: string },
): Promise<OwnSession[]> {
  type Row = Omit<OwnSession, 'device' | 'place'> & { userAgent: string | null }
  const rows = await tx.run(sql<Row>`
    select
      id,
      id = ${user.sessionId} as is_current,
      host(ip_address) as ip_address,
      user_agent,
      authentication_methods as methods,
      created_at,
      last_seen_at,
      expires_at,
      ends_at
    from identity.user_sessions
    where user_id = ${user.userId}
      and revoked_at is null
      and expires_at > now()
      and ends_at > now()
    order by is_current desc, last_seen_at desc, id
    limit 200`)
  return await Promise.all(rows.map(row => describeClient(app, row)))
}

/** Ends a living session of this user; refuses any other with `identity.session_not_found`. */
export async function endSession(tx: Queryable, userId: string, sessionId: string, reason: string): Promise<void> {
  const ended = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where id = ${sessionId}
      and user_id = ${userId}
      and revoked_at is null
      and expires_at > now()
    returning id`)
  if (ended.length === 0) throw errors.sessionNotFound({ id: sessionId })
}
