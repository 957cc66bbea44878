import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { getProfile } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { getTenantRecord } from '#platform/tenancy'
import { errors } from './errors.ts'
import { exportTenant, type TenantExport } from './exports.ts'

/** Bytes of a file that is kept for fetching: more than this is for the command line. */
const most = 4 * 2 ** 30
const partSize = 2 ** 20

/** What owners and operators have asked for. Never begun a second time: who waits can ask again. */
export const makeTenantExport: Job<{ tenantId: string; exportId: string }> = {
  name: 'operations.make-tenant-export',
  description: 'MT-08: writes all that belongs to a workspace into one file, which can be fetched for a day',
  retryLimit: 0,
  async run({ tenantId, exportId }, app) {
    const tx = app.db.scoped({ tenantId, system: true })
    const taken = await tx.maybe(sql<Taken>`
      update operations.tenant_exports
      set status = 'running', seen_at = now()
      where tenant_id = ${tenantId}
        and id = ${exportId}
        and status = 'waiting'
      returning id, tenant_id, requested_by, passphrase_encrypted`)
    if (!taken) return
    const progress = new ExportProgress(tx, exportId)
    try {
      await makeFile(app, tx, taken, progress)
    } catch (error) {
      if (progress.signal.aborted) return
      app.log.error({ err: error, exportId }, 'A workspace was not exported')
      const failure = error instanceof DomainError ? error.message : 'Something went wrong in the program.'
      await tx.run(sql`
        update operations.tenant_exports
        set status = 'failed', failure = ${failure}, passphrase_encrypted = null, finished_at = now()
        where id = ${exportId}`)
    } finally {
      await progress.end()
    }
  },
}

/** The files go when they have expired, what is told of them after 90 days. */
export const removeExpiredExports: Job = {
  name: 'operations.remove-expired-tenant-exports',
  description: 'Removes the files of workspaces that could be fetched for a day, and after 90 days that there were any',
  cron: '20 * * * *',
  retryLimit: 1,
  async run(_data, app) {
    const tx = app.db.scoped({ system: true })
    await tx.run(sql`
      delete from operations.tenant_export_parts as part
      using operations.tenant_exports as export
      where export.tenant_id = part.tenant_id
        and export.id = part.export_id
        and (export.expires_at < now() or export.status = 'failed')`)
    await tx.run(sql`
      delete from operations.tenant_exports
      where created_at < now() - interval '90 days'`)
  },
}

/** Of who asks for an export. */
export async function nameOf(tx: Queryable, userId: string): Promise<string> {
  const { fullName, email } = await getProfile(tx, userId)
  return fullName ?? email
}

type Taken = {
  id: string
  tenantId: string
  requestedBy: string | null
  passphraseEncrypted: string | null
}

async function makeFile(app: App, tx: Queryable, taken: Taken, progress: ExportProgress): Promise<void> {
  const { id, tenantId, requestedBy, passphraseEncrypted } = taken
  const { slug } = await getTenantRecord(tx, tenantId)
  const actor = requestedBy === null ? 'somebody' : await nameOf(tx, requestedBy)
  if (!app.administration) throw errors.unable()
  const passphrase =
    passphraseEncrypted === null
      ? undefined
      : app.keyring.decrypt(passphraseEncrypted, `operations.tenant_exports.passphrase:${id}`)
  const folder = join(app.administration.dataDirectory, 'exports')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await removeLeftovers(folder)
  const path = join(folder, `${id}${passphrase === undefined ? '.tar.gz' : '.chb'}`)
  try {
    const exported = await exportTenant(app, slug, {
      ...{ path, passphrase, actor, signal: progress.signal },
      ...(requestedBy !== null && { actorId: requestedBy }),
      onTable: (done, total, rows) => progress.note(done, total, rows),
    })
    const { size } = await stat(path)
    if (size > most) throw errors.exportTooLarge({ slug, gigabytes: (size / 2 ** 30).toFixed(1) })
    await keep(tx, id, path, { exported, size, at: app.clock.now(), signal: progress.signal })
  } finally {
    await rm(path, { force: true })
  }
}

/** Of programs that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > 3_600_000) await rm(path, { force: true })
  }
}

async function keep(
  tx: Queryable,
  id: string,
  path: string,
  { exported, size, at, signal }: { exported: TenantExport; size: number; at: Date; signal: AbortSignal },
): Promise<void> {
  const hash = createHash('sha256')
  let number = 0
  for await (const part of createReadStream(path, { highWaterMark: partSize })) {
    signal.throwIfAborted()
    hash.update(part)
    await tx.run(sql`
      insert into operations.tenant_export_parts (tenant_id, export_id, number, content)
      select tenant_id, id, ${number++}, ${part}
      from operations.tenant_exports
      where id = ${id}`)
  }
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, '')
  const tables = Object.keys(exported.tables).length
  const extension = path.endsWith('.chb') ? 'chb' : 'tar.gz'
  await tx.run(sql`
    update operations.tenant_exports
    set
      status = 'done',
      passphrase_encrypted = null,
      file_name = ${`${exported.tenant.slug}-${stamp}.${extension}`},
      rows_done = ${exported.rows},
      tables_done = ${tables},
      tables_total = ${tables},
      byte_count = ${size},
      file_hash = ${hash.digest()},
      finished_at = now(),
      expires_at = now() + interval '24 hours'
    where id = ${id}`)
}

/** Writes down each second how far it is, and finds out whether anybody still wants it. */
class ExportProgress {
  private readonly tx: Queryable
  private readonly id: string
  private readonly cancelled = new AbortController()
  private readonly beat: NodeJS.Timeout
  private at = { done: 0, total: null as number | null, rows: 0 }
  private writing: Promise<void> = Promise.resolve()

  constructor(tx: Queryable, id: string) {
    this.tx = tx
    this.id = id
    this.beat = setInterval(() => {
      this.writing = this.writing.then(() => this.write()).catch(() => {})
    }, 1_000)
    this.beat.unref()
  }

  get signal(): AbortSignal {
    return this.cancelled.signal
  }

  note(done: number, total: number, rows: number): void {
    this.at = { done, total, rows }
  }

  async end(): Promise<void> {
    clearInterval(this.beat)
    await this.writing
  }

  private async write(): Promise<void> {
    const { done, total, rows } = this.at
    const wanted = await this.tx.maybe(sql`
      update operations.tenant_exports
      set tables_done = ${done}, tables_total = ${total}, rows_done = ${rows}, seen_at = now()
      where id = ${this.id}
        and status = 'running'
      returning id`)
    if (!wanted) this.cancelled.abort()
  }
}
