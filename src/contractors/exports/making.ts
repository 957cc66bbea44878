import { type App, mainApp } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { enqueue, type Job } from '#platform/jobs'
import { notify } from '#platform/notifications'
import { countUsage } from '#platform/usage'
import { chooseColumns, type Row } from './columns.ts'
import { writeCsv } from './csv.ts'
import { errors } from './export-errors.ts'
import { type FileDescription, type Format, mostRows, type Writer } from './file.ts'
import { writeJson } from './json.ts'
import { openSelection, type Selection } from './selections.ts'

/** How a file is written; what its rows are, in words. */
export type Options = { columns: string[]; byteOrderMark: boolean; timeZone: string; filters: string[] }

type Taken = { id: string; format: Format; title: string; asked: Selection; options: Options; attempt: number }

/** What is counted of a tenant, by the month. */
export const flow = 'contractors.exports'

/** How long a file is kept, in hours. */
export const keptHours = 24

type Work = { tenantId: string; userId: string; userName?: string | undefined; exportId: string }

/** Makes a file that somebody asked for. */
export const makeExport: Job<Work> = {
  name: 'contractors.make-export',
  description: 'Writes a file of contractors that somebody asked for',
  async run({ exportId, ...who }, app) {
    await runExport(app, who, exportId, { isInBackground: true })
  },
}

/** Nobody can fetch an expired file; a minute later its bytes are gone too. */
export const removeExport: Job<Work> = {
  name: 'contractors.remove-export',
  description: 'Removes an exported file that has expired',
  async run({ exportId, ...who }, app) {
    await app.db.scoped(who).run(sql`
      delete from contractors.exports
      where id = ${exportId}
        and expires_at <= now()`)
  },
}

/** The size of a chunk but the last. */
export const chunkSize = 512 * 1024

/** How often what is done is written down where no chunk is full, in ms. */
const noteEvery = 1_000

/** A worker gives up after so many tries. */
const mostAttempts = 4

/**
 * Makes the file, from the beginning: what an earlier try has written is thrown away, and what one still writes is
 * refused. It can be fetched once all of it is there. Does nothing where it is done or was cancelled.
 */
export async function runExport(app: App, scope: Scope, id: string, { isInBackground = false } = {}): Promise<void> {
  const tx = app.db.scoped(scope)
  const taken = await tx.maybe(sql<Taken>`
    update contractors.exports
    set status = 'running', attempt = attempt + 1, rows_done = 0, byte_count = 0, started_at = now()
    where id = ${id}
      and status in ('waiting', 'running')
    returning id, format, title, selection as asked, options, attempt`)
  if (!taken) return
  const { attempt } = taken
  try {
    await tx.run(sql`
      delete from contractors.export_chunks
      where export_id = ${id}
        and attempt < ${attempt}`)
    const made = await writeFile(app, scope, taken)
    await finish(app, scope, taken, made, isInBackground)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'contractors.export_gone') return
    const isFinal = error instanceof DomainError && error.kind !== 'unavailable' && error.kind !== 'limited'
    if (!isFinal && attempt < mostAttempts) throw error
    app.log.error({ err: error, exportId: id }, 'an export has failed')
    await fail(app, scope, taken, isFinal ? (error as Error).message : 'Something went wrong in the program.')
  }
}

type Made = { rows: number; bytes: number }

async function writeFile(app: App, scope: Scope, taken: Taken): Promise<Made> {
  const { format, title, options } = taken
  const selected = await openSelection(app, scope, taken.asked)
  const file: FileDescription = {
    title,
    filters: options.filters,
    columns: chooseColumns(selected.columns, options.columns),
    madeAt: app.clock.now(),
    timeZone: options.timeZone,
    hasByteOrderMark: options.byteOrderMark,
  }
  if (selected.total === null && selected.count) {
    const total = Math.min(await selected.count(), mostRows[format])
    await app.db.scoped(scope).run(sql`
      update contractors.exports
      set rows_total = ${total}
      where id = ${taken.id}`)
  }
  const chunks = new Chunks(app.db.scoped(scope), taken)
  const write = await writerOf(format)
  const batches = counting(selected.batches(mostRows[format]), rows => chunks.count(rows))
  for await (const bytes of write(file, batches)) await chunks.add(bytes)
  await chunks.end()
  return { rows: chunks.rows, bytes: chunks.bytes }
}

async function* counting(batches: AsyncIterable<Row[]>, count: (rows: number) => Promise<void>) {
  for await (const rows of batches) {
    yield rows
    await count(rows.length)
  }
}

/** Spreadsheets and documents bring libraries that a program that never writes one need not load. */
export async function writerOf(format: Format): Promise<Writer> {
  if (format === 'csv') return writeCsv
  if (format === 'json') return writeJson
  return format === 'xlsx' ? (await import('./xlsx.ts')).writeXlsx : (await import('./pdf.ts')).writePdf
}

/** Cuts the bytes into chunks, and writes down how far it is. Each write finds out whether the export still wants it. */
class Chunks {
  rows = 0
  bytes = 0
  private readonly tx: Queryable
  private readonly taken: Pick<Taken, 'id' | 'attempt'>
  private pending: Uint8Array[] = []
  private pendingSize = 0
  private position = 0
  private notedAt = performance.now()

  constructor(tx: Queryable, taken: Pick<Taken, 'id' | 'attempt'>) {
    this.tx = tx
    this.taken = taken
  }

  async count(rows: number): Promise<void> {
    this.rows += rows
    if (performance.now() - this.notedAt > noteEvery) await this.note()
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.pending.push(bytes)
    this.pendingSize += bytes.length
    while (this.pendingSize >= chunkSize) await this.write()
  }

  async end(): Promise<void> {
    if (this.pendingSize > 0) await this.write()
  }

  private async write(): Promise<void> {
    const all = this.pending.length === 1 ? (this.pending[0] as Uint8Array) : Buffer.concat(this.pending)
    const content = Buffer.from(all.buffer, all.byteOffset, Math.min(all.length, chunkSize))
    this.bytes += content.length
    await this.note(content)
    const rest = all.subarray(content.length)
    this.pending = rest.length > 0 ? [rest] : []
    this.pendingSize = rest.length
  }

  private async note(content?: Buffer): Promise<void> {
    const { id, attempt } = this.taken
    const noted = await this.tx.maybe(sql`
      with
        wanted as (
          update contractors.exports
          set rows_done = ${this.rows}, byte_count = ${this.bytes}
          where id = ${id}
            and attempt = ${attempt}
            and status = 'running'
          returning id
        )
        ${
          content
            ? sql`, kept as (
          insert into contractors.export_chunks (export_id, attempt, position, content)
          select id, ${attempt}, ${this.position}, ${content}
          from wanted
        )`
            : sql``
        }
      select id
      from wanted`)
    if (!noted) throw errors.exportGone()
    if (content) this.position++
    this.notedAt = performance.now()
  }
}

/** From here on it can be fetched, and it is in the log. */
async function finish(app: App, scope: Scope, taken: Taken, made: Made, tell: boolean): Promise<void> {
  const { id, attempt, format, title } = taken
  await app.db.transaction(scope, async tx => {
    const done = await tx.maybe(sql`
      update contractors.exports
      set
        status = 'done',
        rows_done = ${made.rows},
        rows_total = ${made.rows},
        byte_count = ${made.bytes},
        finished_at = now(),
        expires_at = now() + ${keptHours} * interval '1 hour'
      where id = ${id}
        and attempt = ${attempt}
        and status = 'running'
      returning id`)
    if (!done) throw errors.exportGone()
    await recordEvent(tx, {
      action: 'export',
      resource: 'contractors.exports',
      resourceId: id,
      details: { format, title, rows: made.rows, bytes: made.bytes, ...describe(taken.asked) },
    })
    const { tenantId, userId } = scope as { tenantId: string; userId: string }
    await enqueue(tx, removeExport, { tenantId, userId, exportId: id }, { startAfter: keptHours * 3600 + 60 })
    if (!tell) return
    const rows = `${made.rows.toLocaleString('en-US')} ${made.rows === 1 ? 'contractor' : 'contractors'}`
    await notify(app, tx, {
      userId,
      kind: 'contractors.export_done',
      title: `Your export “${title}” is ready: ${rows} as ${format.toUpperCase()}`,
      message: `It can be fetched for ${keptHours} hours.`,
      link: '/exports',
      data: { exportId: id },
    })
  })
  countUsage(mainApp(app), scope.tenantId as string, flow, 1)
}

/** What of a selection goes into the log: not thousands of ids. */
function describe({ ids, listId, search }: Selection) {
  return { ...(ids && { selected: ids.length }), ...(listId && { listId }), ...(search && { search }) }
}

async function fail(app: App, scope: Scope, { id, attempt, title }: Taken, failure: string): Promise<void> {
  await app.db.transaction(scope, async tx => {
    const failed = await tx.maybe(sql`
      update contractors.exports
      set
        status = 'failed',
        failure = ${failure},
        finished_at = now(),
        expires_at = now() + ${keptHours} * interval '1 hour'
      where id = ${id}
        and attempt = ${attempt}
        and status = 'running'
      returning id`)
    if (!failed) return
    await tx.run(sql`delete from contractors.export_chunks where export_id = ${id}`)
    const { tenantId, userId } = scope as { tenantId: string; userId: string }
    await enqueue(tx, removeExport, { tenantId, userId, exportId: id }, { startAfter: keptHours * 3600 + 60 })
    await notify(app, tx, {
      userId,
      kind: 'contractors.export_failed',
      title: `Your export “${title}” could not be made`,
      message: failure,
      link: '/exports',
      data: { exportId: id },
    })
  })
}
