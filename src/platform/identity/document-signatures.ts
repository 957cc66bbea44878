import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { App } from '#platform/app.ts'
import { type KeyChange, recordEvent, type Signers } from '#platform/audit'
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

/** `typ` of the JWS by which a key says what it follows. */
const keyChangeType = 'commonhold-key-change'

/** A key of the installation as it may be shown to everybody. */
export type DocumentKey = {
  keyId: string
  thumbprint: string
  pem: string
  createdAt: Date
  /** Null for the one that signs. */
  retiredAt: Date | null
}

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

/** The keys that the checkpoints of the audit log are signed with. */
export const checkpointSigners = (app: App): Signers => ({
  current: () => openDocumentSigner(app),
  find: keyId => findDocumentSigner(app, keyId),
})

/** Thumbprints of all keys that documents were ever signed with here. */
export async function documentKeys(app: App): Promise<Set<string>> {
  return new Set((await listHeldKeys(app)).map(({ thumbprint }) => thumbprint))
}

/** All of them, the one that signs first, then the latest first. */
export async function listDocumentKeys(app: App): Promise<DocumentKey[]> {
  return (await listHeldKeys(app)).map(({ id, thumbprint, half, createdAt, retiredAt }) => ({
    keyId: id,
    thumbprint,
    pem: half.export({ type: 'spki', format: 'pem' }).toString(),
    createdAt,
    retiredAt,
  }))
}

/** What the keys of the installation say of which took the place of which, the oldest first. */
export async function listKeyChanges(app: App): Promise<KeyChange[]> {
  const changes = (await listHeldKeys(app)).flatMap(({ follows, thumbprint }) => {
    const read = follows === null ? undefined : readSigned(follows, keyChangeType)
    return read?.thumbprint === thumbprint ? [read.document as unknown as KeyChange] : []
  })
  return changes.toSorted((one, other) => one.at.localeCompare(other.at))
}

type HeldKey = Key & {
  thumbprint: string
  /** Its public half, out of the private one. */
  half: KeyObject
  createdAt: Date
  retiredAt: Date | null
  follows: string | null
}

/** By the private half: a public one can be put into the table by whoever writes to the database, and says nothing. */
async function listHeldKeys(app: App): Promise<HeldKey[]> {
  const keys = await app.db.scoped({ system: true }).run(sql<Omit<HeldKey, 'thumbprint' | 'half'>>`
    select id, public_key, private_key_encrypted, created_at, retired_at, follows
    from identity.signing_keys
    where algorithm = 'Ed25519'
    order by retired_at desc nulls first, created_at desc`)
  return keys.flatMap(key => {
    let half: KeyObject
    try {
      half = createPublicKey(privateKeyOf(app, key))
    } catch {
      return []
    }
    return [{ ...key, half, thumbprint: thumbprintOf(half.export({ format: 'jwk' })) }]
  })
}

/**
 * Makes another key the one that documents are signed with from now on. The one of before is kept: what it signed is checked
 * by it, and it names its follower to each log. `logs` is how far these are. Refuses with `identity.key_unreadable` where the
 * key of before cannot be opened, which then could name nobody.
 */
export async function changeDocumentKey(
  app: App,
  { reason, by, logs }: Pick<KeyChange, 'reason' | 'by' | 'logs'>,
): Promise<KeyChange> {
  if (!(await findCurrentKey(app))) await createKey(app)
  return await app.db.transaction({ system: true }, async tx => {
    // Of two at once the second follows the first.
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('commonhold'), hashtext('document key'))`)
    const before = await tx.one(sql<Key>`
      update identity.signing_keys
      set retired_at = now()
      where algorithm = 'Ed25519'
        and retired_at is null
      returning id, public_key, private_key_encrypted`)
    const from = thumbprintOf(createPublicKey(openedKey(app, before)).export({ format: 'jwk' }))
    const next = newKey(app)
    const to = thumbprintOf(next.publicKey)
    const change: KeyChange = { from, to, at: app.clock.now().toISOString(), reason, by, logs }
    const follows = signerOf(app, next).sign(change, keyChangeType)
    await tx.run(sql`
      insert into identity.signing_keys (id, algorithm, public_key, private_key_encrypted, follows)
      values (${next.id}, 'Ed25519', ${json(next.publicKey)}, ${next.privateKeyEncrypted}, ${follows})`)
    await recordEvent(tx, {
      action: 'change_signing_key',
      resource: 'identity.signing_keys',
      resourceId: next.id,
      details: { from, to, reason, by },
    })
    return change
  })
}

function openedKey(app: App, key: Key): KeyObject {
  try {
    return privateKeyOf(app, key)
  } catch (error) {
    throw errors.keyUnreadable({ key: key.id }, error)
  }
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
  const { id, publicKey, privateKeyEncrypted } = newKey(app)
  // Of several servers that make the first one at once one wins, and all take that one.
  await app.db.scoped({ system: true }).run(sql`
    insert into identity.signing_keys (id, algorithm, public_key, private_key_encrypted)
    values (${id}, 'Ed25519', ${json(publicKey)}, ${privateKeyEncrypted})
    on conflict (algorithm) where retired_at is null do nothing`)
  return (await findCurrentKey(app)) as Key
}

function newKey(app: App): Key {
  const id = crypto.randomUUID()
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    id,
    publicKey: publicKey.export({ format: 'jwk' }),
    privateKeyEncrypted: app.keyring.encrypt(pem, contextOf(id)),
  }
}

const contextOf = (id: string) => `identity.signing_keys.private_key:${id}`

const base64url = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
