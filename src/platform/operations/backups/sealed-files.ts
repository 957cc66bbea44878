import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { constants, createZstdCompress, zstdDecompress } from 'node:zlib'
import type { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { errors } from './errors.ts'

/**
 * A file of a backup: compressed, encrypted, and such that no change of it goes unseen.
 *
 * `CHB1`, the length of the header (4 bytes), the header as JSON, then frames: the length (4 bytes) of what follows,
 * 1 for the last one else 0 (1 byte), and at most 1 MiB of content, compressed with zstd and encrypted with AES-256-GCM
 * under a key of this file alone (HKDF of the installation's key, salted). The nonce is the frame's number; the header
 * and the mark of the last frame are authenticated with each: frames cannot be exchanged, left out or cut off, nor
 * files be given each other's names.
 */
type Header = { key: string; salt: string; name: string; about?: Record<string, unknown> }

/** What was written: `bytes` on the disk with their SHA-256, `plainBytes` before. */
export type Written = { bytes: number; plainBytes: number; sha256: string }

const magic = Buffer.from('CHB1')
const frameBytes = 2 ** 20
const zeros = Buffer.alloc(frameBytes)
/** Frames at work at a time: compression runs beside this thread. */
const ahead = 4
const mostUnsynced = 16 * 2 ** 20
const decompress = promisify(zstdDecompress)
/** By default each 16 kB of what comes out would be a turn of its own, with memory of its own. */
const decompressFrame = (frame: Buffer): Promise<Buffer> =>
  decompress(frame, { chunkSize: Math.min(frameBytes + 64, 16_384 + 8 * frame.length) })

async function decompressAway(frame: Buffer): Promise<Buffer> {
  try {
    return await decompressFrame(frame)
  } finally {
    release(frame)
  }
}

const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  chunkSize: 256 * 1024,
  // What is written at once is a whole of its own.
  flush: constants.ZSTD_e_end,
}

/** Compresses one frame after the other in the same memory: a new one for each would have all the program's memory collected again and again. */
class Compressor {
  private readonly stream = createZstdCompress(compression)
  private parts: Buffer[] = []

  constructor() {
    this.stream.on('data', part => this.parts.push(part))
    // Told to who writes.
    this.stream.on('error', () => {})
  }

  async compress(plain: Buffer): Promise<Buffer[]> {
    await new Promise<void>((resolve, reject) => this.stream.write(plain, error => (error ? reject(error) : resolve())))
    const { parts } = this
    this.parts = []
    return parts
  }

  end(): void {
    this.stream.destroy()
  }
}

/** Writes one sealed file. What is written is on the disk when `finish` (or `flush`) resolves. */
export class SealedWriter {
  private readonly file: FileHandle
  private readonly key: Buffer
  private readonly header: Buffer
  private readonly hash = createHash('sha256')
  private frame: Buffer | undefined
  private frameLength = 0
  /** Used again: what is allocated for each frame has to be collected. */
  private readonly spare: Buffer[] = []
  private readonly compressors: Compressor[] = []
  private frames = 0
  private readonly inFlight: Promise<void>[] = []
  private tail: Promise<void> = Promise.resolve()
  private failure: unknown
  private bytes = 0
  private plainBytes = 0
  private unsyncedBytes = 0
  private syncing: Promise<void> | undefined

  private constructor(file: FileHandle, key: Buffer, header: Buffer) {
    this.file = file
    this.key = key
    this.header = header
  }

  /** `name` is what the file is, wherever it lies; `about` can be read without opening it. Never overwrites. */
  static async create(path: string, keyring: Keyring, name: string, about?: Header['about']): Promise<SealedWriter> {
    const { keyId, key } = keyring.keyFor(purpose)
    const salt = randomBytes(32)
    const header = Buffer.from(
      JSON.stringify({ key: keyId, salt: salt.toString('base64'), name, ...(about && { about }) }),
    )
    const writer = new SealedWriter(await open(path, 'wx', 0o600), fileKey(key, salt, name), digestOf(header))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(header.length)
    await writer.put([magic, length, header])
    return writer
  }

  /** Copies the bytes. Resolves when there is room for more. */
  async write(chunk: Buffer): Promise<void> {
    await this.take(chunk)
  }

  /** The same without a promise for each chunk: returns one only where more has to wait. */
  take(chunk: Buffer): Promise<void> | undefined {
    for (let taken = 0; taken < chunk.length; ) {
      this.frame ??= this.spare.pop() ?? Buffer.allocUnsafeSlow(frameBytes)
      const copied = chunk.copy(this.frame, this.frameLength, taken)
      taken += copied
      this.frameLength += copied
      if (this.frameLength === frameBytes) this.beginFrame(false)
    }
    return this.inFlight.length > ahead || this.failure !== undefined ? this.waitForRoom() : undefined
  }

  /** Puts what there is on the disk, in a frame of its own. */
  async flush(): Promise<void> {
    if (this.frameLength > 0) this.beginFrame(false)
    await this.settle()
    await this.file.datasync()
  }

  async finish(): Promise<Written> {
    this.beginFrame(true)
    try {
      await this.settle()
      await this.file.sync()
    } finally {
      await this.close()
    }
    return { bytes: this.bytes, plainBytes: this.plainBytes, sha256: this.hash.digest('hex') }
  }

  /** Closes a file that stays unfinished. */
  async abandon(): Promise<void> {
    await this.tail.catch(() => {})
    await this.close().catch(() => {})
  }

  private async close(): Promise<void> {
    for (const compressor of this.compressors) compressor.end()
    await this.syncing
    await this.file.close()
  }

  private async settle(): Promise<void> {
    await this.tail
    await this.syncing
    if (this.failure !== undefined) throw this.failure
  }

  private async waitForRoom(): Promise<void> {
    // For the oldest alone: the others are compressed meanwhile.
    while (this.inFlight.length > ahead) await this.inFlight[0]
    if (this.failure !== undefined) throw this.failure
  }

  private beginFrame(isLast: boolean): void {
    const frame = this.frame ?? Buffer.alloc(0)
    const plain = frame.subarray(0, this.frameLength)
    this.frame = undefined
    this.frameLength = 0
    this.plainBytes += plain.length
    const number = this.frames++
    const compressed = this.compress(frame, plain)
    compressed.catch(() => {})
    this.tail = this.tail
      .then(async () => {
        if (this.failure !== undefined) return
        const parts = sealFrame(this.key, this.header, number, isLast, await compressed)
        await this.put(parts)
        for (const part of parts) release(part)
      })
      .catch(error => {
        this.failure ??= error
      })
      .finally(() => void this.inFlight.shift())
    this.inFlight.push(this.tail)
  }

  private async compress(frame: Buffer, plain: Buffer): Promise<Buffer[]> {
    const compressor = this.compressors.pop() ?? new Compressor()
    const compressed = await compressor.compress(plain)
    this.compressors.push(compressor)
    if (frame.length > 0) this.spare.push(frame)
    return compressed
  }

  private async put(parts: Buffer[]): Promise<void> {
    for (const part of parts) {
      this.hash.update(part)
      this.bytes += part.length
    }
    const rest = [...parts]
    while (rest.length > 0) {
      let { bytesWritten } = await this.file.writev(rest)
      for (let next = rest[0]; next && bytesWritten >= next.length; next = rest[0]) {
        bytesWritten -= next.length
        rest.shift()
      }
      if (rest[0]) rest[0] = rest[0].subarray(bytesWritten)
    }
    this.syncBehind(parts.reduce((sum, part) => sum + part.length, 0))
  }

  /** To the disk while more comes, and not all of it at the end. */
  private syncBehind(written: number): void {
    this.unsyncedBytes += written
    if (this.unsyncedBytes < mostUnsynced || this.syncing) return
    this.unsyncedBytes = 0
    this.syncing = this.file
      .datasync()
      .catch(error => {
        // Told once: the sync at the end would not tell again.
        this.failure ??= error
      })
      .finally(() => {
        this.syncing = undefined
      })
  }
}

type ReadOptions = {
  /** The file may lack its end (it is still being written, or was when its program died): what is whole counts. */
  isOpen?: boolean
  /** Which part of the content is of no use: such frames come as zeros, neither opened nor checked, nor read without `onHash`. */
  isUseless?: (from: number, to: number) => boolean
  /** Told the SHA-256 of the file at the end, for which all of it is read. */
  onHash?: (sha256: string) => void
  /** A part is there only until the one after the next is asked for. */
  isPassing?: boolean
}

/** The content of a sealed file, in order, each part only after it was found to be what was written. */
export async function* readSealed(
  path: string,
  keyring: Keyring,
  name: string,
  options: ReadOptions = {},
): AsyncGenerator<Buffer> {
  const file = await open(path, 'r').catch(cause => {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT' ? errors.fileMissing({ path }, cause) : cause
  })
  const hash = options.onHash && createHash('sha256')
  const plain: Promise<Buffer>[] = []
  const memory = Buffer.allocUnsafeSlow(2 * frameBytes)
  const passed: Buffer[] = []
  const pass = (part: Buffer): Buffer => {
    if (options.isPassing && passed.push(part) > 2) release(passed.shift() as Buffer)
    return part
  }
  try {
    const { take, skip } = takerOf(file, hash, memory)
    const start = await take(8)
    if (!start?.subarray(0, 4).equals(magic))
      throw errors.fileAltered({ path, reason: 'it does not begin as a backup does' })
    const encoded = start.readUInt32BE(4) <= 65_536 ? await take(start.readUInt32BE(4)) : undefined
    if (!encoded) throw errors.fileTruncated({ path, reason: 'its header is not whole' })
    const { key: keyId, salt, name: found } = headerOf(encoded, path)
    if (found !== name) throw errors.fileAltered({ path, reason: `it is ${found} under another name` })
    const key = fileKey(openKey(keyring, keyId, path), Buffer.from(salt, 'base64'), name)
    const header = digestOf(encoded)
    for (let number = 0, isLast = false; !isLast; number++) {
      const from = number * frameBytes
      const isSkipped = options.isUseless?.(from, from + frameBytes) ?? false
      const begin = await take(5, isSkipped)
      const [length, mark] = begin ? [begin.readUInt32BE(0), begin[4] as number] : []
      if (length !== undefined && (length === 0 || length > 2 * frameBytes))
        throw errors.fileAltered({ path, reason: `frame ${number} has an impossible length` })
      const isUseless = isSkipped && mark === 0
      const sealed = length === undefined ? undefined : await (isUseless ? skip(length - 1) : take(length - 1))
      if (!sealed || mark === undefined) {
        if (options.isOpen) break
        throw errors.fileTruncated({ path, reason: `it ends in frame ${number}` })
      }
      isLast = mark === 1
      const opened = isUseless
        ? Promise.resolve(zeros)
        : decompressAway(openFrame(key, header, number, mark, sealed, path))
      opened.catch(() => {})
      plain.push(opened)
      if (plain.length > ahead) yield pass(await (plain.shift() as Promise<Buffer>))
    }
    for (let next = plain.shift(); next; next = plain.shift()) yield pass(await next)
    if ((await take(1)) !== undefined && !options.isOpen)
      throw errors.fileAltered({ path, reason: 'something follows its last frame' })
    if (hash) options.onHash?.(hash.digest('hex'))
  } catch (error) {
    // What was found whole before the fault is still good, and a file that is still written is read to there.
    for (const next of plain) yield await next
    throw error
  } finally {
    release(memory)
    await file.close()
  }
}

/**
 * Gives the memory of a part that was read back at once. Left to the collector, each 30 MB or so that were read have it go through
 * all that the program holds: a third of the time that it takes to lay out a backup.
 */
export function release(part: Buffer): void {
  if (part !== zeros && part.buffer.byteLength > Buffer.poolSize) (part.buffer as ArrayBuffer).transfer(0)
}

/** What the writer of a sealed file said about it; not proved before the file was read. */
export function readAbout(path: string): Record<string, unknown> {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(4096)
    const length = readSync(descriptor, bytes, 0, bytes.length, 0)
    const end = 8 + (length >= 8 ? bytes.readUInt32BE(4) : 0)
    if (!bytes.subarray(0, 4).equals(magic) || end > length)
      throw errors.fileAltered({ path, reason: 'it does not begin as a backup does' })
    return headerOf(bytes.subarray(8, end), path).about ?? {}
  } finally {
    closeSync(descriptor)
  }
}

/** Writes JSON that cannot be changed without the key: complete under its name, or not at all. */
export async function writeSigned(path: string, keyring: Keyring, value: object, isDurable = true): Promise<void> {
  const { keyId, key } = keyring.keyFor(`${purpose} signatures`)
  const content = JSON.stringify(value)
  const mac = createHmac('sha256', key).update(content).digest('hex')
  const file = await open(`${path}.part`, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ key: keyId, mac })}\n${JSON.stringify(value, null, 2)}\n`)
    if (isDurable) await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
  if (isDurable) await syncDirectory(dirname(path))
}

export function readSigned<T>(path: string, keyring: Keyring): T {
  const text = readFileSync(path, 'utf8')
  const end = text.indexOf('\n')
  try {
    const { key: keyId, mac } = JSON.parse(text.slice(0, end)) as { key: string; mac: string }
    const value = JSON.parse(text.slice(end + 1)) as T
    const key = openKey(keyring, keyId, path, `${purpose} signatures`)
    const expected = createHmac('sha256', key).update(JSON.stringify(value)).digest()
    const found = Buffer.from(mac, 'hex')
    if (found.length !== expected.length || !timingSafeEqual(found, expected))
      throw errors.fileAltered({
        path,
        reason: `its signature does not fit, or the key ${keyId} is not the one of then`,
      })
    return value
  } catch (error) {
    if (error instanceof DomainError) throw error
    throw errors.fileAltered({ path, reason: 'it cannot be read' }, error)
  }
}

/** So that a name in it is still there after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const purpose = 'backups'

const digestOf = (header: Buffer): Buffer => createHash('sha256').update(header).digest()

const fileKey = (key: Buffer, salt: Buffer, name: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, `commonhold backup ${name}`, 32))

function openKey(keyring: Keyring, keyId: string, path: string, of = purpose): Buffer {
  try {
    return keyring.keyFor(of, keyId).key
  } catch (cause) {
    throw errors.keyMissing({ path, keyId }, cause)
  }
}

function headerOf(bytes: Buffer, path: string): Header {
  try {
    return JSON.parse(bytes.toString()) as Header
  } catch (cause) {
    throw errors.fileAltered({ path, reason: 'its header cannot be read' }, cause)
  }
}

function sealFrame(key: Buffer, header: Buffer, number: number, isLast: boolean, content: Buffer[]): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number))
  const mark = Buffer.from([isLast ? 1 : 0])
  cipher.setAAD(Buffer.concat([header, mark]))
  const sealed = content.map(part => cipher.update(part))
  cipher.final()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(1 + sealed.reduce((sum, part) => sum + part.length, 0) + 16)
  return [length, mark, ...sealed, cipher.getAuthTag()]
}

function openFrame(key: Buffer, header: Buffer, number: number, mark: number, sealed: Buffer, path: string): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number))
    decipher.setAAD(Buffer.concat([header, Buffer.from([mark])]))
    decipher.setAuthTag(sealed.subarray(-16))
    const content = decipher.update(sealed.subarray(0, -16))
    decipher.final()
    return content
  } catch (cause) {
    throw errors.fileAltered({ path, reason: `frame ${number} is not what was written` }, cause)
  }
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 6, 6)
  return nonce
}

/** Of reads at once, which let nobody else have his turn. */
const mostQuick = 64

/**
 * `take` gives so many bytes of the file, at most two frames, that are there until the next are taken, or undefined where it ends
 * before; with `isAlone` nothing is read ahead, and a few bytes at once: thousands of frames may be passed over. `skip` passes over them,
 * read only if they are hashed.
 */
function takerOf(file: FileHandle, hash: { update(bytes: Buffer): unknown } | undefined, memory: Buffer) {
  let [from, to, position, quick] = [0, 0, 0, 0]
  const take = async (count: number, isAlone = false): Promise<Buffer | undefined> => {
    while (to - from < count) {
      memory.copyWithin(0, from, to)
      ;[from, to] = [0, to - from]
      const isLittle = isAlone && !hash
      const wanted = (isLittle ? count : memory.length) - to
      const bytesRead =
        isLittle && ++quick % mostQuick !== 0
          ? readSync(file.fd, memory, to, wanted, position)
          : (await file.read(memory, to, wanted, position)).bytesRead
      if (bytesRead === 0) return undefined
      hash?.update(memory.subarray(to, to + bytesRead))
      to += bytesRead
      position += bytesRead
    }
    from += count
    return memory.subarray(from - count, from)
  }
  const skip = async (count: number): Promise<Buffer | undefined> => {
    if (hash) return await take(count)
    const held = Math.min(count, to - from)
    from += held
    position += count - held
    return zeros
  }
  return { take, skip }
}
