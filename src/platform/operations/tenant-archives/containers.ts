import { randomBytes, scryptSync } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, createReadStream, createWriteStream, openSync, readFileSync, readSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { readAbout, readSealed, SealedWriter } from '../backups/sealed-files.ts'
import { readTar } from '../backups/tars.ts'
import { errors } from './errors.ts'

/** A file of more is no part of an archive: parts are cut at a few megabytes. */
const mostBytes = 64 * 2 ** 20
/** About 80 GB of rows. What stands in the manifest of each is held in memory. */
const mostParts = 20_000
const sealedName = 'tenant archive'

/** Takes the members of a tar, one after the other, into a file that is gzipped, or sealed with a passphrase. */
export type ArchiveWriter = {
  add(name: string, content: Buffer): Promise<void>
  /** The file is whole. */
  finish(): Promise<void>
  abandon(): Promise<void>
}

/** Never overwrites. */
export async function createArchive(path: string, passphrase: string | undefined): Promise<ArchiveWriter> {
  const sink = passphrase === undefined ? gzipSink(path) : await sealedSink(path, passphrase)
  return {
    async add(name, content) {
      await sink.write(headerOf(name, content.length))
      await sink.write(content)
      await sink.write(Buffer.alloc((512 - (content.length % 512)) % 512))
    },
    async finish() {
      await sink.write(Buffer.alloc(1024))
      await sink.finish()
    },
    abandon: sink.abandon,
  }
}

type Sink = { write(bytes: Buffer): Promise<void>; finish(): Promise<void>; abandon(): Promise<void> }

function gzipSink(path: string): Sink {
  const gzip = createGzip()
  const written = pipeline(gzip, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }))
  written.catch(() => {})
  return {
    async write(bytes) {
      if (!gzip.write(bytes)) await Promise.race([once(gzip, 'drain'), written])
    },
    async finish() {
      gzip.end()
      await written
    },
    async abandon() {
      gzip.destroy()
      await written.catch(() => {})
    },
  }
}

async function sealedSink(path: string, passphrase: string): Promise<Sink> {
  const salt = randomBytes(16).toString('base64')
  const keyring = keyringOf(passphrase, salt)
  const writer = await SealedWriter.create(path, keyring, sealedName, { salt })
  return {
    write: bytes => writer.write(bytes),
    finish: async () => void (await writer.finish()),
    abandon: () => writer.abandon(),
  }
}

/** The names and contents of the files of an archive, in order, each whole; it is never unpacked onto the disk. */
export async function readArchive(
  path: string,
  passphrase: string | undefined,
  take: (name: string, content: Buffer) => Promise<void>,
): Promise<void> {
  let name = ''
  let count = 0
  let parts: Buffer[] = []
  const damaged = (reason: string) => errors.damaged({ path, reason })
  try {
    await readTar(chunksOf(path, passphrase), {
      async begin(member) {
        if (!/^[\w./-]{1,255}$/.test(member.path)) throw damaged('a file in it has a name that no part has')
        if (++count > mostParts) throw damaged('it has more files than an archive has')
        if (member.kind !== 'file') throw damaged(`${member.path} is no file`)
        if (!Number.isSafeInteger(member.size) || member.size < 0 || member.size > mostBytes)
          throw damaged(`${member.path} has a size that no part has`)
        name = member.path
        parts = []
      },
      async data(bytes) {
        parts.push(bytes)
      },
      async end() {
        await take(name, Buffer.concat(parts))
      },
    })
  } catch (error) {
    if (error instanceof DomainError) throw error
    const { code = '', message } = error as { code?: string; message: string }
    if (code.startsWith('Z_') || message.startsWith('The tar ends'))
      throw errors.damaged({ path, reason: message }, error)
    throw error
  }
}

async function* chunksOf(path: string, passphrase: string | undefined): AsyncGenerator<Buffer> {
  const start = startOf(path)
  if (start.toString('latin1') === 'CHB1') {
    if (passphrase === undefined) throw errors.passphraseMissing({ path })
    const { salt } = readAbout(path)
    if (typeof salt !== 'string') throw errors.notAnArchive({ path, reason: 'it is a file of a backup.' })
    try {
      yield* readSealed(path, keyringOf(passphrase, salt), sealedName)
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause
      throw /frame 0/.test(cause.message)
        ? errors.passphraseWrong({ path }, cause)
        : errors.damaged({ path, reason: cause.message }, cause)
    }
    return
  }
  if (start[0] !== 0x1f || start[1] !== 0x8b)
    throw errors.notAnArchive({ path, reason: 'it is neither gzipped nor sealed.' })
  const plain = new PassThrough()
  const unpacked = pipeline(createReadStream(path), createGunzip(), plain)
  unpacked.catch(() => {})
  yield* plain as AsyncIterable<Buffer>
  await unpacked
}

function startOf(path: string): Buffer {
  const start = Buffer.alloc(4)
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (cause) {
    throw errors.notAnArchive({ path, reason: 'it cannot be read.' }, cause)
  }
  try {
    readSync(descriptor, start, 0, 4, 0)
    return start
  } finally {
    closeSync(descriptor)
  }
}

/** A file's first line: so it is neither in the list of processes nor in the shell's history. */
export function readPassphrase(path: string): string {
  const [passphrase = ''] = readFileSync(path, 'utf8').split(/\r?\n/)
  if (passphrase.length < 12) throw errors.passphraseShort()
  return passphrase
}

/** scrypt as OWASP asks for it: 2¹⁷, 8, 1. */
function keyringOf(passphrase: string, salt: string): Keyring {
  const key = scryptSync(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 32, {
    N: 2 ** 17,
    r: 8,
    p: 1,
    maxmem: 2 ** 28,
  })
  return Keyring.parse(`passphrase:${key.toString('base64')}`)
}

/** ustar (POSIX.1-1988), as every tar reads it. */
function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0, 100, 'utf8')
  header.write(octal(0o600, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(size, 11), 124)
  header.write(octal(0, 11), 136)
  header.fill(' ', 148, 156)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  return header
}
