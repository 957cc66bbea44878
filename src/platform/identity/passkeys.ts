import { randomBytes } from 'node:crypto'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { linkTo } from '#platform/mail'
import { errors } from './errors.ts'
import { recordLogin } from './login-histories.ts'
import { passkeyAddedMail, passkeyRemovedMail } from './mails.ts'
import { consumeOneTimeToken, issueOneTimeToken } from './one-time-tokens.ts'
import { tellOwner } from './owners.ts'
import {
  algorithms,
  type Credential,
  loadWebAuthn,
  type RegistrationAnswer,
  relyingPartyOf,
  type SignInAnswer,
  verifyRegistration,
  verifySignIn,
} from './passkey-answers.ts'
import { getProfile } from './profiles.ts'
import { removeWayIn } from './ways-in.ts'

const mostPasskeys = 20
const challengeMinutes = 2

/** A WebAuthn credential with which its user signs in, as he is shown it (MT-06). */
export const Passkey = Type.Object({
  id: uuid,
  name: Type.String(),
  kind: oneOf(['synced', 'device', 'security_key'], {
    description: 'Kept by a password manager on several devices, on one device, or on a key to be plugged in',
  }),
  lastUsedAt: nullable(timestamp),
  createdAt: timestamp,
})
export type Passkey = Static<typeof Passkey>

/** All passkeys of a user, the oldest first; at most 20. */
export function listPasskeys(tx: Queryable, userId: string): Promise<Passkey[]> {
  return tx.run(sql<Passkey>`
    select ${passkeyColumns}
    from identity.authenticators
    where user_id = ${userId}
    order by created_at, id`)
}

/** What the browser is to be asked for a new passkey; to be answered within 120 seconds. Needs the system scope. */
export async function startPasskeyRegistration(
  app: App,
  tx: Queryable,
  userId: string,
): Promise<{ options: PublicKeyCredentialCreationOptionsJSON; challengeToken: string }> {
  const { generateRegistrationOptions } = await loadWebAuthn()
  const [user, credentials] = [await getProfile(tx, userId), await listCredentials(tx, userId)]
  if (credentials.length >= mostPasskeys) throw errors.tooManyPasskeys({ most: mostPasskeys })
  const userHandle = credentials[0]?.userHandle ?? randomBytes(32)
  const challengeToken = await issueChallenge(tx, {
    kind: 'registration',
    userId,
    userHandle: userHandle.toString('base64url'),
  })
  const options = await generateRegistrationOptions({
    rpName: 'Commonhold',
    rpID: relyingPartyOf(app).id,
    userName: user.email,
    userDisplayName: user.fullName ?? user.email,
    userID: new Uint8Array(userHandle),
    challenge: new Uint8Array(Buffer.from(challengeToken, 'base64url')),
    timeout: challengeMinutes * 60_000,
    attestationType: 'none',
    excludeCredentials: credentials.map(describeCredential),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  })
  return { options, challengeToken }
}

/** Registers the passkey of an answer and tells the user by mail. The challenge is used up, whatever comes of it. */
export async function addPasskey(
  app: App,
  scope: Scope,
  added: { userId: string; challengeToken: string; answer: RegistrationAnswer; name: string | undefined },
): Promise<Passkey> {
  const { userId, challengeToken, answer } = added
  const system = { ...scope, system: true }
  const challenge = await consumeChallenge(app.db.scoped(system), challengeToken)
  if (challenge?.kind !== 'registration' || challenge.userId !== userId) throw errors.passkeyUnfit()
  const credential = await verifyRegistration(app, challengeToken, answer).catch(cause => {
    throw errors.passkeyUnfit({}, cause)
  })
  const userHandle = Buffer.from(challenge.userHandle, 'base64url')
  return await app.db.transaction(system, async tx => {
    await tx.run(sql`select from identity.users where id = ${userId} for no key update`)
    const others = await listCredentials(tx, userId)
    if (others.length >= mostPasskeys) throw errors.tooManyPasskeys({ most: mostPasskeys })
    // Two first registrations at once: an authenticator must know one user by one handle.
    if (others.some(other => !other.userHandle.equals(userHandle))) throw errors.passkeyUnfit()
    const transports = [...new Set(answer.response.transports ?? [])]
    const passkey = await insertPasskey(tx, { userId, userHandle, ...credential, transports, name: added.name?.trim() })
    await tellOwner(app, tx, userId, passkeyAddedMail, {
      passkeyName: passkey.name,
      securityLink: linkTo(app, '/account/security'),
    })
    return passkey
  })
}

export async function renamePasskey(tx: Queryable, userId: string, id: string, name: string): Promise<Passkey> {
  const renamed = await tx.maybe(sql<Passkey>`
    update identity.authenticators
    set friendly_name = ${name.trim()}
    where id = ${id}
      and user_id = ${userId}
    returning ${passkeyColumns}`)
  if (!renamed) throw errors.passkeyNotFound({ id })
  return renamed
}

/** Removes a passkey and tells the user by mail; refuses the last way in. `tx` is a transaction of the system scope. */
export async function removePasskey(app: App, tx: Queryable, userId: string, id: string): Promise<void> {
  const removed = await removeWayIn(tx, userId, () =>
    tx.maybe(sql<{ name: string }>`
      delete from identity.authenticators
      where id = ${id}
        and user_id = ${userId}
      returning friendly_name as name`),
  )
  if (!removed) throw errors.passkeyNotFound({ id })
  await tellOwner(app, tx, userId, passkeyRemovedMail, {
    passkeyName: removed.name,
    securityLink: linkTo(app, '/account/security'),
  })
}

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

type Challenge = { kind: 'registration'; userId: string; userHandle: string } | { kind: 'sign_in'; userId?: string }

/** The token is the challenge itself: 256 random bits, of which only the hash is kept. */
function issueChallenge(tx: Queryable, { userId, ...details }: Challenge): Promise<string> {
  return issueOneTimeToken(tx, { purpose: 'passkey_challenge', userId, minutes: challengeMinutes, details })
}

async function consumeChallenge(tx: Queryable, token: string): Promise<Challenge | undefined> {
  const used = await consumeOneTimeToken(tx, 'passkey_challenge', token)
  return used && ({ ...used.details, userId: used.userId ?? undefined } as Challenge)
}

type StoredCredential = { credentialId: Buffer; transports: string[]; userHandle: Buffer }

function listCredentials(tx: Queryable, userId: string): Promise<StoredCredential[]> {
  return tx.run(sql<StoredCredential>`
    select credential_id, transports, user_handle
    from identity.authenticators
    where user_id = ${userId}
    order by created_at, id`)
}

function describeCredential({ credentialId, transports }: StoredCredential) {
  // The library's type knows the transports of its day; browsers pass over those that they do not know.
  return { id: credentialId.toString('base64url'), transports: transports as 'internal'[] }
}

type NewPasskey = Credential & {
  userId: string
  userHandle: Buffer
  transports: string[]
  name: string | undefined
}

function insertPasskey(tx: Queryable, passkey: NewPasskey): Promise<Passkey> {
  return onViolation(
    tx.one(sql<Passkey>`
      insert into identity.authenticators (
        user_id, user_handle, credential_id, credential_public_key, counter, transports, aaguid, device_type,
        is_backed_up, friendly_name
      )
      values (
        ${passkey.userId}, ${passkey.userHandle}, ${passkey.credentialId}, ${passkey.publicKey}, ${passkey.counter},
        ${passkey.transports}, ${passkey.aaguid}, ${passkey.deviceType}, ${passkey.isBackedUp},
        ${passkey.name ? passkey.name : sql`default`}
      )
      returning ${passkeyColumns}`),
    { authenticators_credential_unique: errors.passkeyTaken },
  )
}

const passkeyColumns = sql`
  id,
  friendly_name as name,
  case
    when is_backed_up then 'synced'
    when transports && '{usb,nfc,ble,smart-card}' and not transports && '{internal,hybrid}' then 'security_key'
    else 'device'
  end as kind,
  last_used_at,
  created_at`
