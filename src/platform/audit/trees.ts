import { hash } from 'node:crypto'

/** RFC 6962: the Merkle tree over a list of leaves, which are hashes of 32 bytes already (entry_leaf in the database). */

/** The root of the tree over nothing. */
export const emptyRoot = hash('sha256', '', 'buffer')

const pair = Buffer.alloc(65)
pair[0] = 1

/** An inner node: SHA-256 of 0x01 and the two below. */
export function nodeOf(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 33)
  return hash('sha256', pair, 'buffer')
}

/** A complete subtree of 2^level leaves, the position-th of its level. */
export type Node = { level: number; position: number; hash: Buffer }

/** Only the roots of subtrees of 2^8, 2^16 … leaves are kept; what lies between is computed again from at most 256 of them. */
export const keptLevels = 8

/** A tree that grows at its end. It holds nothing but the roots of the complete subtrees that make it up, at most 53. */
export class GrowingTree {
  size: number
  private readonly byLevel: (Buffer | undefined)[] = []

  /** `peaks` are the complete subtrees, largest first, 32 bytes each. */
  constructor(size = 0, peaks: Buffer = Buffer.alloc(0)) {
    this.size = size
    let at = 0
    for (let level = 52; level >= 0; level--) {
      if (!hasBit(size, level)) continue
      this.byLevel[level] = Buffer.from(peaks.subarray(at, at + 32))
      at += 32
    }
    if (at !== peaks.length) throw new Error(`A tree of ${size} leaves has not ${peaks.length / 32} peaks`)
  }

  /** `onNode` is told of each complete subtree of a level that is kept. */
  append(leaf: Buffer, onNode?: (node: Node) => void): void {
    this.carry(leaf, 0, onNode)
    this.size++
  }

  /** Many, 32 bytes each. */
  appendAll(leaves: Buffer, onNode?: (node: Node) => void): void {
    for (let at = 0; at < leaves.length; ) {
      if (this.size % 2 === 0 && at + 64 <= leaves.length) {
        leaves.copy(pair, 1, at, at + 64)
        this.carry(hash('sha256', pair, 'buffer'), 1, onNode)
        this.size += 2
        at += 64
      } else {
        this.append(Buffer.from(leaves.subarray(at, at + 32)), onNode)
        at += 32
      }
    }
  }

  /** `node` is a complete subtree of that level behind what is there; the size is still that of before. */
  private carry(node: Buffer, from: number, onNode?: (node: Node) => void): void {
    let level = from
    for (; hasBit(this.size, level); level++) {
      node = nodeOf(this.byLevel[level] as Buffer, node)
      this.byLevel[level] = undefined
      const above = level + 1
      if (onNode && above % keptLevels === 0) {
        onNode({ level: above, position: Math.floor(this.size / 2 ** above), hash: node })
      }
    }
    this.byLevel[level] = node
  }

  /** Largest first. */
  get peaks(): Buffer {
    return Buffer.concat(this.byLevel.filter(peak => peak !== undefined).toReversed())
  }

  get root(): Buffer {
    let root: Buffer | undefined
    for (const peak of this.byLevel) {
      if (peak) root = root ? nodeOf(peak, root) : peak
    }
    return root ?? emptyRoot
  }
}

const hasBit = (value: number, bit: number) => Math.floor(value / 2 ** bit) % 2 === 1

/** Hashes of complete subtrees of a kept level (0: leaves), by position: `count` of them from `position` on. */
export type TreeReader = (level: number, position: number, count: number) => Promise<Buffer[]>

/** The tree of `size` leaves as it lies in the database: reads at most 256 hashes of each kept level. */
export class StoredTree {
  readonly size: number
  private readonly read: TreeReader
  private readonly tiles = new Map<string, Promise<Buffer[]>>()

  constructor(size: number, read: TreeReader) {
    this.size = size
    this.read = read
  }

  /** The root over the leaves from `from` up to `to`. */
  async rootOf(from: number, to: number): Promise<Buffer> {
    const count = to - from
    if (count === 0) return emptyRoot
    const level = Math.log2(count)
    if (Number.isInteger(level) && from % count === 0) return await this.complete(level, from / count)
    const middle = from + largestPower(count)
    return nodeOf(await this.rootOf(from, middle), await this.rootOf(middle, to))
  }

  /** Roots of the complete subtrees that make it up, largest first: what it grows on from. */
  async peaks(): Promise<Buffer> {
    const found: Buffer[] = []
    for (let from = 0; from < this.size; ) {
      const count = 2 ** Math.floor(Math.log2(this.size - from))
      found.push(await this.rootOf(from, from + count))
      from += count
    }
    return Buffer.concat(found)
  }

  /** RFC 6962, 2.1.1: what is beside the way from a leaf up to the root. */
  async inclusionProof(position: number): Promise<Buffer[]> {
    const path: Buffer[] = []
    let [from, to] = [0, this.size]
    while (to - from > 1) {
      const middle = from + largestPower(to - from)
      if (position < middle) {
        path.push(await this.rootOf(middle, to))
        to = middle
      } else {
        path.push(await this.rootOf(from, middle))
        from = middle
      }
    }
    return path.reverse()
  }

  /** RFC 6962, 2.1.2: that the tree of the first `old` leaves is the beginning of this one. */
  async consistencyProof(old: number): Promise<Buffer[]> {
    const path: Buffer[] = []
    let [from, to] = [0, this.size]
    let isWhole = true
    while (from + old !== to) {
      const middle = from + largestPower(to - from)
      if (from + old <= middle) {
        path.push(await this.rootOf(middle, to))
        to = middle
      } else {
        path.push(await this.rootOf(from, middle))
        old -= middle - from
        from = middle
        isWhole = false
      }
    }
    if (!isWhole) path.push(await this.rootOf(from, to))
    return path.reverse()
  }

  private async complete(level: number, position: number): Promise<Buffer> {
    const kept = Math.floor(level / keptLevels) * keptLevels
    const count = 2 ** (level - kept)
    const first = position * count
    const tile = await this.tile(kept, Math.floor(first / 256))
    let row = tile.slice(first % 256, (first % 256) + count)
    if (row.length !== count)
      throw new Error(`The tree of ${this.size} leaves lacks nodes of level ${kept} at ${first}`)
    while (row.length > 1) row = pairsOf(row)
    return row[0] as Buffer
  }

  private tile(level: number, index: number): Promise<Buffer[]> {
    const key = `${level}/${index}`
    const known = this.tiles.get(key)
    if (known) return known
    const there = Math.floor(this.size / 2 ** level)
    const reading = this.read(level, index * 256, Math.min(256, there - index * 256))
    this.tiles.set(key, reading)
    return reading
  }
}

function pairsOf(row: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = []
  for (let index = 0; index + 1 < row.length; index += 2) {
    above.push(nodeOf(row[index] as Buffer, row[index + 1] as Buffer))
  }
  return above
}

/** The largest power of two below `count`. */
function largestPower(count: number): number {
  const power = 2 ** Math.floor(Math.log2(count))
  return power === count ? power / 2 : power
}

/** The root that follows from a leaf and its inclusion proof (RFC 9162, 2.1.3.2); undefined where the proof does not fit. */
export function rootFromInclusion(
  leaf: Buffer,
  position: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  if (!isCount(position) || !isCount(size) || position >= size) return undefined
  let [node, last, root] = [position, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return undefined
    if (node % 2 === 1 || node === last) {
      root = nodeOf(sibling, root)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      root = nodeOf(root, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 ? root : undefined
}

/** RFC 9162, 2.1.4.2: whether the tree of `oldRoot` is the beginning of the one of `newRoot`. */
export function isConsistent(
  old: { size: number; root: Buffer },
  now: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (!isCount(old.size) || !isCount(now.size) || old.size > now.size) return false
  if (old.size === now.size) return proof.length === 0 && old.root.equals(now.root)
  if (old.size === 0) return proof.length === 0
  const path = Number.isInteger(Math.log2(old.size)) ? [old.root, ...proof] : [...proof]
  let [node, last] = [old.size - 1, now.size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  const first = path.shift()
  if (!first) return false
  let [before, after] = [first, first]
  for (const step of path) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      before = nodeOf(step, before)
      after = nodeOf(step, after)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      after = nodeOf(after, step)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && before.equals(old.root) && after.equals(now.root)
}

/** Proofs come from strangers. */
const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0

const half = (value: number) => Math.floor(value / 2)

/** The trees of all tenants at one moment, in order of their ids: what a checkpoint signs the root of. */
export class Forest {
  private readonly trees = new Map<string, { size: number; root: Buffer }>()
  private order: string[] = []
  private rows: Buffer[][] = []
  private stale = new Set<string>()
  private isReordered = true

  set(tenantId: string, tree: { size: number; root: Buffer }): void {
    if (!this.trees.has(tenantId)) this.isReordered = true
    this.trees.set(tenantId, tree)
    this.stale.add(tenantId)
  }

  get(tenantId: string): { size: number; root: Buffer } | undefined {
    return this.trees.get(tenantId)
  }

  get tenants(): number {
    return this.trees.size
  }

  get size(): number {
    let size = 0
    for (const tree of this.trees.values()) size += tree.size
    return size
  }

  get root(): Buffer {
    this.settle()
    return this.rows.at(-1)?.[0] ?? emptyRoot
  }

  /** Where a tenant stands, and what is beside the way from it up to the root. */
  inclusionProof(tenantId: string): { position: number; path: Buffer[] } {
    this.settle()
    const position = this.order.indexOf(tenantId)
    const path: Buffer[] = []
    for (let [index, level] = [position, 0]; level < this.rows.length - 1; level++, index >>= 1) {
      const beside = this.rows[level]?.[index ^ 1]
      if (beside) path.push(beside)
    }
    return { position, path }
  }

  // Built from below, a last one without a partner goes up as it is: the same tree as RFC 6962 cuts from above.
  private settle(): void {
    if (this.isReordered) {
      this.order = [...this.trees.keys()].sort()
      this.rows = [this.order.map(id => treeLeaf(id, this.trees.get(id) as { size: number; root: Buffer }))]
      for (let row = this.rows[0] as Buffer[]; row.length > 1; ) {
        const above = pairsOf(row)
        if (row.length % 2 === 1) above.push(row.at(-1) as Buffer)
        this.rows.push(above)
        row = above
      }
    } else if (this.stale.size > 0) {
      const places = new Map(this.order.map((id, index) => [id, index]))
      for (const id of this.stale) this.update(id, places.get(id) as number)
    }
    this.isReordered = false
    this.stale.clear()
  }

  private update(id: string, place: number): void {
    let index = place
    const [leaves] = this.rows as [Buffer[]]
    leaves[index] = treeLeaf(id, this.trees.get(id) as { size: number; root: Buffer })
    for (let level = 1; level < this.rows.length; level++) {
      const below = this.rows[level - 1] as Buffer[]
      const left = index - (index % 2)
      const right = below[left + 1]
      index >>= 1
      const row = this.rows[level] as Buffer[]
      row[index] = right ? nodeOf(below[left] as Buffer, right) : (below[left] as Buffer)
    }
  }
}

/** A tenant's tree as a leaf of the installation's: SHA-256 of 0x00, the tenant's id, the size (8 bytes) and the root. */
export function treeLeaf(tenantId: string, tree: { size: number; root: Buffer }): Buffer {
  const bytes = Buffer.alloc(57)
  Buffer.from(tenantId.replaceAll('-', ''), 'hex').copy(bytes, 1)
  bytes.writeBigUInt64BE(BigInt(tree.size), 17)
  tree.root.copy(bytes, 25)
  return hash('sha256', bytes, 'buffer')
}
