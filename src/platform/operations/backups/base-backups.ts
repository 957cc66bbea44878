import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import pg, { type ClientConfig } from 'pg'
import { takeLock } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import {
  type Archive,
  archivePath,
  type Backup,
  backupPath,
  chainOf,
  explain,
  findVerification,
  innerName,
  makeFolder,
  readCatalogue,
  removeUnfinished,
  type Shelf,
  sealedName,
} from './catalogue.ts'
import { errors } from './errors.ts'
import { Replication, type Row } from './replication.ts'
import { readSealed, SealedWriter, syncDirectory, type Written, writeSigned } from './sealed-files.ts'
import { FileCounter } from './tars.ts'

export type BackupOptions = {
  shelf: Shelf
  admin: ClientConfig
  /** Only what changed since the backup before it; a full one where that cannot be, with `onProgress` told why. */
  incremental?: boolean
  onProgress?: (progress: BackupProgress) => void
  signal?: AbortSignal
}

export type BackupProgress = { bytes: number; expectedBytes: number | undefined; files?: number; note?: string }

/**
 * Takes a backup of the whole server over a replication connection (GG-20). It is there complete, on the disk, or not
 * at all; with it lies the WAL that it needs by itself. Only one at a time.
 */
export async function takeBackup(options: BackupOptions): Promise<Backup> {
  const { shelf, admin, onProgress } = options
  const server = await readServer(admin)
  const archive = { ...shelf, systemIdentifier: server.systemIdentifier }
  makeFolder(archivePath(archive))
  const release = lockArchive(archive)
  try {
    removeUnfinished(archive)
    const parent = options.incremental ? findParent(archive, server) : undefined
    const why = options.incremental && typeof parent === 'string' ? parent : undefined
    if (why) onProgress?.({ bytes: 0, expectedBytes: undefined, note: `A full backup is made: ${why}` })
    if (!parent || typeof parent === 'string') return await write(options, archive, server)
    try {
      return await write(options, archive, server, parent)
    } catch (error) {
      if (!cannotBuildOn(error)) throw error
      const note = `A full backup is made: ${(error as Error).message}`
      onProgress?.({ bytes: 0, expectedBytes: undefined, note })
      return await write(options, archive, server)
    }
  } finally {
    release()
  }
}

/** Refuses where another program is at work on the backups of this server; the caller calls what is returned. */
export function lockArchive(archive: Archive): () => void {
  const lock = takeLock(join(archivePath(archive), 'backup.lock'))
  if (!('release' in lock)) throw errors.busy({ folder: archive.folder, pid: lock.pid, command: lock.command })
  return () => lock.release()
}

export type Server = {
  systemIdentifier: string
  serverVersion: number
  walSegmentBytes: number
  superuser: string
  summarizesWal: boolean
}

/** What is to be known of a server beside its backups. */
export async function readServer(admin: ClientConfig): Promise<Server> {
  return await withAdmin(admin, async client => {
    const { rows } = await client.query(`
      select
        (select system_identifier::text from pg_control_system()) as "systemIdentifier",
        current_setting('server_version_num')::integer as "serverVersion",
        (select bytes_per_wal_segment from pg_control_init()) as "walSegmentBytes",
        (select rolname from pg_roles where oid = 10) as superuser,
        coalesce(current_setting('summarize_wal', true), 'off') = 'on' as "summarizesWal"`)
    return rows[0] as Server
  })
}

export async function withAdmin<T>(admin: ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...admin, statement_timeout: 0 })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

function findParent(archive: Archive, server: Server): Backup | string {
  if (server.serverVersion < 170_000) return 'incremental ones need PostgreSQL 17 or later'
  if (!server.summarizesWal) return 'the server does not summarise its WAL (summarize_wal)'
  const { backups } = readCatalogue(archive)
  const last = backups.filter(({ systemIdentifier }) => systemIdentifier === archive.systemIdentifier).at(-1)
  if (!last) return 'there is none to build on'
  try {
    const broken = chainOf(last, backups).find(({ id }) => findVerification(archive, id)?.faults.length)
    return broken ? `${broken.id}, on which it would build, has a fault` : last
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return error.message
  }
}

// Summaries are gone or of another timeline, or the manifest does not fit this server any more.
const cannotBuildOn = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /summar|manifest|incremental|timeline/i.test(error.message)

async function write(options: BackupOptions, archive: Archive, server: Server, parent?: Backup): Promise<Backup> {
  const { admin, signal } = options
  const kind = parent ? 'incremental' : 'full'
  const startedAt = await serverTime(admin)
  const id = `${startedAt.replace(/[-:]/g, '').replace(/\.\d+/, '')}-${kind}-${randomBytes(3).toString('hex')}`
  const draft = join(archivePath(archive), `unfinished-${id}`)
  await mkdir(draft, { mode: 0o700 }).catch(error => {
    throw explain(archive.folder, error)
  })
  const connection = await Replication.open(admin)
  const abort = () => connection.destroy()
  signal?.addEventListener('abort', abort)
  const received = new Reception(archive, id, draft, options)
  try {
    if (parent) {
      const input = await readWhole(archive, parent, 'manifest')
      await connection.run('UPLOAD_MANIFEST', { input })
    }
    const label = `commonhold ${id}`
    const commands = ["CHECKPOINT 'fast'", 'WAL true', 'WAIT false', 'PROGRESS true', "MANIFEST 'yes'"]
    // Not for safety from people, which the frames give, but to tell whether what the server read is what was written here.
    const more = ["MANIFEST_CHECKSUMS 'CRC32C'", 'TABLESPACE_MAP true', ...(parent ? ['INCREMENTAL true'] : [])]
    const results = await connection.run(`BASE_BACKUP (LABEL '${label}', ${[...commands, ...more].join(', ')})`, {
      onData: data => received.take(data),
      onRow: row => received.expect(row),
    })
    const files = await received.finish()
    const [start, end] = [positionOf(results[0]), positionOf(results.at(-1))]
    const backup: Backup = {
      id,
      kind,
      parent: parent?.id ?? null,
      systemIdentifier: archive.systemIdentifier,
      serverVersion: server.serverVersion,
      timeline: end.timeline,
      startLsn: start.lsn,
      stopLsn: end.lsn,
      startedAt,
      finishedAt: await serverTime(admin),
      walSegmentBytes: server.walSegmentBytes,
      superuser: server.superuser,
      keyId: archive.keyring.keyFor('backups').keyId,
      plainBytes: files.reduce((sum, file) => sum + file.plainBytes, 0),
      storedBytes: files.reduce((sum, file) => sum + file.bytes, 0),
      files,
    }
    await writeSigned(join(draft, 'backup.json'), archive.keyring, backup)
    await syncDirectory(draft)
    await rename(draft, backupPath(archive, id))
    await syncDirectory(archivePath(archive))
    return backup
  } catch (error) {
    await received.abandon()
    rmSync(draft, { recursive: true, force: true })
    signal?.throwIfAborted()
    throw explainLoss(explain(archive.folder, error))
  } finally {
    signal?.removeEventListener('abort', abort)
    await connection.close()
  }
}

/** The content of a small file of a backup. */
export async function readWhole(archive: Archive, backup: Backup, name: string): Promise<Buffer> {
  const path = join(backupPath(archive, backup.id), sealedName(name))
  const parts: Buffer[] = []
  for await (const part of readSealed(path, archive.keyring, innerName(backup, name))) parts.push(part)
  return Buffer.concat(parts)
}

async function serverTime(admin: ClientConfig): Promise<string> {
  return await withAdmin(admin, async client => {
    const { rows } = await client.query('select clock_timestamp() as now')
    return (rows[0].now as Date).toISOString()
  })
}

function positionOf(rows: Row[] | undefined): { lsn: string; timeline: number } {
  const { recptr, tli } = rows?.[0] ?? {}
  if (!recptr || !tli) throw new Error('The server did not say where the backup begins or ends')
  return { lsn: recptr, timeline: Number(tli) }
}

function explainLoss(error: unknown): unknown {
  if (error instanceof DomainError) return error
  const { code = '', message = '' } = error as NodeJS.ErrnoException
  const isLoss =
    /^(57P0[123]|08...|ECONNRESET|ECONNREFUSED|EPIPE)$/.test(code) || /^Connection terminated/.test(message)
  return isLoss ? errors.serverLost({ reason: message }, error) : error
}

const content = 'd'.charCodeAt(0)

/** What has come in while a file is opened, in bytes. */
const mostWaiting = 16 * 2 ** 20

/** Sorts the messages of BASE_BACKUP into files (PostgreSQL, chapter 54.4, since 15). */
class Reception {
  private readonly archive: Archive
  private readonly id: string
  private readonly draft: string
  private readonly options: BackupOptions
  private readonly files: (Written & { name: string })[] = []
  private current: { name: string; writer: SealedWriter } | undefined
  private expectedBytes: number | undefined
  private bytes = 0
  private tail: Promise<void> = Promise.resolve()
  private waiting = 0
  private hasFailed = false
  private counter = new FileCounter()
  private counted = 0

  constructor(archive: Archive, id: string, draft: string, options: BackupOptions) {
    this.archive = archive
    this.id = id
    this.draft = draft
    this.options = options
  }

  /** Takes a copy: its memory is used again. */
  take(message: Buffer): Promise<void> | undefined {
    // Most there are; to keep each and to wait for it would cost more than all the rest.
    if (this.waiting === 0 && !this.hasFailed && message[0] === content) return this.takeContent(message)
    const kept = Buffer.from(message)
    this.waiting += kept.length
    this.tail = this.tail.then(() => this.sort(kept)).finally(() => (this.waiting -= kept.length))
    this.tail.catch(() => (this.hasFailed = true))
    return this.waiting > mostWaiting || this.hasFailed ? this.tail : undefined
  }

  async finish(): Promise<(Written & { name: string })[]> {
    await this.tail
    await this.closeCurrent()
    return this.files
  }

  /** Each tablespace comes with its size in kilobytes. */
  expect({ size }: Row): void {
    if (size) this.expectedBytes = (this.expectedBytes ?? 0) + Number(size) * 1024
  }

  async abandon(): Promise<void> {
    await this.tail.catch(() => {})
    await this.current?.writer.abandon()
  }

  private takeContent(message: Buffer): Promise<void> | undefined {
    const bytes = message.subarray(1)
    this.bytes += bytes.length
    if (this.current?.name !== 'manifest') this.counter.take(bytes)
    return this.current?.writer.take(bytes)
  }

  private async sort(message: Buffer): Promise<void> {
    const kind = String.fromCharCode(message[0] as number)
    if (message[0] === content) {
      await this.takeContent(message)
    } else if (kind === 'n') {
      // `base.tar`, or a tablespace's number
      await this.open(
        message
          .subarray(1, message.indexOf(0, 1))
          .toString()
          .replace(/\.tar$/, ''),
      )
    } else if (kind === 'm') {
      await this.open('manifest')
    } else if (kind === 'p') {
      const files = this.counted + this.counter.files
      this.options.onProgress?.({ bytes: this.bytes, expectedBytes: this.expectedBytes, files })
    }
  }

  private async open(name: string): Promise<void> {
    await this.closeCurrent()
    this.counted += this.counter.files
    this.counter = new FileCounter()
    const inner = innerName({ systemIdentifier: this.archive.systemIdentifier, id: this.id }, name)
    const path = join(this.draft, sealedName(name))
    this.current = { name, writer: await SealedWriter.create(path, this.archive.keyring, inner) }
  }

  private async closeCurrent(): Promise<void> {
    const { current } = this
    this.current = undefined
    if (current) this.files.push({ name: current.name, ...(await current.writer.finish()) })
  }
}
