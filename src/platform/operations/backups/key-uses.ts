import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** How many sealed or signed files of a folder, however deep, can be read with which key alone, by its id. */
export function countFilesByKey(folder: string): Map<string, number> {
  const counts = new Map<string, number>()
  if (!existsSync(folder)) return counts
  const head = Buffer.alloc(512)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const keyId = keyIdIn(head.subarray(0, readHead(join(entry.parentPath, entry.name), head)))
    if (keyId !== undefined) counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
  }
  return counts
}

/** Both kinds of files begin with JSON that names the key first: sealed ones after eight bytes, signed ones at once. */
function keyIdIn(head: Buffer): string | undefined {
  const isSealed = head.subarray(0, 4).toString('latin1') === 'CHB1'
  return /^\{"key":"([a-z0-9-]{1,32})"/.exec(head.subarray(isSealed ? 8 : 0).toString('latin1'))?.[1]
}

function readHead(path: string, head: Buffer): number {
  try {
    const descriptor = openSync(path, 'r')
    try {
      return readSync(descriptor, head, 0, head.length, 0)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    // It has expired meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
