import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  emptyRoot,
  Forest,
  GrowingTree,
  isConsistent,
  type Node,
  rootFromInclusion,
  StoredTree,
  treeLeaf,
} from './trees.ts'

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const leafOf = (index: number) => sha256(Buffer.from([0]), Buffer.from(`entry ${index}`))

/** RFC 6962, 2.1, word by word. */
function rootByTheBook(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0] as Buffer
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.from([1]), rootByTheBook(leaves.slice(0, k)), rootByTheBook(leaves.slice(k)))
}

function growTree(count: number): { leaves: Buffer[]; tree: GrowingTree; nodes: Node[] } {
  const leaves = Array.from({ length: count }, (_, index) => leafOf(index))
  const tree = new GrowingTree()
  const nodes: Node[] = []
  for (const leaf of leaves) tree.append(leaf, node => nodes.push(node))
  return { leaves, tree, nodes }
}

function storedTree({ leaves, nodes }: { leaves: Buffer[]; nodes: Node[] }, size = leaves.length) {
  const byPlace = new Map(nodes.map(node => [`${node.level}/${node.position}`, node.hash]))
  return new StoredTree(size, async (level, position, count) =>
    Array.from({ length: count }, (_, index) => {
      const found = level === 0 ? leaves[position + index] : byPlace.get(`${level}/${position + index}`)
      return found as Buffer
    }),
  )
}

test('PE-07 the tree of the log is the one of RFC 6962, however it grew', () => {
  assert.equal(
    emptyRoot.toString('hex'),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'the root of the empty tree, as RFC 6962 has it',
  )
  fc.assert(
    fc.property(fc.nat(700), fc.nat(700), (count, stop) => {
      const { leaves, tree, nodes } = growTree(count)
      assert.deepEqual(tree.root, rootByTheBook(leaves))
      const first = growTree(Math.min(stop, count))
      const goesOn = new GrowingTree(first.tree.size, first.tree.peaks)
      goesOn.appendAll(Buffer.concat(leaves.slice(goesOn.size)), node => first.nodes.push(node))
      assert.deepEqual(goesOn.root, tree.root, 'what was put down and taken up again, many at once')
      assert.deepEqual([goesOn.size, goesOn.peaks, first.nodes], [tree.size, tree.peaks, nodes])
    }),
    { numRuns: 60 },
  )
})

test('PE-07 every leaf is proved, and a proof fits no other leaf, place or size', async () => {
  const grown = growTree(700)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.nat(), fc.nat(), async (size, any, other) => {
      const position = any % size
      const stored = storedTree(grown, size)
      const path = await stored.inclusionProof(position)
      const root = rootByTheBook(grown.leaves.slice(0, size))
      const leaf = grown.leaves[position] as Buffer
      assert.deepEqual(rootFromInclusion(leaf, position, size, path), root)
      assert.deepEqual(await stored.rootOf(0, size), root)
      const elsewhere = (position + 1 + (other % 699)) % 700
      assert.notDeepEqual(rootFromInclusion(grown.leaves[elsewhere] as Buffer, position, size, path), root)
      if (elsewhere !== position) assert.notDeepEqual(rootFromInclusion(leaf, elsewhere, size, path), root)
      assert.notDeepEqual(rootFromInclusion(leaf, position, size, [...path, leaf]), root)
      if (path.length > 0) assert.notDeepEqual(rootFromInclusion(leaf, position, size, path.slice(1)), root)
    }),
    { numRuns: 100 },
  )
})

test('PE-07 an older tree is proved to be the beginning of a younger one, and no other is', async () => {
  const grown = growTree(700)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 700 }), async (one, other) => {
      const [old, size] = [Math.min(one, other), Math.max(one, other)]
      const before = { size: old, root: rootByTheBook(grown.leaves.slice(0, old)) }
      const now = { size, root: rootByTheBook(grown.leaves.slice(0, size)) }
      const proof = await storedTree(grown, size).consistencyProof(old)
      assert.ok(isConsistent(before, now, proof))
      assert.ok(!isConsistent({ ...before, root: leafOf(9_999) }, now, proof))
      assert.ok(!isConsistent(before, { ...now, root: leafOf(9_999) }, proof))
      if (old < size) assert.ok(!isConsistent({ ...before, size: old + 1 }, now, proof) || old + 1 === size)
    }),
    { numRuns: 100 },
  )
})

test('PE-07 the tree over the tenants is right after every change, and proves each of them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(12), fc.nat(1000)), { minLength: 1, maxLength: 40 }), steps => {
      const ids = Array.from({ length: 13 }, () => randomUUID())
      const forest = new Forest()
      const there = new Map<string, { size: number; root: Buffer }>()
      for (const [who, size] of steps) {
        const id = ids[who] as string
        const tree = { size, root: leafOf(size) }
        forest.set(id, tree)
        there.set(id, tree)
        const sorted = [...there].sort(([a], [b]) => (a < b ? -1 : 1))
        assert.deepEqual(forest.root, rootByTheBook(sorted.map(([key, value]) => treeLeaf(key, value))))
      }
      for (const [id, tree] of there) {
        const { position, path } = forest.inclusionProof(id)
        assert.deepEqual(rootFromInclusion(treeLeaf(id, tree), position, there.size, path), forest.root)
      }
    }),
    { numRuns: 30 },
  )
})
