import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import { isoCBOR } from '@simplewebauthn/server/helpers'

/** What an attacker, or a broken browser, would say otherwise. */
export type Lies = {
  origin?: string
  type?: string
  challenge?: string
  /** Members of the client data beside those that belong there. */
  clientData?: Record<string, unknown>
  rpId?: string
  userPresent?: boolean
  userVerified?: boolean
  counter?: number
  userHandle?: string | undefined
  credentialId?: Buffer
  /** Signs in the place of the credential's own key. */
  key?: KeyObject
  /** Changes what has been signed. */
  signature?: (signature: Buffer) => Buffer
  authenticatorData?: (data: Buffer) => Buffer
  fmt?: string
  attStmt?: Map<string, unknown>
  /** In the place of the COSE key. */
  publicKey?: Buffer
  /** In the place of the whole attestation object. */
  attestationObject?: Buffer
}

type Kept = {
  credentialId: Buffer
  userHandle: string
  privateKey: KeyObject
  publicKey: KeyObject
  counter: number
}

export type SoftwareAuthenticatorOptions = {
  origin: string
  /** Whether it counts its signatures, as hardware does; synced passkeys do not. */
  counts?: boolean
  /** Synced among devices: eligible for backup, and backed up. */
  isSynced?: boolean
}

/** An authenticator and its browser in software (ES256), which answers truthfully unless told to lie. */
export class SoftwareAuthenticator {
  readonly credentials: Kept[] = []
  private readonly options: SoftwareAuthenticatorOptions

  constructor(options: SoftwareAuthenticatorOptions) {
    this.options = options
  }

  /** Answers `navigator.credentials.create`. */
  register(options: PublicKeyCredentialCreationOptionsJSON, lies: Lies = {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const credentialId = lies.credentialId ?? randomBytes(32)
    const kept = { credentialId, userHandle: options.user.id, privateKey, publicKey, counter: 0 }
    this.credentials.push(kept)
    const cose = lies.publicKey ?? coseKeyOf(publicKey)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(credentialId.length)
    const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, cose])
    const plain = this.authenticatorData(String(options.rp.id), kept, lies, attested)
    const authData = lies.authenticatorData?.(plain) ?? plain
    const clientDataJSON = this.clientData('webauthn.create', options.challenge, lies)
    const attestation = new Map<string, unknown>([
      ['fmt', lies.fmt ?? 'none'],
      ['attStmt', lies.attStmt ?? new Map()],
      ['authData', new Uint8Array(authData)],
    ])
    return {
      id: credentialId.toString('base64url'),
      rawId: credentialId.toString('base64url'),
      type: 'public-key' as const,
      authenticatorAttachment: 'platform' as const,
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: (lies.attestationObject ?? encode(attestation)).toString('base64url'),
        transports: ['internal'],
      },
    }
  }

  /** Answers `navigator.credentials.get` with the newest credential, or the one given. */
  signIn(options: PublicKeyCredentialRequestOptionsJSON, lies: Lies = {}, credential = this.credentials.at(-1)) {
    if (!credential) throw new Error('This authenticator has no credential')
    if (this.options.counts) credential.counter++
    const plain = this.authenticatorData(String(options.rpId), credential, lies)
    const clientDataJSON = this.clientData('webauthn.get', options.challenge, lies)
    const signed = Buffer.concat([plain, createHash('sha256').update(clientDataJSON).digest()])
    const signature = sign('sha256', signed, lies.key ?? credential.privateKey)
    const credentialId = lies.credentialId ?? credential.credentialId
    const userHandle = 'userHandle' in lies ? lies.userHandle : credential.userHandle
    return {
      id: credentialId.toString('base64url'),
      rawId: credentialId.toString('base64url'),
      type: 'public-key' as const,
      authenticatorAttachment: 'platform' as const,
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        authenticatorData: (lies.authenticatorData?.(plain) ?? plain).toString('base64url'),
        signature: (lies.signature?.(signature) ?? signature).toString('base64url'),
        ...(userHandle !== undefined && { userHandle }),
      },
    }
  }

  private clientData(type: string, challenge: string, lies: Lies): Buffer {
    const data = {
      type: lies.type ?? type,
      challenge: lies.challenge ?? challenge,
      origin: lies.origin ?? this.options.origin,
      crossOrigin: false,
      ...lies.clientData,
    }
    return Buffer.from(JSON.stringify(data))
  }

  private authenticatorData(rpId: string, kept: Kept, lies: Lies, attested?: Buffer): Buffer {
    const { userPresent = true, userVerified = true, counter = kept.counter } = lies
    const synced = this.options.isSynced ? 0b0001_1000 : 0
    const flags = (userPresent ? 1 : 0) | (userVerified ? 0b100 : 0) | synced | (attested ? 0b0100_0000 : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    const rpIdHash = createHash('sha256')
      .update(lies.rpId ?? rpId)
      .digest()
    return Buffer.concat([rpIdHash, Buffer.from([flags]), count, attested ?? Buffer.alloc(0)])
  }
}

/** CBOR of numbers, texts, byte strings, arrays and Maps. */
export function encode(value: unknown): Buffer {
  return Buffer.from(isoCBOR.encode(value as Parameters<typeof isoCBOR.encode>[0]))
}

function coseKeyOf(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return encode(
    new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
    ]),
  )
}
