import { randomBytes } from 'node:crypto'
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { linkTo } from '#platform/mail'
import { errors } from './errors.ts'
import { passkeyAddedMail, passkeyRemovedMail } from './mails.ts'
import { tellOwner } from './owners.ts'
import {
  algorithms,
  type Credential,
  loadWebAuthn,
  type RegistrationAnswer,
  relyingPartyOf,
  verifyRegistration,
} from './passkey-answers.ts'
import {
  challengeMinutes,
  consumeChallenge,
  describeCredential,
  issueChallenge,
  listCredentials,
} from './passkey-challenges.ts'
import { getProfile } from './profiles.ts'
import { removeWayIn } from './ways-in.ts'

const mostPasskeys = 20

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
