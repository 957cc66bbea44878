import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'

export type Purpose = 'verify_email' | 'reset_password' | 'change_email' | 'first_administrator'

/** Makes a token for a link that works once within `minutes`. Only its hash is kept. Needs the system scope. */
export async function issueOneTimeToken(
  tx: Queryable,
  token: { purpose: Purpose; userId?: string; minutes: number },
): Promise<string> {
  const secret = createToken()
  await tx.run(sql`
    insert into identity.one_time_tokens (user_id, purpose, token_hash, expires_at)
    values (
      ${token.userId ?? null},
      ${token.purpose},
      ${hashToken(secret)},
      now() + ${token.minutes} * interval '1 minute'
    )`)
  return secret
}

/** Uses a token up; false when it is unknown, used or expired. Of concurrent uses one succeeds. */
export async function consumeOneTimeToken(tx: Queryable, purpose: Purpose, secret: string): Promise<boolean> {
  const used = await tx.run(sql`
    update identity.one_time_tokens
    set used_at = now()
    where token_hash = ${hashToken(secret)}
      and purpose = ${purpose}
      and used_at is null
      and expires_at > now()
    returning id`)
  return used.length === 1
}

/** Ends all unused tokens of a purpose, so that an earlier link stops working when a new one is made. */
export async function withdrawOneTimeTokens(tx: Queryable, purpose: Purpose): Promise<void> {
  await tx.run(sql`
    update identity.one_time_tokens
    set used_at = now()
    where purpose = ${purpose}
      and used_at is null`)
}
