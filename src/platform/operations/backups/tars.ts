/** One member of a tar: a file, a directory or a link. */
export type Member = {
  path: string
  kind: 'file' | 'directory' | 'link'
  size: number
  mode: number
  target: string
  /** Where its content ends in the tar; only where it is read. */
  end?: number
}

/** What takes the members of a tar, in order: `begin`, then the bytes of a file, each until the next call has ended, then `end`. */
export type MemberSink = {
  begin(member: Member): Promise<void>
  data(bytes: Buffer): Promise<void>
  end(): Promise<void>
}

/** Reads a tar as PostgreSQL writes it (ustar, no long names), however it is cut into pieces. */
export async function readTar(chunks: AsyncIterable<Buffer>, sink: MemberSink): Promise<void> {
  let held: Buffer = Buffer.alloc(0)
  let head: Buffer = Buffer.alloc(0)
  let left = 0
  let padding = 0
  let isOpen = false
  let taken = 0
  for await (const chunk of chunks) {
    taken += chunk.length
    held = chunk
    for (;;) {
      if (isOpen && left > 0) {
        const bytes = held.subarray(0, Math.min(left, held.length))
        if (bytes.length === 0) break
        held = held.subarray(bytes.length)
        left -= bytes.length
        await sink.data(bytes)
        continue
      }
      if (isOpen) {
        await sink.end()
        isOpen = false
      }
      if (padding > 0) {
        const skipped = Math.min(padding, held.length)
        held = held.subarray(skipped)
        padding -= skipped
        if (padding > 0) break
      }
      const part = held.subarray(0, 512 - head.length)
      held = held.subarray(part.length)
      head = head.length === 0 ? part : Buffer.concat([head, part])
      if (head.length < 512) break
      const header = head
      head = Buffer.alloc(0)
      // Two empty blocks end it, and PostgreSQL may leave them out.
      if (header[0] === 0) continue
      const member = memberOf(header)
      await sink.begin({ ...member, end: taken - held.length + member.size })
      left = member.size
      padding = (512 - (member.size % 512)) % 512
      isOpen = true
    }
  }
  if (isOpen && left > 0) throw new Error('The tar ends within a file')
  if (isOpen) await sink.end()
}

/** Counts the files of a tar that passes, however it is cut into pieces. */
export class FileCounter {
  files = 0
  private head = Buffer.alloc(0)
  private skipped = 0

  take(bytes: Buffer): void {
    for (let at = Math.min(this.skipped, bytes.length), left = this.skipped - at; ; ) {
      this.skipped = left
      if (at === bytes.length) return
      const part = bytes.subarray(at, at + 512 - this.head.length)
      this.head = Buffer.concat([this.head, part])
      at += part.length
      if (this.head.length < 512) return
      const { head } = this
      this.head = Buffer.alloc(0)
      if (head[0] !== 0) {
        const { kind, size } = memberOf(head)
        if (kind === 'file') this.files++
        left = Math.ceil(size / 512) * 512
      }
      const jump = Math.min(left, bytes.length - at)
      at += jump
      left -= jump
    }
  }
}

function memberOf(header: Buffer): Member {
  const text = (from: number, to: number) => {
    const field = header.subarray(from, to)
    const end = field.indexOf(0)
    return field.subarray(0, end === -1 ? field.length : end).toString()
  }
  const prefix = text(345, 500)
  const kind = ({ 5: 'directory', 2: 'link' } as const)[text(156, 157)] ?? 'file'
  return {
    path: (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100)).replace(/^\.\//, '').replace(/\/$/, ''),
    kind,
    size: kind === 'file' ? numberOf(header.subarray(124, 136)) : 0,
    mode: numberOf(header.subarray(100, 108)) & 0o777,
    target: text(157, 257),
  }
}

/** Octal digits, or in base 256 what these cannot hold (8 GB and more). */
function numberOf(field: Buffer): number {
  if (((field[0] as number) & 0x80) === 0) return Number.parseInt(field.toString().replace(/[\0 ]/g, '') || '0', 8)
  return Number(BigInt(`0x${field.toString('hex')}`) & ((1n << BigInt(field.length * 8 - 2)) - 1n))
}
