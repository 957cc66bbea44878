import { hash } from 'node:crypto'
import { type Queryable, sql } from '#platform/database'
import type { ArchiveFiles } from './archive-comparison.ts'
import { readCheckpoint } from './checkpoints.ts'
import { entryExpressions, leafOf } from './entry-hashes.ts'
import { errors } from './errors.ts'
import { Forest, isConsistent, rootFromInclusion, StoredTree, treeLeaf } from './trees.ts'

/** A tenant's tree under a signed checkpoint. Hashes are base64url. */
export type SignedTree = {
  tenantId: string
  size: number
  root: string
  /** Where the tenant stands among all, and what is beside the way up to the root that is signed. */
  position: number
  tenants: number
  path: string[]
  /** JWS with the public key in its header. */
  checkpoint: string
}

/** The text that was sealed of an entry (docs/audit.md), where it is not told its hash. */
export type ProvenEntry = {
  content?: string
  contentHash?: string
  /** With `contentHash`: what is left, which no proof says anything of. */
  remaining?: string
  person?: string
  personHash?: string
} & KeyedParts

/** In the second format parts are hashed with keys (base64url), and values are a part where there are any. */
type KeyedParts = { personKey?: string; values?: string; valuesKey?: string; valuesHash?: string }

/** That an entry stands at a position of its tenant's tree. */
export type InclusionProof = {
  /** The first where the entry is from before there were keys. */
  format: 'commonhold-audit-entry-1' | 'commonhold-audit-entry-2'
  entry: ProvenEntry
  position: number
  path: string[]
  tree: SignedTree
}

/** That a tenant's tree at one checkpoint is the beginning of the one at a later checkpoint. */
export type ConsistencyProof = {
  format: 'commonhold-audit-consistency-1'
  path: string[]
  before: SignedTree
  after: SignedTree
}

export type Proof = InclusionProof | ConsistencyProof

const encode = (bytes: Buffer) => bytes.toString('base64url')

/** The entry of the scope's tenant with its proof under the newest checkpoint. Reads O(log n) of the seals. */
export async function proveEntry(
  tx: Queryable,
  id: string,
  options: { withoutPerson?: boolean; archives?: Pick<ArchiveFiles, 'read'> } = {},
): Promise<InclusionProof> {
  const here = await findEntry(tx, id)
  const archived = here ? undefined : await findArchived(tx, id, options.archives)
  const entry = here ?? archived?.entry
  if (!entry) throw errors.entryNotFound({ id })
  const newest = await newestCheckpoint(tx)
  const tree = newest && (await findTree(tx, newest.number))
  const position = tree && (await findPosition(tx, id, entry.createdAt, tree.size))
  if (!newest || !tree || position === undefined) throw errors.notSealed({ id })
  const proof: InclusionProof = {
    format: entry.isKeyed ? 'commonhold-audit-entry-2' : 'commonhold-audit-entry-1',
    entry: provenEntry(entry, options.withoutPerson === true),
    position,
    path: (await storedTree(tx, tree.size).inclusionProof(position)).map(encode),
    tree: await signedTree(tx, newest, tree),
  }
  if (archived) requireHolding(proof, id, archived.archive)
  return proof
}

function requireHolding(proof: InclusionProof, id: string, archive: string): void {
  try {
    checkInclusion(proof)
  } catch (error) {
    throw errors.archiveDiffers({ archive, id }, error)
  }
}

/** Only the texts that are there can be told, and the personal ones only with their keys. */
function provenEntry(entry: Entry, withoutPerson: boolean): ProvenEntry {
  const { content, contentHash, person, personKey, personHash, values, valuesKey, valuesHash } = entry
  const keyed = (key: Buffer | null, text: string) =>
    encode(hash('sha256', Buffer.concat([key ?? Buffer.alloc(0), Buffer.from(text)]), 'buffer'))
  const part = (): Partial<ProvenEntry> => {
    if (personHash) return { personHash: encode(personHash) }
    if (withoutPerson) return { personHash: keyed(personKey, person) }
    return { person, ...(personKey && { personKey: encode(personKey) }) }
  }
  const personal = (): Partial<ProvenEntry> => {
    if (valuesHash) return { valuesHash: encode(valuesHash) }
    if (values === null) return {}
    if (withoutPerson) return { valuesHash: keyed(valuesKey, values) }
    return { values, ...(valuesKey && { valuesKey: encode(valuesKey) }) }
  }
  return {
    ...(contentHash ? { contentHash: encode(contentHash), remaining: content } : { content }),
    ...part(),
    ...personal(),
  }
}

/** Between two checkpoints by their numbers, for the scope's tenant. */
export async function proveConsistency(tx: Queryable, from: number, to: number): Promise<ConsistencyProof> {
  const [before, after] = await Promise.all([signedTreeAt(tx, from), signedTreeAt(tx, to)])
  const path = await storedTree(tx, after.size).consistencyProof(before.size)
  return { format: 'commonhold-audit-consistency-1', path: path.map(encode), before, after }
}

/** What a proof says once it is checked. */
export type CheckedProof = {
  /** Signed with this key: compare it with what the installation says of itself. */
  thumbprint: string
  log: string
  tenantId: string
  checkpoint: number
  at: string
  entry?: Readonly<Record<string, unknown>>
  /** Parts of the entry of which it tells nothing but that they were there: left out, or erased. */
  untold?: ('content' | 'person' | 'values')[]
  position?: number
  /** Entries of the tenant at the checkpoint; between two, at the older one. */
  size: number
  to?: { checkpoint: number; at: string; size: number }
}

/** Checks a proof by nothing but itself: no database, no network. Refuses with what does not hold. */
export function checkProof(text: string): CheckedProof {
  const proof = readProof(text)
  try {
    return proof.format === 'commonhold-audit-consistency-1' ? checkConsistency(proof) : checkInclusion(proof)
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) {
      throw errors.proofUnreadable({ reason: 'parts of it are missing' }, error)
    }
    throw error
  }
}

function readProof(text: string): Proof {
  let proof: { format?: unknown }
  try {
    proof = JSON.parse(text)
  } catch (error) {
    throw errors.proofUnreadable({ reason: (error as Error).message }, error)
  }
  const formats = ['commonhold-audit-entry-1', 'commonhold-audit-entry-2', 'commonhold-audit-consistency-1']
  if (!formats.includes(String(proof?.format))) throw errors.proofUnreadable({ reason: 'its format is not known' })
  return proof as Proof
}

/** What an entry's content is made of, in this order. */
const contentFields = [
  'tenantId',
  'id',
  'createdAt',
  'userId',
  'action',
  'resource',
  'resourceId',
  'changes',
  'details',
  'requestId',
] as const
const personFields = ['userName', 'ipAddress', 'userAgent'] as const

function checkInclusion({ format, entry, position, path, tree }: InclusionProof): CheckedProof {
  const isKeyed = format === 'commonhold-audit-entry-2'
  // Of another length, bytes of the key could pass for some of the text.
  for (const key of [entry.personKey, entry.valuesKey]) {
    if (key !== undefined && decode(key).length !== 32) throw errors.proofUnreadable({ reason: 'a key is no key' })
  }
  const leaf = leafOf(
    partHash(entry.contentHash, entry.content) as Buffer,
    partHash(entry.personHash, entry.person, isKeyed ? entry.personKey : '') as Buffer,
    isKeyed ? partHash(entry.valuesHash, entry.values, entry.valuesKey) : undefined,
  )
  const root = rootFromInclusion(leaf, position, tree.size, path.map(decode))
  if (!root?.equals(decode(tree.root))) {
    throw errors.proofWrong({ reason: 'the entry is not at this position of the tree' })
  }
  const content = entry.content === undefined ? undefined : fieldsOf(entry.content, contentFields)
  if (content && content.tenantId !== tree.tenantId) {
    throw errors.proofWrong({ reason: 'the entry belongs to another tenant' })
  }
  const [changes, details] = entry.values === undefined ? [] : JSON.parse(entry.values)
  const person = entry.person === undefined ? {} : fieldsOf(entry.person, personFields)
  const untold = [
    content ? undefined : 'content',
    entry.person === undefined ? 'person' : undefined,
    entry.valuesHash === undefined ? undefined : 'values',
  ] satisfies (NonNullable<CheckedProof['untold']>[number] | undefined)[]
  return {
    ...checkTree(tree),
    size: tree.size,
    position,
    entry: { ...content, ...(entry.values !== undefined && { changes, details }), ...person },
    ...(untold.some(Boolean) && { untold: untold.filter(part => part !== undefined) }),
  }
}

/** Of a part its hash, given or computed; the key was drawn for this part alone. */
function partHash(given: string | undefined, text: string | undefined, key = ''): Buffer | undefined {
  if (given !== undefined) return decode(given)
  return text === undefined ? undefined : hash('sha256', Buffer.concat([decode(key), Buffer.from(text)]), 'buffer')
}

function checkConsistency({ before, after, path }: ConsistencyProof): CheckedProof {
  const [old, now] = [checkTree(before), checkTree(after)]
  if (old.log !== now.log || old.tenantId !== now.tenantId) {
    throw errors.proofWrong({ reason: 'the checkpoints are of different logs' })
  }
  const holds = isConsistent(
    { size: before.size, root: decode(before.root) },
    { size: after.size, root: decode(after.root) },
    path.map(decode),
  )
  if (!holds) throw errors.proofWrong({ reason: 'the older tree is not the beginning of the younger one' })
  return { ...old, size: before.size, to: { checkpoint: now.checkpoint, at: now.at, size: after.size } }
}

function checkTree(tree: SignedTree): Omit<CheckedProof, 'size'> {
  const read = readCheckpoint(tree.checkpoint)
  if (!read) throw errors.proofWrong({ reason: 'the checkpoint is not signed as it should be' })
  const { document, thumbprint } = read
  const leaf = treeLeaf(tree.tenantId, { size: tree.size, root: decode(tree.root) })
  const root = rootFromInclusion(leaf, tree.position, tree.tenants, tree.path.map(decode))
  if (!root || root.toString('base64url') !== document.root || tree.tenants !== document.tenants) {
    throw errors.proofWrong({ reason: `the tree is not under checkpoint ${document.number}` })
  }
  const { log, number, at } = document
  return { thumbprint, log, tenantId: tree.tenantId, checkpoint: number, at }
}

const decode = (text: string) => Buffer.from(text, 'base64url')

function fieldsOf(text: string, names: readonly string[]): Record<string, unknown> {
  const values = JSON.parse(text) as unknown[]
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? null]))
}

type Entry = {
  isKeyed: boolean
  content: string
  person: string
  /** Null where there are none. */
  values: string | null
  personKey: Buffer | null
  valuesKey: Buffer | null
  /** Where the part is erased, or what is told of it is no more what was sealed. */
  contentHash: Buffer | null
  personHash: Buffer | null
  valuesHash: Buffer | null
  createdAt: string
}

const { content, person, values, hasValues, personKey, valuesKey } = entryExpressions(
  'audit.personal_keys(entry.format, entry.resource)',
)

const entryColumns = sql.raw(`
  entry.format is not null as is_keyed,
  ${content} as content,
  ${person} as person,
  case when ${hasValues} then ${values} end as values,
  case when entry.format is not null then ${personKey} end as person_key,
  case when entry.format is not null then ${valuesKey} end as values_key,
  audit.hash_of(entry.erased, 'content') as content_hash,
  audit.hash_of(entry.erased, 'person') as person_hash,
  audit.hash_of(entry.erased, 'values') as values_hash,
  (extract(epoch from entry.created_at) * 1000000)::bigint::text as created_at`)

/** The time in its id bounds where it can be: an entry is written after its transaction began. */
const madeAtOf = (id: string): Date => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16) + 1000)

async function findEntry(tx: Queryable, id: string): Promise<Entry | undefined> {
  const madeAt = madeAtOf(id)
  const find = (condition: ReturnType<typeof sql>) =>
    tx.maybe(sql<Entry>`
      select ${entryColumns}
      from audit.audit_logs as entry
      where entry.tenant_id = ${tx.scope.tenantId}
        and entry.id = ${id}
        and ${condition}`)
  const soon = await find(sql`entry.created_at between ${madeAt}::timestamptz - interval '1 day' and ${madeAt}`)
  return soon ?? (await find(sql`true`))
}

/** An entry of an archived month; refuses where the archive is not at hand. */
async function findArchived(
  tx: Queryable,
  id: string,
  archives: Pick<ArchiveFiles, 'read'> | undefined,
): Promise<{ entry: Entry; archive: string } | undefined> {
  const madeAt = madeAtOf(id)
  const months = await tx.run(sql<{ archive: string }>`
    select archive
    from audit.archived_months
    where since <= ${madeAt}
      and until > ${madeAt}::timestamptz - interval '1 day'
      and exists (
        select
        from audit.seals
        where tenant_id = ${tx.scope.tenantId}
          and position(uuid_send(${id}::uuid) in keys) > 0
      )
    order by since desc`)
  for (const { archive } of months) {
    const lines = archives?.read(archive)
    if (!lines) throw errors.entryArchived({ id, archive })
    for await (const portion of lines) {
      const line = portion.find(text => text.includes(`"id":"${id}"`))
      const entry =
        line !== undefined &&
        (await tx.maybe(sql<Entry>`
          select ${entryColumns}
          from json_populate_record(null::audit.audit_logs, ${line}::json) as entry
          where entry.tenant_id = ${tx.scope.tenantId}
            and entry.id = ${id}`))
      if (entry) return { entry, archive }
    }
  }
  return undefined
}

type Numbered = { number: number; signed: string }
type Tree = { size: number; root: Buffer }

async function newestCheckpoint(tx: Queryable): Promise<Numbered | undefined> {
  return await tx.maybe(sql<Numbered>`select number, signed from audit.checkpoints order by number desc limit 1`)
}

/** The tree of the scope's tenant as that checkpoint has it. */
async function findTree(tx: Queryable, number: number): Promise<Tree | undefined> {
  return await tx.maybe(sql<Tree>`
    select size, root
    from audit.checkpoint_trees
    where tenant_id = ${tx.scope.tenantId}
      and number <= ${number}
    order by number desc
    limit 1`)
}

async function signedTreeAt(tx: Queryable, number: number): Promise<SignedTree> {
  const checkpoint = await tx.maybe(
    sql<Numbered>`select number, signed from audit.checkpoints where number = ${number}`,
  )
  const tree = checkpoint && (await findTree(tx, number))
  if (!checkpoint || !tree) throw errors.checkpointNotFound({ number })
  return await signedTree(tx, checkpoint, tree)
}

async function signedTree(tx: Queryable, { number, signed }: Numbered, tree: Tree): Promise<SignedTree> {
  const tenantId = String(tx.scope.tenantId)
  const forest = new Forest()
  const trees = await tx.run(
    sql<Tree & { tenantId: string }>`select tenant_id, size, root from audit.checkpoint_leaves(${number})`,
  )
  for (const it of trees) forest.set(it.tenantId, it)
  const { position, path } = forest.inclusionProof(tenantId)
  return {
    tenantId,
    size: tree.size,
    root: encode(tree.root),
    position,
    tenants: forest.tenants,
    path: path.map(encode),
    checkpoint: signed,
  }
}

type Seal = { firstPosition: number; entries: number; keys: Buffer }

/** Positions follow time but for transactions that took long: looked for by halves, then from there on, then everywhere. */
async function findPosition(tx: Queryable, id: string, createdAt: string, size: number): Promise<number | undefined> {
  const key = Buffer.alloc(24)
  Buffer.from(id.replaceAll('-', ''), 'hex').copy(key)
  key.writeBigInt64BE(BigInt(createdAt), 16)
  let [from, to] = [0, size]
  while (to - from > 1024) {
    const middle = Math.floor((from + to) / 2)
    const [seal] = await tx.run(sql<Seal>`
      select first_position, entries, keys
      from audit.seals
      where tenant_id = ${tx.scope.tenantId}
        and first_position <= ${middle}
      order by first_position desc
      limit 1`)
    if (!seal || seal.firstPosition < from) break
    if (seal.keys.readBigInt64BE(seal.keys.length - 8) < BigInt(createdAt)) from = seal.firstPosition + seal.entries
    else to = seal.firstPosition
  }
  for (const first of [Math.max(0, to - 2048), 0]) {
    const [found] = await tx.run(sql<Seal>`
      select first_position, entries, keys
      from audit.seals
      where tenant_id = ${tx.scope.tenantId}
        and first_position >= ${first}
        and first_position < ${size}
        and position(${key} in keys) > 0
      order by first_position
      limit 1`)
    for (let index = 0; found && index < found.entries; index++) {
      if (!found.keys.subarray(index * 24, index * 24 + 24).equals(key)) continue
      const position = found.firstPosition + index
      return position < size ? position : undefined
    }
  }
  return undefined
}

function storedTree(tx: Queryable, size: number): StoredTree {
  return new StoredTree(size, async (level, position, count) => {
    const hashes: Buffer[] = []
    if (level > 0) {
      const rows = await tx.run(sql<{ position: number; hash: Buffer }>`
        select position, hash
        from audit.nodes
        where tenant_id = ${tx.scope.tenantId}
          and level = ${level}
          and position >= ${position}
          and position < ${position + count}`)
      for (const row of rows) hashes[row.position - position] = row.hash
      return hashes
    }
    const rows = await tx.run(sql<{ firstPosition: number; leaves: Buffer }>`
      select first_position, leaves
      from audit.seals
      where tenant_id = ${tx.scope.tenantId}
        and first_position > ${position - 1024}
        and first_position < ${position + count}`)
    for (const { firstPosition, leaves } of rows) {
      for (let index = 0; index * 32 < leaves.length; index++) {
        const at = firstPosition + index - position
        if (at >= 0 && at < count) hashes[at] = leaves.subarray(index * 32, index * 32 + 32)
      }
    }
    return hashes
  })
}
