import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'
import { recordLogin } from './login-histories.ts'
import { loadWebAuthn, relyingPartyOf, type SignInAnswer, verifySignIn } from './passkey-answers.ts'
import {
  challengeMinutes,
  consumeChallenge,
  describeCredential,
  issueChallenge,
  listCredentials,
} from './passkey-challenges.ts'

/**
 * What the browser is to be asked for a sign-in, to be answered within 120 seconds: without `userId` any passkey for this
 * site, with it one of that user's. Needs the system scope.
 */
export async function startPasskeySignIn(
  app: App,
  tx: Queryable,
  userId?: string,
): Promise<{ options: PublicKeyCredentialRequestOptionsJSON; challengeToken: string }> {
  const { generateAuthenticationOptions } = await loadWebAuthn()
  const credentials = userId === undefined ? [] : await listCredentials(tx, userId)
  const challengeToken = await issueChallenge(tx, { kind: 'sign_in', userId })
  const options = await generateAuthenticationOptions({
    rpID: relyingPartyOf(app).id,
    challenge: new Uint8Array(Buffer.from(challengeToken, 'base64url')),
    timeout: challengeMinutes * 60_000,
    userVerification: 'required',
    allowCredentials: credentials.map(describeCredential),
  })
  return { options, challengeToken }
}

/**
 * Whose passkey has answered; whether that user may sign in is the caller's to ask. Give the `userId` that the sign-in
 * was started with. Refuses all else with `identity.passkey_refused` and uses the challenge up, whatever comes of it:
 * hand it `app.db.scoped`, for in a transaction that is rolled back the challenge would be good again. System scope.
 */
export async function finishPasskeySignIn(
  app: App,
  tx: Queryable,
  given: { challengeToken: string; answer: SignInAnswer; userId?: string | undefined },
): Promise<{ userId: string; authenticatorId: string }> {
  const { challengeToken, answer, userId } = given
  const challenge = await consumeChallenge(tx, challengeToken)
  if (challenge?.kind !== 'sign_in' || challenge.userId !== userId) throw errors.passkeyRefused()
  const known = await findCredential(tx, answer.id)
  if (!known || !isOwn(known, answer, userId)) throw errors.passkeyRefused()
  const said = await verifySignIn(app, challengeToken, answer, known).catch((cause: unknown) => ({ cause }))
  if (!('cause' in said) && (await countUse(app, tx, known, said))) {
    return { userId: known.userId, authenticatorId: known.id }
  }
  // Who knows the user before writes his history himself.
  if (userId === undefined) {
    const failureReason = 'cause' in said ? 'passkey not valid' : 'passkey may be a copy'
    await recordLogin(app, tx, { userId: known.userId, status: 'failed', failureReason, methods: ['passkey'] })
  }
  throw errors.passkeyRefused({}, 'cause' in said ? said.cause : undefined)
}

type KnownCredential = {
  id: string
  userId: string
  userHandle: Buffer
  publicKey: Buffer
  deviceType: string
  name: string
}

function findCredential(tx: Queryable, credentialId: string): Promise<KnownCredential | undefined> {
  return tx.maybe(sql<KnownCredential>`
    select id, user_id, user_handle, credential_public_key as public_key, device_type, friendly_name as name
    from identity.authenticators
    where credential_id = ${Buffer.from(credentialId, 'base64url')}`)
}

/** Where no address was typed the answer must say by itself whose it is; beside a known user it may. */
function isOwn(known: KnownCredential, { response }: SignInAnswer, userId: string | undefined): boolean {
  if (userId !== undefined && known.userId !== userId) return false
  if (!response.userHandle) return userId !== undefined
  return known.userHandle.equals(Buffer.from(response.userHandle, 'base64url'))
}

/**
 * Keeps the counter and the time of use; false where the counter went back. Compared in the database: of two answers at
 * once with the same counter, as a copied key would give, one is refused. 0 after 0 is an authenticator that does not count.
 */
async function countUse(
  app: App,
  tx: Queryable,
  { id, userId, name }: KnownCredential,
  { counter, isBackedUp }: { counter: number; isBackedUp: boolean },
): Promise<boolean> {
  const counted = await tx.maybe(sql`
    update identity.authenticators
    set
      counter = ${counter},
      is_backed_up = ${isBackedUp},
      last_used_at = now()
    where id = ${id}
      and (counter < ${counter} or (counter = 0 and ${counter} = 0))
    returning id`)
  if (counted) return true
  app.log.warn({ authenticatorId: id, userId }, 'The counter of a passkey went back: there may be a copy of it')
  await recordEvent(tx, {
    action: 'passkey_counter_went_back',
    resource: 'identity.authenticators',
    resourceId: id,
    details: { user_id: userId, friendly_name: name, counter },
  })
  return false
}
