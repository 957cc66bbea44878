import type { RawBuilder } from 'kysely'
import { type Queryable, sql } from '#platform/database'
import { createRefreshToken, readRefreshToken } from './refresh-secrets.ts'
import { idleDays, revokeSession, signOfLife, touchSeconds } from './sessions.ts'
import type { User } from './users.ts'

/** A session that goes on, and whose it is. */
export type RefreshedSession = User & { sessionId: string; activeTenantId: string | null; refreshToken: string }

/**
 * Puts the next refresh token of a session in the place of this one and returns the session with it (PE-05), in one
 * statement: it needs no transaction around it. The update compares and sets: of any number of concurrent uses one wins. Undefined for a token that is used,
 * has ended, or whose user is switched off. The session is extended as by any use of it.
 * `beside`: what the caller reads along, expressions over `token.user_id`.
 */
export function rotateRefreshToken<Beside = unknown>(
  tx: Queryable,
  token: string,
  beside: RawBuilder<Beside> = sql`true`,
): Promise<(RefreshedSession & Beside) | undefined> {
  const shown = readRefreshToken(token)
  if (!shown) return Promise.resolve(undefined)
  const next = createRefreshToken(shown.family)
  return tx
    .maybe(sql<Omit<RefreshedSession, 'refreshToken'> & Beside>`
      with
        token as (
          update identity.refresh_tokens as token
          set
            token_hash = ${next.tokenHash},
            expires_at = now() + ${idleDays} * interval '1 day',
            rotated_at = now()
          from identity.user_sessions as session
          join identity.users as account
            on account.id = session.user_id
          where token.family_hash = ${shown.familyHash}
            and token.token_hash = ${shown.tokenHash}
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
          set ${signOfLife}
          where session.id = (select session_id from token)
            and session.last_seen_at < now() - ${touchSeconds} * interval '1 second'
            and session.revoked_at is null
        )
      select
        token.session_id,
        token.active_tenant_id,
        token.user_id as id,
        token.email,
        token.full_name,
        token.username,
        ${beside}
      from token`)
    .then(rotated => rotated && { ...rotated, refreshToken: next.text })
}

/**
 * What the caller reads of the session of a refresh token that is good now: `from` is what stands in a `from`, over
 * `token.session_id`. Undefined for any other token.
 */
export function findByRefreshToken<Row>(
  tx: Queryable,
  token: string,
  from: RawBuilder<unknown>,
): Promise<Row | undefined> {
  const shown = readRefreshToken(token)
  if (!shown) return Promise.resolve(undefined)
  return tx.maybe(sql<Row>`
    select found.*
    from identity.refresh_tokens as token
    cross join lateral ${from} as found
    where token.family_hash = ${shown.familyHash}
      and token.token_hash = ${shown.tokenHash}
      and token.expires_at > now()`)
}

/**
 * Ends the session of a refresh token that was good once: it has the secret of the family and is not the newest, so somebody
 * has a copy (PE-05). Returns the session; undefined for a token of no family, or one that only came too late.
 */
export async function endReplayedSession(tx: Queryable, token: string): Promise<string | undefined> {
  const shown = readRefreshToken(token)
  if (!shown) return undefined
  const replayed = await tx.maybe(sql<{ sessionId: string }>`
    select session_id
    from identity.refresh_tokens
    where family_hash = ${shown.familyHash}
      and token_hash <> ${shown.tokenHash}`)
  if (replayed) await revokeSession(tx, replayed.sessionId, 'refresh token used twice')
  return replayed?.sessionId
}
