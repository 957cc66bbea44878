import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { nullable } from '#platform/http'
import { readSealed, readSigned, SealedWriter, syncDirectory, writeSigned } from '../backups/sealed-files.ts'
import { errors } from '../errors.ts'
import type { ArchiveShelf } from './settings.ts'

const text = Type.String()

/** What lies beside an archive and is signed: the archive is there as soon as this is, and was read back before. */
export const ArchiveManifest = Type.Object({
  version: Type.Literal(1),
  id: text,
  table: Type.String({ description: 'It was a month of' }),
  partition: text,
  database: nullable(Type.String({ description: 'Of tenants, beside the main one: null for that' })),
  from: Type.String({ description: 'The first moment of the month' }),
  to: text,
  columns: Type.Array(Type.Object({ name: text, type: text, isGenerated: Type.Boolean() })),
  rows: Type.Integer(),
  oldest: nullable(text),
  newest: nullable(text),
  digest: Type.String({
    description: 'Sum of the first 64 bits of the SHA-256 of each line: the partition has the same',
  }),
  sha256: Type.String({ description: 'Of the lines, before compression' }),
  plainBytes: Type.Integer(),
  file: text,
  fileSha256: text,
  bytes: Type.Integer(),
  schemaVersion: nullable(Type.String({ description: 'The newest migration at that time' })),
  writtenAt: text,
})
export type ArchiveManifest = Static<typeof ArchiveManifest>

/** How an archive was found when it was read the last time. */
export type ArchiveVerification = { at: string; faults: string[] }

export type NewArchive = Pick<
  ArchiveManifest,
  'table' | 'partition' | 'database' | 'from' | 'to' | 'columns' | 'schemaVersion'
>

/** Where a killed program can be: for tests. */
export type OnStep = (step: string) => void | Promise<void>

/**
 * Writes the lines into a compressed and encrypted file, reads it back, and only then writes the manifest. Each has a
 * temporary name until it is on the disk.
 */
export async function writeArchive(
  { folder, keyring }: ArchiveShelf,
  about: NewArchive,
  source: AsyncIterable<{ line: string; at: string }[]>,
  { now, onStep, onRows }: { now: Date; onStep?: OnStep | undefined; onRows?: (rows: number) => void | Promise<void> },
): Promise<ArchiveManifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const id = `${about.partition}-${stamp}-${randomBytes(3).toString('hex')}`
  const file = `${id}.jsonl.chb`
  const path = join(folder, file)
  const writer = await SealedWriter.create(`${path}.part`, keyring, nameOf(id))
  const counted = new LineDigest()
  let oldest: string | null = null
  let newest: string | null = null
  try {
    for await (const rows of source) {
      const bytes = Buffer.from(rows.map(({ line }) => `${line}\n`).join(''))
      for (const { line, at } of rows) {
        counted.add(line)
        if (oldest === null || at < oldest) oldest = at
        if (newest === null || at > newest) newest = at
      }
      await writer.write(bytes)
      await onRows?.(counted.rows)
    }
    await onStep?.('writing')
    const { bytes, plainBytes, sha256: fileSha256 } = await writer.finish()
    await rename(`${path}.part`, path)
    await syncDirectory(folder)
    await onStep?.('written')
    const manifest: ArchiveManifest = {
      version: 1,
      id,
      ...about,
      ...counted.ended(),
      oldest,
      newest,
      plainBytes,
      file,
      fileSha256,
      bytes,
      writtenAt: now.toISOString(),
    }
    const faults = await findArchiveFaults({ folder, keyring }, manifest)
    if (faults.length > 0) throw errors.archiveFaulty({ id, reason: faults[0] })
    await writeSigned(join(folder, `${id}.json`), keyring, manifest)
    await onStep?.('archived')
    return manifest
  } catch (error) {
    await writer.abandon()
    if (!existsSync(join(folder, `${id}.json`)))
      for (const made of [`${path}.part`, path]) await rm(made, { force: true })
    throw error
  }
}

/** The archives whose manifests can be read, by table and month, and what was found of others. Needs no database. */
export function listArchives({ folder, keyring }: ArchiveShelf): {
  items: { manifest: ArchiveManifest; verification: ArchiveVerification | null }[]
  faults: string[]
} {
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : []
  const items: { manifest: ArchiveManifest; verification: ArchiveVerification | null }[] = []
  const faults: string[] = []
  for (const name of names.filter(isManifest)) {
    try {
      const manifest = readSigned<ArchiveManifest>(join(folder, name), keyring)
      if (`${manifest.id}.json` !== name) throw new Error(`${name} is the manifest of ${manifest.id}`)
      const verified = join(folder, `${manifest.id}.verified.json`)
      items.push({
        manifest,
        verification: existsSync(verified) ? readSigned<ArchiveVerification>(verified, keyring) : null,
      })
    } catch (error) {
      faults.push((error as Error).message)
    }
  }
  return { items, faults }
}

export function getArchive(shelf: ArchiveShelf, id: string): ArchiveManifest {
  const path = join(shelf.folder, `${id}.json`)
  if (id.includes('/') || id.includes('\\') || !existsSync(path)) throw errors.archiveUnknown({ id })
  return readSigned<ArchiveManifest>(path, shelf.keyring)
}

/** Reads an archive again, notes how it was found, and returns its faults. Needs no database. */
export async function verifyArchive(shelf: ArchiveShelf, manifest: ArchiveManifest, now: Date): Promise<string[]> {
  const faults = await findArchiveFaults(shelf, manifest)
  await writeSigned(join(shelf.folder, `${manifest.id}.verified.json`), shelf.keyring, {
    at: now.toISOString(),
    faults,
  } satisfies ArchiveVerification)
  return faults
}

async function findArchiveFaults(shelf: ArchiveShelf, manifest: ArchiveManifest): Promise<string[]> {
  const { rows, digest, sha256, fileSha256 } = manifest
  const counted = new LineDigest()
  let hashOfFile = ''
  try {
    for await (const lines of readArchive(shelf, manifest, found => {
      hashOfFile = found
    })) {
      for (const line of lines) counted.add(line)
    }
  } catch (error) {
    return [(error as Error).message]
  }
  const found = counted.ended()
  return [
    ...(found.rows === rows ? [] : [`It has ${found.rows} rows instead of ${rows}.`]),
    ...(found.digest === digest && found.sha256 === sha256 ? [] : ['Its rows are not those that were written.']),
    ...(hashOfFile === fileSha256 ? [] : ['Its file is not the one that was written.']),
  ]
}

/** The rows as lines of JSON, in portions, each only after it was found to be what was written. */
export async function* readArchive(
  { folder, keyring }: ArchiveShelf,
  { id, file }: ArchiveManifest,
  onHash?: (sha256: string) => void,
): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of readSealed(join(folder, file), keyring, nameOf(id), onHash ? { onHash } : {})) {
    const whole = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = whole.lastIndexOf(10)
    if (end >= 0) yield whole.subarray(0, end).toString().split('\n')
    rest = whole.subarray(end + 1)
  }
  if (rest.length > 0) yield [rest.toString()]
}

/** Removes what a program has left that died while it wrote. Only who holds the lease of retention may. */
export async function clearUnfinished({ folder }: ArchiveShelf): Promise<void> {
  if (!existsSync(folder)) return
  const names = new Set(readdirSync(folder))
  for (const name of names) {
    const isUnfinished =
      name.endsWith('.part') || (name.endsWith('.jsonl.chb') && !names.has(name.replace(/\.jsonl\.chb$/, '.json')))
    if (isUnfinished) await rm(join(folder, name), { force: true })
  }
  await syncDirectory(folder)
}

/** Rows in whatever order: count, and the sum of what each line hashes to; beside it the hash of the lines as they came. */
export class LineDigest {
  rows = 0
  private sum = 0n
  private readonly hash = createHash('sha256')

  add(line: string): void {
    this.rows++
    this.sum += createHash('sha256').update(line).digest().readBigInt64BE(0)
    this.hash.update(line).update('\n')
  }

  ended(): { rows: number; digest: string; sha256: string } {
    return { rows: this.rows, digest: String(this.sum), sha256: this.hash.digest('hex') }
  }
}

const nameOf = (id: string): string => `archive ${id}`
const isManifest = (name: string): boolean => name.endsWith('.json') && !name.endsWith('.verified.json')
