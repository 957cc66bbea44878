import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Archive, type Backup, explain } from './catalogue.ts'
import { walkBackup } from './contents.ts'
import { errors } from './errors.ts'
import type { LeftFile } from './left-pages.ts'
import type { Omissions } from './omissions.ts'
import type { Plan } from './plans.ts'
import { parseLsn } from './positions.ts'
import { release } from './sealed-files.ts'
import { keepTablespacesInside } from './tablespace-records.ts'
import type { Member, MemberSink } from './tars.ts'
import { readWalParts, type WalFile } from './wal-files.ts'

export type RestoreProgress = { bytes: number; expectedBytes: number }

/**
 * Lays out a cluster as the plan says, for a server that then recovers, with its tablespaces inside of it. Each file that is read is
 * held against its manifest. Returns files that were left holes, of which pages may be wanted later.
 */
export async function layOut(
  archive: Archive,
  plan: Plan,
  directory: string,
  onProgress: (progress: RestoreProgress) => void = () => {},
  omissions?: Omissions,
): Promise<ReadonlyMap<string, LeftFile>> {
  const expectedBytes = plan.chain.reduce((sum, backup) => sum + backup.plainBytes, 0)
  requireRoom(dirname(directory), expectedBytes + plan.likely * (plan.chain[0]?.walSegmentBytes ?? 0))
  let bytes = 0
  const made = new Set<string>()
  const left = new Map<string, LeftFile>()
  try {
    mkdirSync(directory, { mode: 0o700 })
    for (const backup of plan.chain) {
      const kept = new Set<string>()
      const layer: Layer = { directory, kept, made, isOnOthers: backup !== plan.chain[0], omissions, backup, left }
      await walkBackup(archive, backup, {
        sink: (path, member) => layerSink(layer, path, member),
        isOmitted: omissions && ((path, member) => leaveOut(layer, omissions, path, member)),
        onBytes: count => {
          bytes += count
          onProgress({ bytes, expectedBytes })
        },
        onFault: fault => {
          throw fault
        },
      })
      if (backup.kind === 'incremental') await removeOthers(directory, kept, backup)
    }
    await layOutWal(archive, plan, directory, plan.likely)
    return left
  } catch (error) {
    throw explain(dirname(directory), error)
  }
}

/** The first so many segments after the backup, and the histories of all timelines. */
export async function layOutWal(archive: Archive, plan: Plan, directory: string, count: number): Promise<void> {
  const folder = join(directory, 'pg_wal')
  mkdirSync(join(folder, 'archive_status'), { recursive: true, mode: 0o700 })
  if (!('backup' in plan.target)) {
    for (const { name, text } of plan.histories) writeFileSync(join(folder, name), text, { mode: 0o600 })
  }
  const size = plan.chain.at(-1)?.walSegmentBytes ?? 2 ** 24
  for (const file of plan.wal.slice(0, count)) {
    const path = join(folder, file.name)
    if (existsSync(path) && file.isPartial) continue
    const parts = await readWalParts(archive, file)
    requireWhole(
      file,
      parts.reduce((sum, part) => sum + part.length, 0),
      plan,
      size,
    )
    writeSegment(path, parts, size)
    for (const part of parts) release(part)
  }
  const more = keepTablespacesInside(folder)
  const isAllowed = readdirSync(join(directory, 'pg_tblspc')).length > 0 || more > 0
  // Else the server takes a tablespace that is no link for a fault.
  if (isAllowed) appendFileSync(join(directory, 'postgresql.auto.conf'), `allow_in_place_tablespaces = 'on'\n`)
}

/** Its zeros at the end (of a segment that was left early: nearly all of it) are a hole. */
function writeSegment(path: string, parts: readonly Buffer[], size: number): void {
  const file = openSync(path, 'w', 0o600)
  try {
    const last = parts.findLastIndex(part => !part.equals(zeros.subarray(0, part.length)))
    writeAllAtOnce(file, parts.slice(0, last + 1))
    ftruncateSync(file, size)
  } finally {
    closeSync(file)
  }
}

const zeros = Buffer.alloc(2 ** 20)

function requireWhole(file: WalFile, length: number, { received }: Plan, size: number): void {
  const { path } = file
  if (!file.isPartial && length !== size)
    throw errors.fileTruncated({ path, reason: `it holds ${length} bytes of ${size}` })
  if (!file.isPartial || !received || received.timeline !== file.timeline) return
  const due = Number(parseLsn(received.lsn) - file.start)
  if (due <= size && length < due)
    throw errors.fileTruncated({ path, reason: `it holds ${length} bytes, and ${due} had been received` })
}

function requireRoom(directory: string, needed: number): void {
  const { bavail, bsize } = statfsSync(directory)
  const free = bavail * bsize
  const inMegabytes = (bytes: number) => Math.ceil(bytes / 2 ** 20)
  if (free < needed) throw errors.noRoom({ directory, needed: inMegabytes(needed), free: inMegabytes(free) })
}

type Layer = {
  directory: string
  /** Files that it has. */
  kept: Set<string>
  /** Directories that are there. */
  made: Set<string>
  /** There may be files from the backup before it. */
  isOnOthers: boolean
  omissions: Omissions | undefined
  backup: Backup
  left: Map<string, LeftFile>
}

/** What is left out for its size is a hole: WAL about its end would have the server write all that is before. */
function leaveOut(layer: Layer, { portionOf }: Omissions, path: string, { size, end = 0 }: Member): boolean {
  const portion = portionOf(path)
  if (portion !== 'size' && portion !== 'keyed') return portion === 'nothing'
  if (portion === 'keyed' && isOfChanges(path)) return false
  const { target, isChange } = place(layer, path)
  if (isChange) return true
  if (portion === 'keyed') layer.left.set(path, { backup: layer.backup, name: 'base', end, size })
  const file = openSync(target, 'w', 0o600)
  ftruncateSync(file, size)
  closeSync(file)
  return true
}

/** Writes one member over what the backup before it left, or changes blocks of that. */
async function layerSink(layer: Layer, path: string, member: Member): Promise<MemberSink | undefined> {
  if (member.kind === 'directory') {
    requireInside(path)
    makeDirectory(layer, join(layer.directory, path))
    return undefined
  }
  if (member.kind === 'link') return undefined
  // The places of the original: ours are inside.
  if (path === 'tablespace_map') return undefined
  const { target, isChange } = place(layer, path)
  if (isChange) return changeBlocks(target)
  if (layer.isOnOthers) rmSync(target, { force: true })
  const { portionOf, tenantId } = layer.omissions ?? {}
  if (tenantId !== undefined && portionOf?.(path) === 'rows') return writePagesWith(target, member.size, tenantId)
  return member.size <= smallBytes ? writeSmallFile(target) : await writeLargeFile(target)
}

/** Where a file goes, whose directory is there then; one with changes to the file of the backup before. */
function place(layer: Layer, path: string): { target: string; isChange: boolean } {
  requireInside(path)
  const isChange = isOfChanges(path)
  const own = isChange ? join(dirname(path), basename(path).slice(changes.length)) : path
  layer.kept.add(own)
  const target = join(layer.directory, own)
  makeDirectory(layer, dirname(target))
  return { target, isChange }
}

const changes = 'INCREMENTAL.'
const isOfChanges = (path: string): boolean => basename(path).startsWith(changes)

function requireInside(path: string): void {
  if (path.split('/').includes('..')) throw errors.contentWrong({ id: '', path, reason: 'it leads outside' })
}

function makeDirectory({ made }: Layer, path: string): void {
  if (made.has(path)) return
  mkdirSync(path, { recursive: true, mode: 0o700 })
  made.add(path)
}

const smallBytes = 256 * 1024

/** At once: a cluster has thousands of them, and each turn of the event loop costs more than the writing. */
function writeSmallFile(path: string): MemberSink {
  const parts: Buffer[] = []
  return {
    begin: async () => {},
    data: async bytes => void parts.push(bytes),
    async end() {
      const file = openSync(path, 'wx', 0o600)
      try {
        writeAllAtOnce(file, basename(path) === 'backup_label' ? [asWhole(Buffer.concat(parts))] : parts)
      } finally {
        closeSync(file)
      }
    },
  }
}

/** Complete now: the server must not take it for what an incremental backup leaves. */
const asWhole = (label: Buffer): Buffer => Buffer.from(label.toString().replace(/^INCREMENTAL FROM .*\n/gm, ''))

function writeAllAtOnce(file: number, parts: readonly Buffer[]): void {
  for (let rest = parts.filter(part => part.length > 0); rest.length > 0; ) {
    let written = writevSync(file, rest)
    rest = rest.flatMap(part => {
      const done = Math.min(written, part.length)
      written -= done
      return done < part.length ? [part.subarray(done)] : []
    })
  }
}

/** One part is written while the next is opened and checked. */
async function writeLargeFile(path: string): Promise<MemberSink> {
  const file = await open(path, 'wx', 0o600)
  let writing = Promise.resolve()
  return {
    begin: async () => {},
    async data(bytes) {
      await writing
      writing = writeAll(file, bytes)
      writing.catch(() => {})
    },
    async end() {
      await writing.finally(() => file.close())
    },
  }
}

/**
 * Of a table the pages on which the tenant's id stands, as it does in each of his rows; the others are a hole, which is an empty page to
 * the server. Whatever changes one of them later has the whole page in the WAL.
 */
function writePagesWith(path: string, size: number, tenantId: string): MemberSink {
  const id = Buffer.from(tenantId.replaceAll('-', ''), 'hex')
  const file = openSync(path, 'wx', 0o600)
  let at = 0
  let begun: Buffer = Buffer.alloc(0)
  const writePages = (pages: Buffer) => {
    for (let found = pages.indexOf(id); found !== -1; ) {
      const from = pageOf(found)
      let to = from + blockBytes
      found = pages.indexOf(id, to)
      for (; found !== -1 && found < to + blockBytes; found = pages.indexOf(id, to)) to += blockBytes
      writeAllAt(file, pages.subarray(from, to), at + from)
    }
    at += pages.length
  }
  return {
    begin: async () => {},
    async data(bytes) {
      let rest = bytes
      if (begun.length > 0) {
        const part = rest.subarray(0, blockBytes - begun.length)
        rest = rest.subarray(part.length)
        begun = Buffer.concat([begun, part])
        if (begun.length < blockBytes) return
        writePages(begun)
      }
      const whole = pageOf(rest.length)
      writePages(rest.subarray(0, whole))
      begun = Buffer.from(rest.subarray(whole))
    },
    async end() {
      try {
        ftruncateSync(file, size)
      } finally {
        closeSync(file)
      }
    },
  }
}

const pageOf = (position: number): number => position - (position % blockBytes)

function writeAllAt(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}

const blockBytes = 8192
const incrementalMagic = 0xd3ae1f0d

// As pg_combinebackup does (reconstruct.c), a layer at a time: the file is cut to what both had in common, is as long as
// the layer says, and gets the blocks that changed.
async function changeBlocks(path: string): Promise<MemberSink> {
  const file = await open(path, 'r+')
  let head: Buffer = Buffer.alloc(0)
  let layer: { blocks: number[]; at: number; skip: number } | undefined
  let block: Buffer = Buffer.alloc(0)
  const beginLayer = async (): Promise<Buffer | undefined> => {
    if (head.length < 12) return undefined
    if (head.readUInt32LE(0) !== incrementalMagic) throw errors.contentWrong({ id: '', path, reason: 'it is no layer' })
    const [count, common] = [head.readUInt32LE(4), head.readUInt32LE(8)]
    const length = 12 + 4 * count
    if (head.length < length) return undefined
    const blocks = Array.from({ length: count }, (_, index) => head.readUInt32LE(12 + 4 * index))
    const total = Math.max(common, ...blocks.slice(-1).map(number => number + 1))
    const { size } = await file.stat()
    if (size > common * blockBytes) await file.truncate(common * blockBytes)
    await file.truncate(total * blockBytes)
    const padded = count === 0 ? length : Math.ceil(length / blockBytes) * blockBytes
    layer = { blocks, at: 0, skip: padded - length }
    return head.subarray(length)
  }
  return {
    begin: async () => {},
    async data(bytes) {
      let rest: Buffer | undefined = bytes
      if (!layer) {
        head = Buffer.concat([head, bytes])
        rest = await beginLayer()
        if (!layer || !rest) return
      }
      const skipped = Math.min(layer.skip, rest.length)
      layer.skip -= skipped
      rest = rest.subarray(skipped)
      while (rest.length > 0) {
        // Neighbours go at once.
        const whole = block.length === 0 ? Math.floor(rest.length / blockBytes) : 0
        let run = 0
        const first = layer.blocks[layer.at] as number
        while (run < whole && layer.blocks[layer.at + run] === first + run) run++
        if (run > 0) {
          await writeAll(file, rest.subarray(0, run * blockBytes), first * blockBytes)
          rest = rest.subarray(run * blockBytes)
          layer.at += run
          continue
        }
        const part = rest.subarray(0, blockBytes - block.length)
        block = Buffer.concat([block, part])
        rest = rest.subarray(part.length)
        if (block.length < blockBytes) break
        await writeAll(file, block, (layer.blocks[layer.at++] as number) * blockBytes)
        block = Buffer.alloc(0)
      }
    },
    async end() {
      await file.close()
      if (!layer || layer.at !== layer.blocks.length)
        throw errors.contentWrong({ id: '', path, reason: 'blocks are missing' })
    },
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at?: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const position = at === undefined ? null : at + done
    done += (await file.write(bytes, done, bytes.length - done, position)).bytesWritten
  }
}

/** What the backup before had and this one has not. */
async function removeOthers(directory: string, kept: ReadonlySet<string>, { files }: Backup): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if (!kept.has(path.slice(directory.length + 1))) rmSync(path)
  }
  const tablespaces = new Set(files.map(({ name }) => name))
  for (const name of readdirSync(join(directory, 'pg_tblspc')))
    if (!tablespaces.has(name)) rmSync(join(directory, 'pg_tblspc', name), { recursive: true })
}
