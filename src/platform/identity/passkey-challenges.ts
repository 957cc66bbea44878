import { type Queryable, sql } from '#platform/database'
import { consumeOneTimeToken, issueOneTimeToken } from './one-time-tokens.ts'

/** How long a challenge may be answered: 120 seconds. */
export const challengeMinutes = 2

/** What a challenge was made for. */
export type Challenge =
  | { kind: 'registration'; userId: string; userHandle: string }
  | { kind: 'sign_in'; userId?: string }

/** The token is the challenge itself: 256 random bits, of which only the hash is kept. */
export function issueChallenge(tx: Queryable, { userId, ...details }: Challenge): Promise<string> {
  return issueOneTimeToken(tx, { purpose: 'passkey_challenge', userId, minutes: challengeMinutes, details })
}

/** Uses it up; undefined when it is unknown, used or past. */
export async function consumeChallenge(tx: Queryable, token: string): Promise<Challenge | undefined> {
  const used = await consumeOneTimeToken(tx, 'passkey_challenge', token)
  return used && ({ ...used.details, userId: used.userId ?? undefined } as Challenge)
}

export type StoredCredential = { credentialId: Buffer; transports: string[]; userHandle: Buffer }

/** What authenticators are told of a user's passkeys, the oldest first. */
export function listCredentials(tx: Queryable, userId: string): Promise<StoredCredential[]> {
  return tx.run(sql<StoredCredential>`
    select credential_id, transports, user_handle
    from identity.authenticators
    where user_id = ${userId}
    order by created_at, id`)
}

export function describeCredential({ credentialId, transports }: StoredCredential) {
  // The library's type knows the transports of its day; browsers pass over those that they do not know.
  return { id: credentialId.toString('base64url'), transports: transports as 'internal'[] }
}
