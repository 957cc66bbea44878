import { closeSync, fstatSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * WAL tells a server to make a tablespace in the very directory of the original, which a copy would then write into. Takes
 * the directory out of such records, whereupon the server makes the tablespace inside of its own. Returns how many there were.
 */
export function keepTablespacesInside(pgWal: string): number {
  const segments = readdirSync(pgWal)
    .filter(name => /^[0-9A-F]{24}$/.test(name))
    .sort()
    .map(name => ({ name, path: join(pgWal, name) }))
  let found = 0
  let before: Walked | undefined
  let spare: Buffer | undefined
  for (const { name, path } of segments) {
    const segment: Walked = { name, path, bytes: readInto(spare, path), isChanged: false, open: undefined }
    found += walk(segment, before && follows(before, name) ? before : undefined)
    if (before?.isChanged) writeFileSync(before.path, before.bytes)
    // A record that goes on into a third segment is none of ours: what was in the first is of no more use.
    spare = before?.bytes
    before = segment
  }
  if (before?.isChanged) writeFileSync(before.path, before.bytes)
  return found
}

/** In the memory that is given, if it is as large. */
function readInto(memory: Buffer | undefined, path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const bytes = memory?.length === size ? memory : Buffer.allocUnsafeSlow(size)
    for (let read = 0, more = 1; more > 0; read += more) more = readSync(file, bytes, read, size - read, read)
    return bytes
  } finally {
    closeSync(file)
  }
}

type Walked = { name: string; path: string; bytes: Buffer; isChanged: boolean; open: Open | undefined }
type Piece = { segment: Walked; from: number; to: number }
/** A record that goes on on the next page. */
type Open = { pieces: Piece[]; missing: number }

// The places of xlog_internal.h and xlogrecord.h, the same from PostgreSQL 15 to 18.
const pageBytes = 8192
const [shortHeader, longHeader] = [24, 40]
const continues = 0x0001
const recordHeader = 24
const mostRecordBytes = 1020 * 2 ** 20
const tablespaceManager = 5

// 8 digits each of timeline, and of a number of which the last two or so count within the one before.
function follows(one: Walked, next: string): boolean {
  const perLog = 2 ** 32 / one.bytes.length
  const numberOf = (name: string) =>
    Number.parseInt(name.slice(8, 16), 16) * perLog + Number.parseInt(name.slice(16), 16)
  return numberOf(next) === numberOf(one.name) + 1
}

/** Records begin at multiples of eight and go on over pages, each of which begins with a header. */
function walk(segment: Walked, before: Walked | undefined): number {
  const { bytes } = segment
  let [found, at] = [0, 0]
  let open = before?.open
  while (at < bytes.length) {
    if (at % pageBytes === 0) {
      // Of a page that was never written.
      if (bytes.readUInt16LE(at) === 0) return found
      const isContinued = (bytes.readUInt16LE(at + 2) & continues) !== 0
      const missing = isContinued ? bytes.readUInt32LE(at + 16) : 0
      if (open?.missing !== missing) open = missing > 0 ? { pieces: [], missing } : undefined
      at += at === 0 ? longHeader : shortHeader
    }
    const pageEnd = (Math.floor(at / pageBytes) + 1) * pageBytes
    if (!open) {
      const length = bytes.readUInt32LE(at)
      if (length < recordHeader || length > mostRecordBytes) return found
      if (at + length <= pageEnd && bytes[at + 17] !== tablespaceManager) {
        at = aligned(at + length)
        continue
      }
      open = { pieces: [], missing: length }
    }
    const taken = Math.min(open.missing, pageEnd - at)
    // What is long tells of no tablespace.
    if (open.pieces.length < 3) open.pieces.push({ segment, from: at, to: at + taken })
    open.missing -= taken
    at = open.missing > 0 ? pageEnd : aligned(at + taken)
    if (open.missing > 0) continue
    if (change(open.pieces)) found++
    open = undefined
  }
  segment.open = open
  return found
}

const aligned = (position: number): number => Math.ceil(position / 8) * 8

function change(pieces: readonly Piece[]): boolean {
  const record = Buffer.concat(pieces.map(({ segment, from, to }) => segment.bytes.subarray(from, to)))
  const isWhole = record.length >= recordHeader && record.readUInt32LE(0) === record.length
  // XLOG_TBLSPC_CREATE is 0; dropping one says no directory.
  if (!isWhole || record[17] !== tablespaceManager || ((record[16] as number) & 0xf0) !== 0) return false
  if (checksumOf(record) !== record.readUInt32LE(20)) return false
  let at = recordHeader
  if (record[at] === 253) at += 3
  if (record[at] === 252) at += 5
  at += record[at] === 255 ? 2 : 5
  // Its number, and the path to the end.
  record.fill(0, at + 4)
  record.writeUInt32LE(checksumOf(record), 20)
  for (let [index, copied] = [0, 0]; index < pieces.length; index++) {
    const { segment, from, to } = pieces[index] as Piece
    record.copy(segment.bytes, from, copied, copied + to - from)
    copied += to - from
    segment.isChanged = true
  }
  return true
}

/** CRC-32C of what follows the header, then of the header up to the checksum. */
function checksumOf(record: Buffer): number {
  let sum = 0xffffffff
  for (const part of [record.subarray(recordHeader), record.subarray(0, 20)])
    for (const byte of part) sum = (castagnoli[(sum ^ byte) & 0xff] as number) ^ (sum >>> 8)
  return ~sum >>> 0
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0x82f63b78 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})
