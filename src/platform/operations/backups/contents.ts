import { join } from 'node:path'
import { DomainError } from '#platform/errors.ts'
import { readWhole } from './base-backups.ts'
import { type Archive, type Backup, backupPath, innerName, sealedName } from './catalogue.ts'
import { algorithms, type Checksum } from './checksums.ts'
import { errors } from './errors.ts'
import { type ManifestFile, readManifest } from './manifests.ts'
import { readSealed } from './sealed-files.ts'
import { type Member, type MemberSink, readTar } from './tars.ts'

export type Walk = {
  /** Given each member by its path in the cluster; takes its content where it wants it. */
  sink?: (path: string, member: Member) => Promise<MemberSink | undefined>
  /** What is left out: not read, nor given to the sink. */
  isOmitted?: ((path: string, member: Member) => boolean) | undefined
  onBytes?: (count: number) => void
  onFault: (fault: DomainError) => void
}

/** Goes through all that a backup holds, and holds each file against the manifest that the server made. */
export async function walkBackup(archive: Archive, backup: Backup, walk: Walk): Promise<void> {
  const expected = await readBackupManifest(archive, backup, walk)
  const seen = new Set<string>()
  let isWhole = expected !== undefined
  for (const { name, sha256 } of backup.files.filter(file => file.name !== 'manifest')) {
    const path = join(backupPath(archive, backup.id), sealedName(name))
    const onHash = (found: string) => {
      if (found !== sha256) throw errors.fileAltered({ path, reason: 'its hash is not that of the catalogue' })
    }
    const gap = { until: 0 }
    const isUseless = (_from: number, to: number) => to <= gap.until
    // Each part that is used is authenticated by itself.
    const options = { isPassing: true, ...(walk.isOmitted ? { isUseless } : { onHash }) }
    const content = readSealed(path, archive.keyring, innerName(backup, name), options)
    const checked = new Checked({ backup, name, expected, seen, walk, gap })
    try {
      await readTar(counted(content, walk.onBytes), checked)
    } catch (error) {
      isWhole = false
      if (!(error instanceof DomainError)) throw error
      walk.onFault(error)
    } finally {
      // The fault before is what counts.
      await checked.close().catch(() => {})
    }
  }
  if (!isWhole || !expected) return
  for (const path of expected.keys()) {
    if (!seen.has(path)) walk.onFault(errors.contentWrong({ id: backup.id, path, reason: 'it is missing' }))
  }
}

/** Reads a whole backup again. Returns what is wrong with it. */
export async function findFaults(
  archive: Archive,
  backup: Backup,
  onProgress: (bytes: number, files: number) => void = () => {},
): Promise<DomainError[]> {
  const faults: DomainError[] = []
  let [bytes, files] = [0, 0]
  await walkBackup(archive, backup, {
    onFault: fault => void faults.push(fault),
    onBytes(count) {
      bytes += count
      onProgress(bytes, files)
    },
    async sink(_path, { kind }) {
      if (kind === 'file') files++
      return undefined
    },
  })
  return faults
}

async function readBackupManifest(
  archive: Archive,
  backup: Backup,
  { onFault }: Walk,
): Promise<ReadonlyMap<string, ManifestFile> | undefined> {
  try {
    const manifest = readManifest((await readWhole(archive, backup, 'manifest')).toString())
    if (manifest) return manifest.files
    onFault(errors.contentWrong({ id: backup.id, path: 'manifest', reason: 'its checksum does not fit' }))
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    onFault(error)
  }
  return undefined
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes: Walk['onBytes']): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk
    onBytes?.(chunk.length)
  }
}

type Checks = {
  backup: Backup
  name: string
  expected: ReadonlyMap<string, ManifestFile> | undefined
  seen: Set<string>
  walk: Walk
  gap: { until: number }
}

/** Holds what passes against the manifest. */
class Checked implements MemberSink {
  private readonly checks: Checks
  private path = ''
  private isFile = false
  private isOmitted = false
  private size = 0
  private checksum: Checksum | undefined
  private inner: MemberSink | undefined

  constructor(checks: Checks) {
    this.checks = checks
  }

  async begin(member: Member): Promise<void> {
    const { name, walk } = this.checks
    this.path = name === 'base' ? member.path : `pg_tblspc/${name}/${member.path}`
    this.isFile = member.kind === 'file'
    this.isOmitted = this.isFile && (walk.isOmitted?.(this.path, member) ?? false)
    if (this.isOmitted) {
      this.checks.gap.until = member.end ?? 0
      this.checksum = undefined
      return
    }
    this.size = 0
    const { checksum } = this.checks.expected?.get(this.path) ?? {}
    this.checksum = this.isFile && checksum ? algorithms[checksum.algorithm].begin() : undefined
    this.inner = await walk.sink?.(this.path, member)
    await this.inner?.begin(member)
  }

  async data(bytes: Buffer): Promise<void> {
    this.size += bytes.length
    this.checksum?.update(bytes)
    await this.inner?.data(bytes)
  }

  async end(): Promise<void> {
    await this.close()
    if (!this.isFile) return
    const { expected, seen, walk, backup } = this.checks
    seen.add(this.path)
    if (this.isOmitted) return
    // The WAL of the backup itself is not in the manifest; the server checks each of its records.
    const reason = this.path.startsWith('pg_wal/') || !expected ? undefined : this.findFault(expected.get(this.path))
    if (reason) walk.onFault(errors.contentWrong({ id: backup.id, path: this.path, reason }))
  }

  /** Closes what an error left open. */
  async close(): Promise<void> {
    const { inner } = this
    this.inner = undefined
    await inner?.end()
  }

  private findFault(expected: ManifestFile | undefined): string | undefined {
    if (!expected) return 'it is not in there'
    if (expected.size !== this.size) return `it has ${this.size} bytes and not ${expected.size}`
    const { checksum } = expected
    if (!checksum || checksum.value === this.checksum?.digest()) return undefined
    return `its ${algorithms[checksum.algorithm].name} is another one`
  }
}
