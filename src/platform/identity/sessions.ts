import { type Static, Type } from 'typebox'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'

/** How long a session lasts without a refresh or use, in days; also the life of a refresh token. */
const idleDays = 7
/** How long it lasts at most, in days. */
const longestDays = 30

/** How a user has proved who he is: kept with the session, in the words of the sign-in history. */
export type AuthenticationMethod = 'password' | 'totp' | 'backup_code' | 'passkey' | 'google' | 'trusted_device'

export type NewSession = { id: string; cookieToken: string; refreshToken: string; expiresAt: Date }

/** Opens a session with a token for the browser's cookie and a first refresh token; both are kept as hashes only. */
export async function openSession(
  tx: Queryable,
  session: {
    userId: string
    tenantId: string | undefined
    methods?: readonly AuthenticationMethod[]
    deviceId?: string | undefined
  },
): Promise<NewSession> {
  const cookieToken = createToken()
  const { id, expiresAt } = await tx.one(sql<{ id: string; expiresAt: Date }>`
    insert into identity.user_sessions (
      user_id, active_tenant_id, token_hash, ip_address, user_agent, device_id, authentication_methods, expires_at, ends_at
    )
    values (
      ${session.userId},
      ${session.tenantId ?? null},
      ${hashToken(cookieToken)},
      ${tx.scope.ipAddress ?? null},
      ${tx.scope.userAgent ?? null},
      ${session.deviceId ?? null},
      ${session.methods ?? []},
      now() + ${idleDays} * interval '1 day',
      now() + ${longestDays} * interval '1 day'
    )
    returning id, expires_at`)
  return { id, cookieToken, refreshToken: await issueRefreshToken(tx, id), expiresAt }
}

/**
 * Uses a refresh token up and returns its session with the next token (PE-05). The update compares and sets: of any
 * number of concurrent uses one wins. A token used before betrays a copy: its session ends.
 */
export async function rotateRefreshToken(
  tx: Queryable,
  token: string,
): Promise<{ sessionId: string; refreshToken: string } | { replayedSessionId: string }> {
  const tokenHash = hashToken(token)
  const used = await tx.maybe(sql<{ sessionId: string }>`
    update identity.refresh_tokens as token
    set used_at = now()
    from identity.user_sessions as session
    where token.token_hash = ${tokenHash}
      and token.used_at is null
      and token.expires_at > now()
      and session.id = token.session_id
      and session.revoked_at is null
      and session.expires_at > now()
      and session.ends_at > now()
    returning token.session_id`)
  if (used) {
    await extendSession(tx, used.sessionId)
    return { sessionId: used.sessionId, refreshToken: await issueRefreshToken(tx, used.sessionId) }
  }
  const replayed = await tx.maybe(sql<{ sessionId: string }>`
    select session_id
    from identity.refresh_tokens
    where token_hash = ${tokenHash}
      and used_at is not null`)
  if (!replayed) throw errors.refreshRefused()
  await revokeSession(tx, replayed.sessionId, 'refresh token used twice')
  return { replayedSessionId: replayed.sessionId }
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
export async function revokeSessionsOf(tx: Queryable, userId: string, reason: string, but?: string): Promise<number> {
  const revoked = await tx.run(sql`
    update identity.user_sessions
    set revoked_at = now(), revoked_reason = ${reason}
    where user_id = ${userId}
      and id is distinct from ${but ?? null}
      and revoked_at is null
      and expires_at > now()
    returning id`)
  return revoked.length
}

/** Notes that the session's user has proved anew who he is; false where the session has ended. */
export async function renewAuthentication(
  tx: Queryable,
  sessionId: string,
  methods: readonly AuthenticationMethod[],
): Promise<boolean> {
  const renewed = await tx.run(sql`
    update identity.user_sessions
    set authenticated_at = now(), authentication_methods = ${methods}
    where id = ${sessionId}
      and revoked_at is null
    returning id`)
  return renewed.length === 1
}

/** Keeps a session that is in use alive, to its absolute end at most. */
export async function extendSession(tx: Queryable, sessionId: string): Promise<void> {
  await tx.run(sql`
    update identity.user_sessions
    set last_seen_at = now(), expires_at = least(now() + ${idleDays} * interval '1 day', ends_at)
    where id = ${sessionId}
      and revoked_at is null`)
}

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

/** GG-16: sessions 30 days after their end, and tokens and links that nobody can use any more. */
export async function removeEndedSessions(tx: Queryable): Promise<{ sessions: number; tokens: number }> {
  const sessions = await tx.run(sql`
    delete from identity.user_sessions
    where least(expires_at, coalesce(revoked_at, expires_at)) < now() - interval '30 days'
    returning id`)
  const tokens = await tx.run(sql`
    delete from identity.one_time_tokens
    where expires_at < now() - interval '30 days'
    returning id`)
  return { sessions: sessions.length, tokens: tokens.length }
}

async function issueRefreshToken(tx: Queryable, sessionId: string): Promise<string> {
  const refreshToken = createToken()
  await tx.run(sql`
    insert into identity.refresh_tokens (session_id, token_hash, expires_at)
    values (${sessionId}, ${hashToken(refreshToken)}, now() + ${idleDays} * interval '1 day')`)
  return refreshToken
}
