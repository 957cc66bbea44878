import { closeSync, existsSync, openSync, readSync } from 'node:fs'

/**
 * The pages of a table to which its primary key leads from a tenant's id, with which each of its entries begins: the pages of all of
 * his rows, and of some that went. Undefined where it is none that can be read. As its file is (nbtree.h, itup.h): what is in the
 * memory of a server alone is not seen.
 */
export function pagesByKey(path: string, tenantId: string): number[] | undefined {
  const id = Buffer.from(tenantId.replaceAll('-', ''), 'hex')
  const found = new Set<number>()
  const memory = Buffer.allocUnsafeSlow(1024 * blockBytes)
  for (let segment = path, number = 0; existsSync(segment); segment = `${path}.${++number}`) {
    const file = openSync(segment, 'r')
    try {
      for (let length = readSync(file, memory); length > 0; length = readSync(file, memory)) {
        const pages = memory.subarray(0, length)
        for (let at = pages.indexOf(id); at !== -1; ) {
          const from = at - (at % blockBytes)
          const page = pages.subarray(from, from + blockBytes)
          if (!addPages(page, id, found)) return undefined
          at = pages.indexOf(id, from + blockBytes)
        }
      }
    } finally {
      closeSync(file)
    }
  }
  return [...found].toSorted((one, other) => one - other)
}

const blockBytes = 8192
const headerBytes = 24
const specialBytes = 16
const [leaf, gone] = [0b1, 0b1_0100]
/** In the sixth byte pair of an entry: it leads not to one row, but to as many as its place says, or is none of a row. */
const [isOther, isOfSeveral, amount] = [0x2000, 0x2000, 0x0fff]

/** False where it is no page of a B-tree. */
function addPages(page: Buffer, id: Buffer, into: Set<number>): boolean {
  const [end, special] = [page.readUInt16LE(12), page.readUInt16LE(16)]
  if (page.length !== blockBytes || special !== blockBytes - specialBytes || end > special) return false
  const [next, flags] = [page.readUInt32LE(special + 4), page.readUInt16LE(special + 12)]
  if ((flags & leaf) === 0 || (flags & gone) !== 0) return true
  // Unless it is the last page, its first entry only says where it ends.
  for (let item = headerBytes + (next === 0 ? 0 : 4); item < end; item += 4) {
    const entry = page.readUInt32LE(item) & 0x7fff
    if (entry === 0 || page.compare(id, 0, id.length, entry + 8, entry + 8 + id.length) !== 0) continue
    const [place, about] = [page.readUInt16LE(entry + 4), page.readUInt16LE(entry + 6)]
    if ((about & isOther) === 0) into.add(pageAt(page, entry))
    else if ((place & isOfSeveral) !== 0) {
      const list = entry + pageAt(page, entry)
      for (let row = 0; row < (place & amount); row++) into.add(pageAt(page, list + 6 * row))
    }
  }
  return true
}

/** The number of a page has its upper half first. */
const pageAt = (page: Buffer, at: number): number => page.readUInt16LE(at) * 65_536 + page.readUInt16LE(at + 2)
