import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('crypto', {
  keyUnknown: ['unavailable', 'A field is encrypted with key {keyId}, which is not among the configured keys.'],
  fieldAltered: ['unavailable', 'An encrypted field cannot be opened with key {keyId}: it was altered or moved.'],
  keysInvalid: [
    'invalid',
    'Encryption keys are written id:base64 of 32 bytes, newest first, separated by commas: {reason}.',
  ],
})

/** The keys of an installation, newest first: the first encrypts, all decrypt, so that keys rotate (GG-17). */
export class Keyring {
  private readonly keys: ReadonlyMap<string, Buffer>
  private readonly currentId: string

  private constructor(keys: ReadonlyMap<string, Buffer>) {
    const [currentId] = keys.keys()
    if (currentId === undefined) throw errors.keysInvalid({ reason: 'no key is given' })
    this.keys = keys
    this.currentId = currentId
  }

  /** Reads `id:base64,id:base64`. Refuses a malformed list whole. */
  static parse(text: string): Keyring {
    const keys = new Map<string, Buffer>()
    for (const part of text.split(',').map(piece => piece.trim())) {
      const [, id, encoded] = /^([a-z0-9-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(part) ?? []
      if (id === undefined || encoded === undefined)
        throw errors.keysInvalid({ reason: `entry ${keys.size + 1} is not` })
      if (keys.has(id)) throw errors.keysInvalid({ reason: `id ${id} stands twice` })
      keys.set(id, Buffer.from(encoded, 'base64'))
    }
    return new Keyring(keys)
  }

  /** A new key in the form that `parse` reads. */
  static generate(id: string): string {
    return `${id}:${randomBytes(32).toString('base64')}`
  }

  /** The ids of the keys, newest first. */
  get keyIds(): readonly string[] {
    return [...this.keys.keys()]
  }

  /** The id of the key that encrypts. */
  get newestKeyId(): string {
    return this.currentId
  }

  /**
   * Encrypts a field (AES-256-GCM, random 96-bit nonce). `context` names where it belongs, say
   * `identity.signing_keys.private_key:<id>`: a value copied to another row or column does not open there.
   * Returns `v1.<key id>.<base64url of nonce, ciphertext and tag>`.
   */
  encrypt(plain: string, context: string): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(this.currentId, 'field'), nonce)
    cipher.setAAD(Buffer.from(context))
    const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `v1.${this.currentId}.${sealed.toString('base64url')}`
  }

  /** Opens what `encrypt` made in the same context. */
  decrypt(sealed: string, context: string): string {
    const [version, keyId = '', encoded = ''] = sealed.split('.')
    const bytes = Buffer.from(encoded, 'base64url')
    if (version !== 'v1' || bytes.length < 28) throw errors.fieldAltered({ keyId })
    const decipher = createDecipheriv('aes-256-gcm', this.keyOf(keyId, 'field'), bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(bytes.subarray(-16))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
    } catch (cause) {
      throw errors.fieldAltered({ keyId }, cause)
    }
  }

  /** True when the value was encrypted with an older key and wants to be encrypted again. */
  isStale(sealed: string): boolean {
    return sealed.split('.')[1] !== this.currentId
  }

  /** A secret for one purpose, the same wherever this key is configured (RFC 5869, SHA-256), base64url. */
  derive(purpose: string): string {
    return this.keyOf(this.currentId, purpose).toString('base64url')
  }

  /** The bytes of such a secret with the id of its key; of an older key where that is named. */
  keyFor(purpose: string, keyId = this.currentId): { keyId: string; key: Buffer } {
    return { keyId, key: this.keyOf(keyId, purpose) }
  }

  private keyOf(id: string, purpose: string): Buffer {
    const key = this.keys.get(id)
    if (!key) throw errors.keyUnknown({ keyId: id })
    return Buffer.from(hkdfSync('sha256', key, '', `commonhold ${purpose}`, 32))
  }
}
