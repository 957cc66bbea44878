import { hash } from 'node:crypto'
import { readSigned, type SignedDocument } from '#platform/crypto'
import { type Database, type Queryable, sql } from '#platform/database'
import { Forest } from './trees.ts'

/** Signs checkpoints with the installation's key. */
export type Signer = {
  keyId: string
  /** A JWS in compact form (RFC 7515), Ed25519, with the public key in its header. */
  sign(document: object, type: string): string
}

export type Signers = {
  current(): Promise<Signer>
  /** A key that was used before, which says itself what follows it. */
  find(keyId: string): Promise<Signer | undefined>
}

/** `typ` of the JWS. */
export const checkpointType = 'commonhold-checkpoint'
export const handoverType = 'commonhold-key-handover'

/** What a checkpoint signs (docs/audit.md). Hashes are base64url. */
export type Checkpoint = {
  /** The log of one database. */
  log: string
  number: number
  at: string
  tenants: number
  /** Entries of all tenants together. */
  size: number
  /** Over all tenants' trees, in order of their ids. */
  root: string
  /** SHA-256 of the signed text of the checkpoint before; null for the first. */
  previous: string | null
  /** This database had been restored to an earlier state: what was known outside by then does not lead here. */
  forkOf?: { number: number; hash: string }
  /** Signed by the key before, naming the key of this one. */
  handover?: string
}

/** A checkpoint with the trees that grew until it, as it is kept outside. */
export type KeptCheckpoint = {
  number: number
  signed: string
  trees: readonly (readonly [tenantId: string, size: number, root: string])[]
}

/** The newest checkpoint that is known outside of the database; undefined where there is none. */
export type OutsideHead = { number: number; hash: string } | undefined

export const checkpointHash = (signed: string): string => hash('sha256', signed, 'base64url')

export type ReadCheckpoint = Omit<SignedDocument, 'document'> & { document: Checkpoint }

/** Undefined where the signature does not fit, or it is no checkpoint. */
export function readCheckpoint(signed: string): ReadCheckpoint | undefined {
  const read = readSigned(signed, checkpointType)
  return read && { ...read, document: read.document as unknown as Checkpoint }
}

/** Whether the key of `next` was named by the key of `last`. */
export function isHandedOver(last: ReadCheckpoint, next: ReadCheckpoint): boolean {
  const read = next.document.handover && readSigned(next.document.handover, handoverType)
  if (!read || read.thumbprint !== last.thumbprint) return false
  return read.document.log === next.document.log && read.document.thumbprint === next.thumbprint
}

/**
 * Signs the trees as they are now and appends that, where any has grown. Returns what it made; undefined where there was
 * nothing to do or somebody else is at it. `head` is what is known outside: if this database does not have it, it was
 * restored to an earlier state, and the checkpoint says so.
 */
export async function makeCheckpoint(
  db: Database,
  signers: Signers,
  now: Date,
  head: OutsideHead,
): Promise<Checkpoint | undefined> {
  // Opened before: it may make the installation's first key, in a transaction of its own.
  const signer = await signers.current()
  return await db.transaction({}, async tx => {
    const held = await tx.maybe(sql<Held>`select * from audit.begin_checkpoint()`)
    if (!held?.isDue) return undefined
    const forkOf = await findFork(tx, head)
    const forest = new Forest()
    for (const { tenantId, size, root } of await tx.run(sql<Tree>`select * from audit.list_trees()`)) {
      forest.set(tenantId, { size, root })
    }
    const last = held.lastSigned === null ? undefined : readCheckpoint(held.lastSigned)
    const checkpoint: Checkpoint = {
      log: held.logId,
      number: Math.max(held.lastNumber ?? 0, head?.number ?? 0) + 1,
      at: now.toISOString(),
      tenants: forest.tenants,
      size: forest.size,
      root: forest.root.toString('base64url'),
      previous: held.lastSigned === null ? null : checkpointHash(held.lastSigned),
      ...(forkOf && { forkOf }),
    }
    const signed = signer.sign({ ...checkpoint, ...(await handoverOf(last, signer, signers)) }, checkpointType)
    await tx.run(sql`select audit.append_checkpoint(${checkpoint.number}, ${now}, ${signed})`)
    return checkpoint
  })
}

type Held = { logId: string; lastNumber: number | null; lastSigned: string | null; isDue: boolean }
type Tree = { tenantId: string; size: number; root: Buffer; isGrown: boolean }

async function findFork(tx: Queryable, head: OutsideHead): Promise<OutsideHead> {
  if (!head) return undefined
  const own = await tx.maybe(
    sql<{ signed: string }>`select signed from audit.checkpoints where number = ${head.number}`,
  )
  if (own && checkpointHash(own.signed) === head.hash) return undefined
  // Said once: what was made after it goes on from there.
  const told = await tx.run(sql<{ signed: string }>`select signed from audit.checkpoints where number > ${head.number}`)
  const isTold = told.some(({ signed }) => readCheckpoint(signed)?.document.forkOf?.hash === head.hash)
  return isTold ? undefined : head
}

async function handoverOf(
  last: ReadCheckpoint | undefined,
  signer: Signer,
  signers: Signers,
): Promise<{ handover?: string }> {
  if (!last || last.keyId === signer.keyId) return {}
  const before = await signers.find(last.keyId)
  // By a signed text of its own one learns its thumbprint.
  const own = readSigned(signer.sign({}, handoverType), handoverType)
  if (!before || !own) return {}
  return { handover: before.sign({ log: last.document.log, thumbprint: own.thumbprint }, handoverType) }
}

/** Checkpoints after that number, oldest first, as they are kept outside. */
export async function listCheckpointsAfter(tx: Queryable, number: number, most: number): Promise<KeptCheckpoint[]> {
  return await tx.run(sql<KeptCheckpoint>`
    select number, signed, trees
    from audit.checkpoints_after(${number}, ${most})`)
}
