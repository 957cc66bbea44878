import type { RawBuilder } from 'kysely'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { idleDays, refreshTokenInsert, revokeSession, touchMinutes } from './sessions.ts'
import type { User } from './users.ts'

/** A session that goes on, and whose it is. */
export type RefreshedSession = User & { sessionId: string; activeTenantId: string | null; refreshToken: string }

/**
 * Uses a refresh token up and returns its session with the next token (PE-05), in one statement: it needs no transaction
 * around it. The update compares and sets: of any number of concurrent uses one wins. Undefined for a token that is used,
 * has ended, or whose user is switched off. The session is extended as by any use of it.
 * `beside`: what the caller reads along, expressions over `token.user_id`.
 */
export function rotateRefreshToken<Beside = unknown>(
  tx: Queryable,
  token: string,
  beside: RawBuilder<Beside> = sql`true`,
): Promise<(RefreshedSession & Beside) | undefined> {
  const refreshToken = createToken()
  return tx
    .maybe(sql<Omit<RefreshedSession, 'refreshToken'> & Beside>`
      with
        token as (
          update identity.refresh_tokens as token
          set used_at = now()
          from identity.user_sessions as session
          join identity.users as account
            on account.id = session.user_id
          where token.token_hash = ${hashToken(token)}
            and token.used_at is null
            and token.expires_at > now()
            and session.id = token.session_id
            and session.revoked_at is null
            and session.expires_at > now()
            and session.ends_at > now()
            and account.is_active
          returning
            token.session_id,
            session.active_tenant_id,
            account.id as user_id,
            account.email,
            account.full_name,
            account.username
        ),
        seen as (
          update identity.user_sessions as session
          set last_seen_at = now(), expires_at = least(now() + ${idleDays} * interval '1 day', session.ends_at)
          from token
          where session.id = token.session_id
            and session.last_seen_at < now() - ${touchMinutes} * interval '1 minute'
            and session.revoked_at is null
        ),
        issued as (${refreshTokenInsert(refreshToken, sql`(select session_id as id from token) as session`)})
      select
        token.session_id,
        token.active_tenant_id,
        token.user_id as id,
        token.email,
        token.full_name,
        token.username,
        ${beside}
      from token`)
    .then(rotated => rotated && { ...rotated, refreshToken })
}

/**
 * Ends the session of a refresh token that has been used: it came again, so somebody has a copy (PE-05). Returns the
 * session; undefined for a token that was never used.
 */
export async function endReplayedSession(tx: Queryable, token: string): Promise<string | undefined> {
  const replayed = await tx.maybe(sql<{ sessionId: string }>`
    select session_id
    from identity.refresh_tokens
    where token_hash = ${hashToken(token)}
      and used_at is not null`)
  if (replayed) await revokeSession(tx, replayed.sessionId, 'refresh token used twice')
  return replayed?.sessionId
}
