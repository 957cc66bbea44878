import { createHash } from 'node:crypto'
import { to as copyTo } from 'pg-copy-streams'
import type { Side } from '#platform/database'
import type { ArchiveWriter } from './containers.ts'
import type { ArchivedFile } from './manifests.ts'

/** A part is cut at the end of the line that goes beyond. */
const partBytes = 4 * 2 ** 20

export type Parts = { rows: number; files: ArchivedFile[] }

/** Writes lines into files `<path>.0001.jsonl` …; none where there are no lines. Only one part is in memory. */
export async function writeParts(
  archive: ArchiveWriter,
  path: string,
  lines: AsyncIterable<Buffer> | Iterable<Buffer>,
  onPart: (rows: number) => void,
): Promise<Parts> {
  const parts: Parts = { rows: 0, files: [] }
  let pending: Buffer[] = []
  let pendingBytes = 0
  const cut = async () => {
    const content = Buffer.concat(pending)
    pending = []
    pendingBytes = 0
    if (content.length === 0) return
    const file = {
      path: `${path}.${String(parts.files.length + 1).padStart(4, '0')}.jsonl`,
      rows: countLines(content),
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }
    await archive.add(file.path, content)
    parts.rows += file.rows
    parts.files.push(file)
    onPart(parts.rows)
  }
  for await (const chunk of lines) {
    pending.push(chunk)
    pendingBytes += chunk.length
    const end = chunk.lastIndexOf(10)
    if (pendingBytes < partBytes || end === -1) continue
    const rest = chunk.subarray(end + 1)
    pending[pending.length - 1] = chunk.subarray(0, end + 1)
    await cut()
    pending = [rest]
    pendingBytes = rest.length
  }
  await cut()
  return parts
}

/**
 * What a query of one column of JSON gives, a line each. JSON has no control characters, so that with these two nothing is
 * quoted and no line is split.
 */
export function readLines(side: Side, query: string): AsyncIterable<Buffer> {
  return side.query(copyTo(`copy (${query}) to stdout (format csv, quote e'\\x01', delimiter e'\\x02')`))
}

export const linesOf = (values: readonly unknown[]): Buffer[] =>
  values.map(value => Buffer.from(`${JSON.stringify(value)}\n`))

function countLines(content: Buffer): number {
  let lines = 0
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) lines++
  return lines
}
