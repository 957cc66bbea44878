import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { errors } from './errors.ts'

/** A piece of a file that ends with a line, except perhaps the last; damaged if its bytes were not valid UTF-8. */
export type TextPiece = { text: string; isDamaged: boolean }

export type TextFile = {
  /** Size as it lies there, compressed or not. */
  bytes: number
  bytesRead(): number
  sha256(): string
  pieces(): AsyncGenerator<TextPiece>
}

const lineFeed = 10

// Records shrink to a fifth or a twentieth; a few bytes that unpack to a disk full are made for that.
const inflatedTimes = 100
const inflatedAnyway = 100_000_000

/**
 * Opens a text file, compressed with gzip or not (told by its content, not by its name); refusals say `name` for its path.
 * One that unpacks to more than a hundred times its size, and more than 100 MB, is refused there.
 */
export async function openTextFile(
  path: string,
  { signal, name = path }: { signal?: AbortSignal | undefined; name?: string | undefined } = {},
): Promise<TextFile> {
  const { bytes, isCompressed, isArchive } = await inspect(path)
  if (bytes === 0) throw errors.empty({ path: name })
  if (isArchive) throw errors.archive({ path: name })
  const digest = createHash('sha256')
  let bytesRead = 0
  let sum: string | undefined

  async function* pieces(): AsyncGenerator<TextPiece> {
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytesRead += chunk.length
        digest.update(chunk)
        done(null, chunk)
      },
    })
    // Bigger pieces make strings that only a major collection frees: 349 MB at the peak instead of 277.
    const source = createReadStream(path, { highWaterMark: 64 * 1024, signal })
    const settled = () => {}
    const stream = isCompressed
      ? pipeline(source, meter, createGunzip({ chunkSize: 64 * 1024 }), settled)
      : pipeline(source, meter, settled)
    const limit = isCompressed ? Math.max(inflatedAnyway, bytes * inflatedTimes) : Number.POSITIVE_INFINITY
    let inflated = 0
    let rest: Buffer = Buffer.alloc(0)
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        inflated += chunk.length
        if (inflated > limit) throw errors.inflated({ path: name, times: inflatedTimes })
        const end = chunk.lastIndexOf(lineFeed) + 1
        // A line longer than this has no end: it goes on in pieces and the reader gives it up.
        if (end === 0 && rest.length < 4_000_000) {
          rest = Buffer.concat([rest, chunk])
          continue
        }
        const cut = end === 0 ? chunk.length : end
        yield decode(rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, cut)]) : chunk.subarray(0, cut))
        rest = Buffer.from(chunk.subarray(cut))
      }
    } catch (error) {
      if (signal?.aborted) throw errors.interrupted({}, error)
      if (isCompressed && isCompressionError(error)) throw errors.damaged({ path: name, reason: error.message }, error)
      if (isSystemError(error)) throw errors.unreadable({ path: name, reason: error.message }, error)
      throw error
    }
    if (rest.length > 0) yield decode(rest)
  }

  return { bytes, bytesRead: () => bytesRead, sha256: () => (sum ??= digest.digest('hex')), pieces }
}

const decode = (bytes: Buffer): TextPiece => ({ text: bytes.toString('utf8'), isDamaged: !isUtf8(bytes) })

async function inspect(path: string): Promise<{ bytes: number; isCompressed: boolean; isArchive: boolean }> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      const start = Buffer.alloc(4)
      await file.read(start, 0, 4, 0)
      return {
        bytes: size,
        isCompressed: start[0] === 0x1f && start[1] === 0x8b,
        isArchive: start.toString('latin1') === 'PK\u0003\u0004',
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!isSystemError(error)) throw error
    if (error.code === 'ENOENT') throw errors.notFound({ path }, error)
    throw errors.unreadable({ path, reason: error.message }, error)
  }
}

type SystemError = Error & { code: string }

const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code)

const isCompressionError = (error: unknown): error is SystemError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
