import { createToken, hashToken } from '#platform/crypto'
import { json, type Queryable, sql } from '#platform/database'

export type Purpose =
  | 'verify_email'
  | 'reset_password'
  | 'passkey_challenge'
  | 'first_administrator'
  | 'sign_in_step'
  | 'google_sign_in'
  | 'provider_sign_in'
  | 'provider_link'

/** What is kept beside a token; secrets among it are encrypted or hashed by who puts them there. */
export type TokenDetails = Readonly<Record<string, unknown>>

/** A token that is in date and not used. */
export type OneTimeToken<Details extends TokenDetails = TokenDetails> = {
  id: string
  userId: string | null
  details: Details
}

/** Makes a token for a link that works once within `minutes`. Only its hash is kept. Needs the system scope. */
export async function issueOneTimeToken(
  tx: Queryable,
  token: { purpose: Purpose; userId?: string | undefined; minutes: number; details?: TokenDetails },
): Promise<string> {
  const secret = createToken()
  await tx.run(sql`
    insert into identity.one_time_tokens (user_id, purpose, token_hash, details, expires_at)
    values (
      ${token.userId ?? null},
      ${token.purpose},
      ${hashToken(secret)},
      ${json(token.details ?? {})},
      now() + ${token.minutes} * interval '1 minute'
    )`)
  return secret
}

/** A token that could be used now, without using it up. */
export function findOneTimeToken<Details extends TokenDetails>(
  tx: Queryable,
  purpose: Purpose,
  secret: string,
): Promise<OneTimeToken<Details> | undefined> {
  return tx.maybe(sql<OneTimeToken<Details>>`
    select id, user_id, details
    from identity.one_time_tokens
    where token_hash = ${hashToken(secret)}
      and purpose = ${purpose}
      and used_at is null
      and expires_at > now()`)
}

/** Uses a token up; undefined when it is unknown, used or expired. Of concurrent uses one succeeds. */
export function consumeOneTimeToken<Details extends TokenDetails>(
  tx: Queryable,
  purpose: Purpose,
  secret: string,
): Promise<OneTimeToken<Details> | undefined> {
  return tx.maybe(sql<OneTimeToken<Details>>`
    update identity.one_time_tokens
    set used_at = now()
    where token_hash = ${hashToken(secret)}
      and purpose = ${purpose}
      and used_at is null
      and expires_at > now()
    returning id, user_id, details`)
}

/** Ends all unused tokens of a purpose (of one user) but one, so that an earlier link stops working when a new one is made. */
export async function withdrawOneTimeTokens(
  tx: Queryable,
  purpose: Purpose,
  userId?: string,
  but?: string,
): Promise<void> {
  await tx.run(sql`
    update identity.one_time_tokens
    set used_at = now()
    where purpose = ${purpose}
      and (${userId ?? null}::uuid is null or user_id = ${userId ?? null})
      and token_hash is distinct from ${but === undefined ? null : hashToken(but)}
      and used_at is null`)
}
