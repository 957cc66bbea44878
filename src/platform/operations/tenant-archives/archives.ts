import { createHash } from 'node:crypto'
import { Value } from 'typebox/value'
import { readSigned } from '#platform/crypto'
import { readArchive } from './containers.ts'
import { errors } from './errors.ts'
import { type ArchivedFile, filesOf, signatureType, TenantManifest } from './manifests.ts'

/** An archive that was read once from beginning to end and found to be what its manifest says. */
export type TenantArchive = {
  path: string
  passphrase: string | undefined
  manifest: TenantManifest
  /** SHA-256 of the manifest, hex. */
  hash: string
  /** Of the key that signed the manifest (RFC 7638). */
  thumbprint: string
}

/** Refuses whatever is not, to the byte, what some installation has written and signed. Needs no database. */
export async function openArchive(path: string, passphrase?: string): Promise<TenantArchive> {
  const damaged = (reason: string) => errors.damaged({ path, reason })
  const found = new Map<string, Pick<ArchivedFile, 'bytes' | 'sha256' | 'rows'>>()
  let manifestText: Buffer | undefined
  let signature: string | undefined
  await readArchive(path, passphrase, async (name, content) => {
    if (found.has(name)) throw damaged(`it has ${name} twice`)
    found.set(name, { bytes: content.length, sha256: sha256Of(content), rows: countRows(content) })
    if (name === 'manifest.json') manifestText = content
    if (name === 'manifest.jws') signature = content.toString()
  })
  if (!manifestText) throw damaged('it has no manifest: it was cut off, or is something else')
  const hash = sha256Of(manifestText)
  const signed = signature === undefined ? undefined : readSigned(signature, signatureType)
  if (!signed || signed.document.manifest !== hash) throw damaged('its manifest is not the one that was signed')
  const manifest = manifestOf(manifestText, path)
  for (const { path: name, ...wanted } of filesOf(manifest)) {
    const is = found.get(name)
    if (!is) throw damaged(`${name} is not there`)
    if (is.sha256 !== wanted.sha256 || is.bytes !== wanted.bytes || is.rows !== wanted.rows)
      throw damaged(`${name} is not what was written`)
    found.delete(name)
  }
  for (const name of ['manifest.json', 'manifest.jws']) found.delete(name)
  const [foreign] = found.keys()
  if (foreign !== undefined) throw damaged(`${foreign} belongs to no archive`)
  return { path, passphrase, manifest, hash, thumbprint: signed.thumbprint }
}

export type Section = { kind: 'accounts' | 'log' } | { kind: 'shared' | 'table'; table: string }

/** Reads the rows once more, a file at a time, each only after it was found to be the one of before. */
export async function readRows(
  { path, passphrase, manifest }: TenantArchive,
  take: (section: Section, lines: string[], first: number) => Promise<void>,
): Promise<void> {
  const files = new Map<string, { section: Section; file: ArchivedFile; first: number }>()
  for (const { section, parts } of sectionsOf(manifest)) {
    let first = 1
    for (const file of parts) {
      files.set(file.path, { section, file, first })
      first += file.rows
    }
  }
  await readArchive(path, passphrase, async (name, content) => {
    const known = files.get(name)
    if (!known) return
    if (sha256Of(content) !== known.file.sha256)
      throw errors.damaged({ path, reason: `${name} changed while it was read` })
    await take(known.section, content.toString().split('\n').slice(0, -1), known.first)
  })
}

function sectionsOf({ accounts, shared, tables, log }: TenantManifest): { section: Section; parts: ArchivedFile[] }[] {
  return [
    { section: { kind: 'accounts' }, parts: accounts.files },
    ...shared.map(({ table, files }) => ({ section: { kind: 'shared' as const, table }, parts: files })),
    ...tables.map(({ table, files }) => ({ section: { kind: 'table' as const, table }, parts: files })),
    { section: { kind: 'log' }, parts: log.files },
  ]
}

function manifestOf(text: Buffer, path: string): TenantManifest {
  let manifest: unknown
  try {
    manifest = JSON.parse(text.toString())
  } catch (cause) {
    throw errors.notAnArchive({ path, reason: 'its manifest is no JSON.' }, cause)
  }
  const version = (manifest as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) throw errors.newer({ version: `format ${version}` })
  if (!Value.Check(TenantManifest, manifest)) {
    const [fault] = Value.Errors(TenantManifest, manifest)
    const reason = `its manifest is malformed (${fault?.instancePath} ${fault?.message}).`
    throw errors.notAnArchive({ path, reason })
  }
  const { accounts, shared, tables, log } = manifest
  const places = [
    { prefix: 'accounts', ...accounts },
    ...shared.map(each => ({ prefix: `shared/${each.table}`, ...each })),
    ...tables.map(each => ({ prefix: `tables/${each.table}`, ...each })),
    { prefix: 'log', ...log },
  ]
  for (const { prefix, rows, files } of places) {
    const isInOrder = files.every(
      (file, index) => file.path === `${prefix}.${String(index + 1).padStart(4, '0')}.jsonl`,
    )
    const isWhole = files.reduce((sum, file) => sum + file.rows, 0) === rows
    if (!isInOrder || !isWhole || places.filter(each => each.prefix === prefix).length > 1)
      throw errors.notAnArchive({ path, reason: `its manifest is not of one piece (${prefix}).` })
  }
  return manifest
}

const sha256Of = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

function countRows(content: Buffer): number {
  let rows = 0
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) rows++
  return rows
}
