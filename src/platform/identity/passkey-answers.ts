import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { oneOf } from '#platform/http'

const base64url = (maxLength: number, minLength = 1) =>
  Type.String({ minLength, maxLength, pattern: '^[A-Za-z0-9_-]*$', description: 'base64url' })

// Open to what is not listed: browsers add to these objects, and nothing but what is listed is read.
const open = { additionalProperties: true }

const answer = {
  id: base64url(1364),
  rawId: base64url(1364),
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(oneOf(['platform', 'cross-platform'])),
  clientExtensionResults: Type.Optional(Type.Object({}, open)),
}

/** What the browser makes of a registration's options: `RegistrationResponseJSON` of WebAuthn Level 3. */
export const RegistrationAnswer = Type.Object(
  {
    ...answer,
    response: Type.Object(
      {
        clientDataJSON: base64url(8_000),
        attestationObject: base64url(40_000),
        transports: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z-]{1,20}$' }), { maxItems: 10 })),
      },
      open,
    ),
  },
  open,
)
export type RegistrationAnswer = Static<typeof RegistrationAnswer>

/** What the browser makes of a sign-in's options: `AuthenticationResponseJSON` of WebAuthn Level 3. */
export const SignInAnswer = Type.Object(
  {
    ...answer,
    response: Type.Object(
      {
        clientDataJSON: base64url(8_000),
        authenticatorData: base64url(8_000),
        signature: base64url(4_000),
        userHandle: Type.Optional(base64url(100, 0)),
      },
      open,
    ),
  },
  open,
)
export type SignInAnswer = Static<typeof SignInAnswer>

/** EdDSA, ES256, RS256: what every authenticator can do one of. */
export const algorithms = [-8, -7, -257]

/** The library takes a seventh of a second to load, which commands and other routes need not wait for. */
export async function loadWebAuthn() {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ])
  return { ...server, ...helpers }
}

/** Whom authenticators answer: our host, of pages at our address and no other. */
export function relyingPartyOf(app: App): { id: string; origin: string } {
  const { hostname, origin } = new URL(app.publicUrl)
  return { id: hostname, origin }
}

export type Credential = {
  credentialId: Buffer
  publicKey: Buffer
  counter: number
  aaguid: string
  deviceType: 'single_device' | 'multi_device'
  isBackedUp: boolean
}

/** The credential of a registration. Throws where the answer does not fit the challenge, in whatever way. */
export async function verifyRegistration(app: App, challenge: string, answer: RegistrationAnswer): Promise<Credential> {
  const webauthn = await loadWebAuthn()
  const { id, origin } = relyingPartyOf(app)
  const { clientDataJSON } = answer.response
  refuseFrame(webauthn.decodeClientDataJSON(clientDataJSON))
  const { verified, registrationInfo } = await webauthn.verifyRegistrationResponse({
    response: {
      ...answer,
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject: withoutAttestation(webauthn, answer.response.attestationObject) },
    },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  })
  if (!verified) throw new Error('The registration does not verify')
  const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo
  if (credential.id !== answer.id) throw new Error('The answer names another credential than it carries')
  const credentialId = Buffer.from(credential.id, 'base64url')
  const publicKey = Buffer.from(credential.publicKey)
  if (credentialId.length === 0 || credentialId.length > 1023) throw new Error('The credential id has an odd length')
  if (publicKey.length > 2000) throw new Error('The public key is too long')
  return {
    credentialId,
    publicKey,
    counter: credential.counter,
    aaguid,
    deviceType: credentialDeviceType === 'multiDevice' ? 'multi_device' : 'single_device',
    isBackedUp: credentialBackedUp,
  }
}

/**
 * What a sign-in's answer says, once everything in it fits but the counter, which is the caller's to compare: the
 * database must do it, since two answers may come at once. Throws where the answer does not fit.
 */
export async function verifySignIn(
  app: App,
  challenge: string,
  answer: SignInAnswer,
  known: { publicKey: Buffer; deviceType: string },
): Promise<{ counter: number; isBackedUp: boolean }> {
  const webauthn = await loadWebAuthn()
  const { id, origin } = relyingPartyOf(app)
  refuseFrame(webauthn.decodeClientDataJSON(answer.response.clientDataJSON))
  const { verified, authenticationInfo } = await webauthn.verifyAuthenticationResponse({
    response: { ...answer, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    requireUserVerification: true,
    // Below every counter: the library would compare it before it has checked the signature.
    credential: { id: answer.id, publicKey: new Uint8Array(known.publicKey), counter: -1 },
  })
  if (!verified) throw new Error('The signature does not verify')
  const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo
  const deviceType = credentialDeviceType === 'multiDevice' ? 'multi_device' : 'single_device'
  if (deviceType !== known.deviceType) throw new Error('Whether the key can be synced has changed')
  return { counter: newCounter, isBackedUp: credentialBackedUp }
}

/** A page of ours within a page of somebody else: he would lead the person's hand. */
function refuseFrame(clientData: object): void {
  if ('crossOrigin' in clientData && clientData.crossOrigin !== false) throw new Error('Asked for in a foreign frame')
  if ('topOrigin' in clientData) throw new Error('Asked for in a foreign frame')
}

/**
 * We ask for no attestation, so what comes of it is not looked at: its certificates name addresses that the library
 * would fetch lists of revoked ones from.
 */
function withoutAttestation(webauthn: Awaited<ReturnType<typeof loadWebAuthn>>, attestationObject: string): string {
  const { isoBase64URL, isoCBOR, decodeAttestationObject } = webauthn
  const authData = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject)).get('authData')
  if (!(authData instanceof Uint8Array)) throw new Error('There is no authenticator data')
  const fields = new Map<string, string | Map<string, never> | Uint8Array>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, never>()],
    ['authData', authData],
  ])
  return isoBase64URL.fromBuffer(isoCBOR.encode(fields))
}
