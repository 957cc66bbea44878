import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { App } from '#platform/app.ts'
import { readSigned, thumbprintOf } from '#platform/crypto'
import { json, sql } from '#platform/database'
import { errors } from './errors.ts'

/** Signs documents that are kept and shown elsewhere. */
export type DocumentSigner = {
  keyId: string
  /** The document as a JWS in its compact form (RFC 7515, RFC 8037): Ed25519, with the public key in its header. */
  sign(document: object, type: string): string
}

export type VerifiedDocument = {
  document: Readonly<Record<string, unknown>>
  keyId: string
  /** SHA-256 of the public key (JWK thumbprint, RFC 7638), base64url: compare it with what the installation says of itself. */
  thumbprint: string
}

type Key = { id: string; publicKey: JsonWebKey; privateKeyEncrypted: string }

/** Opens the installation's key for documents, or makes the first one. Asks the database: not within a transaction. */
export async function openDocumentSigner(app: App): Promise<DocumentSigner> {
  return signerOf(app, (await findCurrentKey(app)) ?? (await createKey(app)))
}

/** One that was used before, to say what follows it; undefined where the installation has no such key. */
export async function findDocumentSigner(app: App, keyId: string): Promise<DocumentSigner | undefined> {
  const found = await app.db.scoped({ system: true }).maybe(sql<Key>`
    select id, public_key, private_key_encrypted
    from identity.signing_keys
    where algorithm = 'Ed25519'
      and id = ${keyId}`)
  return found && signerOf(app, found)
}

/**
 * Thumbprints of all keys that documents were ever signed with here. By the private half: a public one can be put into the
 * table by whoever writes to the database, and says nothing.
 */
export async function documentKeys(app: App): Promise<Set<string>> {
  const keys = await app.db.scoped({ system: true }).run(sql<Key>`
    select id, public_key, private_key_encrypted
    from identity.signing_keys
    where algorithm = 'Ed25519'`)
  return new Set(keys.flatMap(key => thumbprintOfPrivate(app, key) ?? []))
}

function thumbprintOfPrivate(app: App, key: Key): string | undefined {
  let privateKey: KeyObject
  try {
    privateKey = privateKeyOf(app, key)
  } catch {
    return undefined
  }
  return thumbprintOf(createPublicKey(privateKey).export({ format: 'jwk' }))
}

const privateKeyOf = (app: App, { id, privateKeyEncrypted }: Key): KeyObject =>
  createPrivateKey(app.keyring.decrypt(privateKeyEncrypted, contextOf(id)))

function signerOf(app: App, opened: Key): DocumentSigner {
  const { id, publicKey } = opened
  const key = privateKeyOf(app, opened)
  return {
    keyId: id,
    sign(document, type) {
      const header = { alg: 'EdDSA', typ: type, kid: id, jwk: publicKey }
      const signed = `${base64url(header)}.${base64url(document)}`
      return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
    },
  }
}

/**
 * Checks a document against the key that it carries, without asking anybody. Refuses with `identity.document_altered`;
 * whose key that is, its thumbprint tells.
 */
export function verifyDocument(signed: string, type: string): VerifiedDocument {
  const read = readSigned(signed, type)
  if (!read) throw errors.documentAltered()
  const { document, keyId, thumbprint } = read
  return { document, keyId, thumbprint }
}

function findCurrentKey(app: App): Promise<Key | undefined> {
  return app.db.scoped({ system: true }).maybe(sql<Key>`
    select id, public_key, private_key_encrypted
    from identity.signing_keys
    where algorithm = 'Ed25519'
      and retired_at is null`)
}

async function createKey(app: App): Promise<Key> {
  const id = crypto.randomUUID()
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  // Of several servers that make the first one at once one wins, and all take that one.
  await app.db.scoped({ system: true }).run(sql`
    insert into identity.signing_keys (id, algorithm, public_key, private_key_encrypted)
    values (${id}, 'Ed25519', ${json(publicKey.export({ format: 'jwk' }))}, ${app.keyring.encrypt(pem, contextOf(id))})
    on conflict (algorithm) where retired_at is null do nothing`)
  return (await findCurrentKey(app)) as Key
}

const contextOf = (id: string) => `identity.signing_keys.private_key:${id}`

const base64url = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
