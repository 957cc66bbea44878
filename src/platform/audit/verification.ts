import pg from 'pg'
import { type AcceptedFork, readAcceptedForks } from './accepted-forks.ts'
import { type ArchiveFiles, compareArchive } from './archive-comparison.ts'
import { ArchivedMonths } from './archived-months.ts'
import { noTenant } from './audit-logs.ts'
import { checkChain } from './checkpoint-chain.ts'
import { CheckpointFolder } from './checkpoint-folder.ts'
import { type Checkpoint, type KeptCheckpoint, type ReadCheckpoint, readCheckpoint } from './checkpoints.ts'
import { type ContinuedCopy, readContinuedCopies } from './continued-copies.ts'
import { entryExpressions, personalKeys } from './entry-hashes.ts'
import {
  readInteger,
  type StreamedEntry,
  type StreamedSeal,
  streamEntries,
  streamSeals,
  uuidBytes,
  uuidOf,
} from './entry-stream.ts'
import { ErasedMarks } from './erasure-records.ts'
import { type Finding, type FindingKind, Findings } from './findings.ts'
import { type KeyChange, SigningKeys } from './key-changes.ts'
import { Forest, GrowingTree, StoredTree } from './trees.ts'

export type VerificationOptions = {
  /** The way in as the administrator: the login of the program sees one tenant at a time. */
  admin: pg.ClientConfig
  /** Where checkpoints are kept outside; without it the database's own are all there is. */
  folder?: string | undefined
  /** Only what was sealed after this checkpoint is computed again. */
  since?: number | undefined
  tenantId?: string | undefined
  /** Forks that are known to be restores, by the number of the checkpoint that says so. */
  acceptedForks?: readonly number[]
  /** The key that must have signed the newest checkpoint, by its thumbprint; those of before must have handed over to it. */
  thumbprint?: string | undefined
  /** Which keys of the installation took the place of which, the oldest first. */
  keyChanges?: readonly KeyChange[] | undefined
  /** Thumbprints of the keys that the installation holds: whoever has only its database signs with another one. */
  ownKeys?: ReadonlySet<string> | undefined
  /** Archives are read too, where they are there; without it their records alone are checked. */
  archives?: ArchiveFiles | undefined
  onProgress?: (done: number, of: number) => void
}

export type Verification = {
  log: string
  isSound: boolean
  /** Entries that were computed again. */
  entries: number
  /** Sealed entries that lie in archives, by signed records. */
  archived: number
  /** Forks that were accepted (`audit accept-fork`): known restores. */
  knownForks: AcceptedFork[]
  /** That this is a dump of another database, read into this server, as an administrator has said (`audit continue-copy`). */
  continuedCopies: ContinuedCopy[]
  /** Archives that were read and compared, and those that are not where archives are; both empty unless asked for. */
  archivesRead: string[]
  archivesAway: string[]
  /** Entries that are not sealed yet: the newest ones. */
  unsealed: number
  /** Entries that were written long after the time that they say, as those of a moved tenant are. */
  late: number
  firstLate?: { entryId: string; tenantId: string; createdAt: string }
  tenants: number
  /** One of them is the log of the installation itself. */
  hasOwn: boolean
  checkpoints: number
  /** Checkpoints outside that were compared. */
  outside: number
  newest?: { number: number; at: string; thumbprint: string }
  findings: readonly Finding[]
  counts: Partial<Record<FindingKind, number>>
  seconds: number
}

type Row = { number: number; round: number; snapshot: string; signed: string }
type Known = Row & { read: ReadCheckpoint | undefined; trees: readonly [string, number, string][] }
/** `tenantId` and `leaf` as in StreamedEntry. */
type Sealed = { tenantId: string; position: number; createdAt: number; leaf: string; round: number }
type State = { logId: string; sealed: string; isUnderWay: boolean; round: number }

/**
 * Computes everything again: the leaf of every entry, every tenant's tree, every checkpoint's root, and compares that with
 * seals, stored trees, signatures and what is known outside. Reads one snapshot of the database, and changes nothing.
 */
export async function verifyLog(options: VerificationOptions): Promise<Verification> {
  const began = performance.now()
  await using clients = await openPair(options.admin)
  return await new Verifier(clients.one, clients.other, options).run(began)
}

/** Two connections that see the same. */
async function openPair(admin: pg.ClientConfig) {
  const [one, other] = [new pg.Client(admin), new pg.Client(admin)]
  const close = async () => void (await Promise.all([one.end(), other.end()].map(end => end.catch(() => {}))))
  for (const client of [one, other]) client.on('error', () => {})
  try {
    await Promise.all([one.connect(), other.connect()])
    for (const client of [one, other]) {
      // One beside the leader, and both in the same table: else months were read beside each other, and what waits for its partner grew.
      await client.query(
        'set role commonhold_owner; set search_path = pg_catalog; set statement_timeout = 0; set synchronize_seqscans = off; set max_parallel_workers_per_gather = 1; set enable_parallel_append = off; set idle_in_transaction_session_timeout = 0',
      )
      await client.query('begin isolation level repeatable read read only')
    }
    const { rows } = await one.query('select pg_export_snapshot() as snapshot')
    await other.query(`set transaction snapshot '${rows[0].snapshot}'`)
  } catch (error) {
    await close()
    throw error
  }
  return { one, other, [Symbol.asyncDispose]: close }
}

class Verifier {
  private readonly entriesFrom: pg.Client
  private readonly sealsFrom: pg.Client
  private readonly options: VerificationOptions
  private readonly findings = new Findings()
  private readonly trees = new Map<string, GrowingTree>()
  private readonly forest = new Forest()
  private readonly nodes = new Map<string, Buffer>()
  /** Of either side what has no partner yet: as many as transactions overlapped. */
  private readonly seals = new Map<string, Sealed>()
  private readonly entries = new Map<string, StreamedEntry>()
  private readonly erased = new ErasedMarks()
  private archived = new ArchivedMonths()
  private checkpoints: Known[] = []
  private state!: State
  private isNew: (writtenIn: number | null) => boolean = () => false
  private entriesSeen = 0
  private late = 0
  private firstLate: Verification['firstLate']

  constructor(one: pg.Client, other: pg.Client, options: VerificationOptions) {
    this.entriesFrom = one
    this.sealsFrom = other
    this.options = options
  }

  async run(began: number): Promise<Verification> {
    await this.readState()
    const outside = await this.readOutside()
    const { checkpoints, findings, state } = this
    const { acceptedForks, thumbprint, ownKeys, keyChanges } = this.options
    const thumbprints = checkpoints.flatMap(({ read }) => read?.thumbprint ?? [])
    const keys = new SigningKeys(thumbprints, this.options.keyChanges)
    const knownForks = await readAcceptedForks(this.sealsFrom, state.logId, keys)
    const trusted = { thumbprint, ownKeys, keyChanges }
    const continuedCopies = await readContinuedCopies(this.sealsFrom, state.logId, keys, findings)
    const chain = { logId: state.logId, checkpoints, outside, acceptedForks, knownForks, ...trusted }
    const forks = checkChain(chain, findings)
    this.archived = await ArchivedMonths.read(this.sealsFrom, state.logId, keys, findings)
    const start = await this.startingPoint()
    await this.compareStreams(start)
    await this.checkStoredTrees()
    if (this.options.since === undefined) this.archived.check(this.options.tenantId, findings)
    const archives = await this.readArchives()
    await this.erased.check(this.sealsFrom, { keys, archived: this.archived.erasures, findings })
    const unsealed = await this.nameTheRest()
    const newest = this.checkpoints.at(-1)
    const { list, counts } = this.findings
    return {
      log: this.state.logId,
      isSound: list.length === 0,
      entries: this.entriesSeen,
      archived: this.archived.entries,
      ...archives,
      knownForks: forks,
      continuedCopies,
      unsealed,
      late: this.late,
      ...(this.firstLate && { firstLate: this.firstLate }),
      tenants: this.trees.size,
      hasOwn: this.trees.has(noTenant),
      checkpoints: this.checkpoints.length,
      outside: outside.length,
      ...(newest?.read && {
        newest: { number: newest.number, at: newest.read.document.at, thumbprint: newest.read.thumbprint },
      }),
      findings: list,
      counts,
      seconds: (performance.now() - began) / 1000,
    }
  }

  private async readState(): Promise<void> {
    const { rows: states } = await this.sealsFrom.query<State>(`
      select log_id as "logId", sealed::text, target is not null as "isUnderWay", round::float8 as round
      from audit.sealing`)
    const [state] = states
    if (!state) throw new Error('audit.sealing has no row')
    this.state = state
    this.isNew = newerThan(state.sealed)
    const { rows } = await this.sealsFrom.query<Row & { trees: [string, number, string][] }>(`
      select
        checkpoint.number::float8 as number,
        checkpoint.round::float8 as round,
        checkpoint.snapshot::text,
        checkpoint.signed,
        (
          select coalesce(json_agg(json_build_array(tree.tenant_id, tree.size, encode(tree.root, 'hex'))), '[]')
          from audit.checkpoint_trees as tree
          where tree.number = checkpoint.number
        ) as trees
      from audit.checkpoints as checkpoint
      order by checkpoint.number`)
    this.checkpoints = rows.map(row => ({ ...row, read: readCheckpoint(row.signed) }))
  }

  private async readOutside(): Promise<KeptCheckpoint[]> {
    const { folder } = this.options
    return folder === undefined ? [] : await new CheckpointFolder(folder, this.state.logId).read()
  }

  private async readArchives(): Promise<Pick<Verification, 'archivesRead' | 'archivesAway'>> {
    const { archives: files, tenantId } = this.options
    const archivesRead: string[] = []
    const archivesAway: string[] = []
    for (const month of files ? this.archived.months : []) {
      const clients = { entries: this.entriesFrom, seals: this.sealsFrom }
      const { findings, erased } = this
      const isThere = await compareArchive(clients, month, { files: files as ArchiveFiles, tenantId, findings, erased })
      ;(isThere ? archivesRead : archivesAway).push(month.archive)
    }
    return { archivesRead, archivesAway }
  }

  /** With `since` the trees as that checkpoint signs them; else nothing. */
  private async startingPoint(): Promise<{ round: number; condition: string; at: number }> {
    const { since, tenantId } = this.options
    const { rows: nodes } = await this.sealsFrom.query<{ key: string; hash: Buffer }>(
      `select tenant_id || '/' || level || '/' || position as key, hash from audit.nodes where ${ofTenant(tenantId)}`,
    )
    for (const { key, hash } of nodes) this.nodes.set(key, hash)
    if (since === undefined) return { round: 0, condition: ofTenant(tenantId, 'entry'), at: 0 }
    const from = this.checkpoints.find(({ number }) => number === since)
    if (!from) {
      this.found('checkpoint_missing', `There is no checkpoint ${since} to begin with`, { checkpoint: since })
      return { round: 0, condition: ofTenant(tenantId, 'entry'), at: 0 }
    }
    for (const { number, trees } of this.checkpoints) {
      if (number > since) break
      for (const [id, size, root] of trees) this.forest.set(id, { size, root: Buffer.from(root, 'hex') })
    }
    this.checkRoot(from)
    const { rows } = await this.sealsFrom.query<{ id: string }>(
      `select tenant_id as id from audit.trees where ${ofTenant(tenantId)}`,
    )
    for (const { id } of rows) {
      const tree = this.forest.get(id)
      if (!tree) continue
      const stored = new StoredTree(tree.size, (level, position, count) => this.readNodes(id, level, position, count))
      const peaks = await stored.peaks().catch(() => undefined)
      const grown = peaks && new GrowingTree(tree.size, peaks)
      if (!grown?.root.equals(tree.root)) {
        this.found('tree_altered', `The stored tree of tenant ${id} is not the one of checkpoint ${since}`, {
          tenantId: id,
          checkpoint: since,
        })
      }
      this.trees.set(id, grown ?? new GrowingTree())
    }
    const [, xmax, xip = ''] = from.snapshot.split(':') as [string, string, string?]
    const late = xip === '' ? '' : ` or entry.written_in = any ('{${xip}}')`
    return {
      round: from.round,
      condition: `${ofTenant(tenantId, 'entry')} and (entry.written_in >= ${xmax}${late})`,
      at: since,
    }
  }

  private async readNodes(tenantId: string, level: number, position: number, count: number): Promise<Buffer[]> {
    if (level > 0) {
      return Array.from({ length: count }, (_, index) => {
        const hash = this.nodes.get(`${tenantId}/${level}/${position + index}`)
        if (!hash) throw new Error('A node is missing')
        return hash
      })
    }
    return await readLeaves(this.sealsFrom, tenantId, position, count)
  }

  /** Both sides side by side, in the order of their writing, so that what waits for its partner stays little. */
  private async compareStreams({ round, condition, at }: { round: number; condition: string; at: number }) {
    const { onProgress, tenantId } = this.options
    const { rows: sums } = await this.sealsFrom.query<{ size: number }>(
      `select coalesce(sum(entries), 0)::float8 as size from audit.seals where round > ${round} and ${ofTenant(tenantId)}`,
    )
    const total = sums[0]?.size ?? 0
    const waiting = this.checkpoints.filter(({ number }) => number > at)
    let times: number[] = [-Infinity]
    let sealsDone = false
    const { rows: declared } = await this.sealsFrom.query(
      'select format, resource, columns from audit.personal_columns order by format, resource',
    )
    const entries = streamEntries(this.entriesFrom, condition, entryExpressions(personalKeys(declared)))
    const seals = streamSeals(this.sealsFrom, round, ofTenant(tenantId))
    let entriesDone = false
    let sealed = 0
    while (!sealsDone || !entriesDone) {
      if (!sealsDone && (entriesDone || sealed <= this.entriesSeen)) {
        const { value, done } = await seals.next()
        if (done) sealsDone = true
        for (const seal of value ?? []) {
          while (waiting[0] && waiting[0].round < seal.round) times = [this.closeCheckpoint(waiting.shift() as Known)]
          this.takeSeal(seal, times[0] as number)
          sealed += seal.entries
        }
      } else {
        const { value, done } = await entries.next()
        if (done) entriesDone = true
        for (const entry of value ?? []) this.takeEntry(entry)
        onProgress?.(Math.min(this.entriesSeen, total), total)
      }
    }
    for (const checkpoint of waiting) this.closeCheckpoint(checkpoint)
  }

  /** `since`: when the newest checkpoint before it was made, in microseconds. */
  private takeSeal(seal: StreamedSeal, since: number): void {
    const { tenantId, firstPosition, round, entries, leaves, keys } = seal
    let tree = this.trees.get(tenantId)
    if (!tree) {
      tree = new GrowingTree()
      this.trees.set(tenantId, tree)
    }
    if (firstPosition !== tree.size) {
      this.found(
        'seals_broken',
        `After position ${tree.size - 1} of tenant ${tenantId} comes position ${firstPosition}`,
        {
          tenantId,
          position: tree.size,
        },
      )
    }
    const onNode = (node: { level: number; position: number; hash: Buffer }) => {
      const key = `${tenantId}/${node.level}/${node.position}`
      const stored = this.nodes.get(key)
      this.nodes.delete(key)
      if (stored?.equals(node.hash)) return
      this.found(
        'tree_altered',
        `Node ${node.position} of level ${node.level} of tenant ${tenantId} is not over its seals`,
        {
          tenantId,
          position: node.position * 2 ** node.level,
        },
      )
    }
    if (leaves.length !== entries * 32 || keys.length !== entries * 24) {
      this.found('seals_broken', `The seals of tenant ${tenantId} from position ${firstPosition} on are not whole`, {
        tenantId,
        position: firstPosition,
      })
      return
    }
    tree.appendAll(leaves, onNode)
    const tenant = uuidBytes(tenantId)
    for (let index = 0; index < entries; index++) {
      if (this.archived.take(seal, index)) continue
      const id = keys.toString('latin1', index * 24, index * 24 + 16)
      const createdAt = readInteger(keys, index * 24 + 16)
      const leaf = leaves.toString('latin1', index * 32, index * 32 + 32)
      const sealed = { tenantId: tenant, position: firstPosition + index, createdAt, leaf, round }
      if (createdAt < since - lateAfter) {
        this.late++
        this.firstLate ??= { entryId: uuidOf(id), tenantId, createdAt: timeOf(createdAt) }
      }
      const entry = this.entries.get(id)
      if (entry) {
        this.entries.delete(id)
        this.compare(entry, sealed)
      } else if (this.seals.has(id)) {
        this.found('seals_broken', `Entry ${uuidOf(id)} has two positions`, { ...placeOf(id, sealed) })
      } else {
        this.seals.set(id, sealed)
      }
    }
  }

  private takeEntry(entry: StreamedEntry): void {
    this.entriesSeen++
    this.erased.take(entry)
    const sealed = this.seals.get(entry.id)
    if (sealed) {
      this.seals.delete(entry.id)
      this.compare(entry, sealed)
    } else if (this.entries.has(entry.id)) {
      this.found('inserted', `Entry ${uuidOf(entry.id)} is there twice`, {
        entryId: uuidOf(entry.id),
        tenantId: uuidOf(entry.tenantId),
        createdAt: timeOf(entry.createdAt),
      })
    } else {
      this.entries.set(entry.id, entry)
    }
  }

  private compare(entry: StreamedEntry, sealed: Sealed): void {
    if (entry.leaf === sealed.leaf && entry.tenantId === sealed.tenantId) return
    const place = placeOf(entry.id, sealed)
    this.found('altered', `Entry ${place.entryId} of ${place.createdAt} differs from what was sealed`, place)
  }

  /** All seals up to it are taken: its trees and its root must follow. Returns its time in microseconds. */
  private closeCheckpoint(checkpoint: Known): number {
    const { number, trees, read } = checkpoint
    for (const [tenantId, size, root] of trees) {
      if (this.options.tenantId !== undefined && tenantId !== this.options.tenantId) {
        this.forest.set(tenantId, { size, root: Buffer.from(root, 'hex') })
        continue
      }
      const before = this.forest.get(tenantId)?.size ?? 0
      const tree = this.trees.get(tenantId)
      if (tree?.size !== size || tree.root.toString('hex') !== root) {
        this.resealed.push({ tenantId, from: before, to: Math.max(size, tree?.size ?? 0), checkpoint: number })
        this.found(
          'resealed',
          `Positions ${before} to ${size - 1} of tenant ${tenantId} are not those of checkpoint ${number}${read ? ` of ${read.document.at}` : ''}`,
          { tenantId, position: before, checkpoint: number },
        )
      }
      this.forest.set(tenantId, { size, root: Buffer.from(root, 'hex') })
    }
    this.checkRoot(checkpoint)
    return read ? Date.parse(read.document.at) * 1000 : -Infinity
  }

  private readonly resealed: { tenantId: string; from: number; to: number; checkpoint: number }[] = []

  /** The trees that the database names for a checkpoint are those that it signs. */
  private checkRoot({ number, read }: Known): void {
    const signed: Checkpoint | undefined = read?.document
    if (!signed) return
    const { root, size, tenants } = this.forest
    if (signed.root === root.toString('base64url') && signed.size === size && signed.tenants === tenants) return
    this.found('resealed', `The trees that checkpoint ${number} is said to hold are not those that it signs`, {
      checkpoint: number,
    })
  }

  private async checkStoredTrees(): Promise<void> {
    const { rows } = await this.sealsFrom.query<{ id: string; size: number; root: Buffer; peaks: Buffer }>(
      `select tenant_id as id, size::float8 as size, root, peaks from audit.trees where ${ofTenant(this.options.tenantId)}`,
    )
    const stored = new Map(rows.map(row => [row.id, row]))
    for (const [id, tree] of this.trees) {
      const row = stored.get(id)
      if (row && row.size === tree.size && row.root.equals(tree.root) && row.peaks.equals(tree.peaks)) continue
      this.found('tree_altered', `The tree of tenant ${id} is not the one over its seals`, { tenantId: id })
    }
    for (const id of stored.keys()) {
      if (this.trees.has(id)) continue
      this.found('tree_altered', `There is a tree of tenant ${id}, and no seals`, { tenantId: id })
    }
    if (this.options.since === undefined && this.nodes.size > 0) {
      const [key] = this.nodes.keys()
      this.found('tree_altered', `${this.nodes.size} nodes belong to no tree, the first is ${key}`, {
        tenantId: String(key).split('/')[0] as string,
      })
    }
    for (const place of this.resealed.slice(0, 20)) await this.nameReordered(place)
  }

  /** In one round positions follow transaction, time and id: what does not was moved. */
  private async nameReordered(place: { tenantId: string; from: number; to: number; checkpoint: number }) {
    const { rows } = await this.sealsFrom.query<{ id: string; position: number; createdAt: string }>(
      `with placed as (
        select
          seal.round,
          seal.first_position + step as position,
          encode(substr(seal.keys, step * 24 + 1, 16), 'hex')::uuid as id
        from audit.seals as seal
        cross join lateral generate_series(0, seal.entries - 1) as step
        where seal.tenant_id = $1
          and seal.first_position + seal.entries > $2
          and seal.first_position < $3
      ),
      compared as (
        select
          placed.*,
          entry.created_at,
          row(entry.written_in, entry.created_at, entry.id)
            < lag(row(entry.written_in, entry.created_at, entry.id)) over (partition by placed.round order by placed.position)
            as is_moved
        from placed
        join audit.audit_logs as entry on entry.tenant_id = $1 and entry.id = placed.id
      )
      select id, position::float8 as position, created_at::text as "createdAt"
      from compared
      where is_moved
      order by position
      limit 1`,
      [place.tenantId, place.from, place.to],
    )
    const [moved] = rows
    if (!moved) return
    this.found(
      'reordered',
      `Entry ${moved.id} does not belong to position ${moved.position}, nor what stands before it`,
      {
        tenantId: place.tenantId,
        entryId: moved.id,
        position: moved.position,
        createdAt: moved.createdAt,
        checkpoint: place.checkpoint,
      },
    )
  }

  /** What has no partner: gone, smuggled in, or too new to be sealed. Returns how many are too new. */
  private async nameTheRest(): Promise<number> {
    const months = new Set(
      (
        await this.sealsFrom.query<{ month: string }>(
          `select right(inhrelid::regclass::text, 7) as month from pg_inherits where inhparent = 'audit.audit_logs'::regclass`,
        )
      ).rows.map(({ month }) => month),
    )
    const missing = [...this.seals].sort(([, a], [, b]) => a.createdAt - b.createdAt || a.position - b.position)
    for (const [id, sealed] of missing) {
      const place = placeOf(id, sealed)
      const month = place.createdAt.slice(0, 7).replace('-', '_')
      const where = months.has(month) ? '' : `, and there is no partition audit_logs_${month}`
      this.found('missing', `Entry ${place.entryId} of ${place.createdAt} was sealed and is not there${where}`, place)
    }
    let unsealed = 0
    const rest = [...this.entries.values()].sort((a, b) => a.createdAt - b.createdAt)
    for (const entry of rest) {
      if (this.state.isUnderWay || this.isNew(entry.writtenIn)) {
        unsealed++
        continue
      }
      const entryId = uuidOf(entry.id)
      const createdAt = timeOf(entry.createdAt)
      this.found('inserted', `Entry ${entryId} of ${createdAt} was never sealed`, {
        entryId,
        createdAt,
        tenantId: uuidOf(entry.tenantId),
      })
    }
    return unsealed
  }

  private found(kind: FindingKind, text: string, place: Omit<Finding, 'kind' | 'text'> = {}): void {
    this.findings.add({ kind, text, ...place })
  }
}

/** Microseconds by which an entry may be older than the checkpoint before its sealing: transactions take their time. */
const lateAfter = 3_600_000_000

const timeOf = (microseconds: number): string => {
  const seconds = new Date(Math.floor(microseconds / 1000)).toISOString().slice(0, -1)
  return `${seconds}${String(((microseconds % 1000) + 1000) % 1000).padStart(3, '0')}Z`
}

const placeOf = (id: string, { tenantId, position, createdAt }: Sealed) => ({
  entryId: uuidOf(id),
  tenantId: uuidOf(tenantId),
  position,
  createdAt: timeOf(createdAt),
})

function ofTenant(tenantId: string | undefined, table?: string): string {
  return tenantId === undefined ? 'true' : `${table ? `${table}.` : ''}tenant_id = ${pg.escapeLiteral(tenantId)}`
}

/** Whether a transaction is one that the snapshot does not see. */
function newerThan(snapshot: string): (writtenIn: number | null) => boolean {
  const [, xmax, xip = ''] = snapshot.split(':')
  const open = new Set(xip === '' ? [] : xip.split(',').map(Number))
  return writtenIn => writtenIn !== null && (writtenIn >= Number(xmax) || open.has(writtenIn))
}

/** Leaves of a tenant's tree by position. */
async function readLeaves(client: pg.Client, tenantId: string, position: number, count: number): Promise<Buffer[]> {
  const { rows } = await client.query<{ first: number; leaves: Buffer }>(
    `select first_position::float8 as first, leaves
    from audit.seals
    where tenant_id = $1
      and first_position > $2::bigint - 1024
      and first_position < $3::bigint
    order by first_position`,
    [tenantId, position, position + count],
  )
  const found: Buffer[] = []
  for (const { first, leaves } of rows) {
    for (let at = 0; at * 32 < leaves.length; at++) {
      if (first + at < position || first + at >= position + count) continue
      found[first + at - position] = leaves.subarray(at * 32, at * 32 + 32)
    }
  }
  if (Object.keys(found).length !== count) throw new Error('Leaves are missing')
  return found
}
