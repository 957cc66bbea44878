import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { basename } from 'node:path'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Database } from '#platform/database'
import { mergeAwards, storedActions } from './awards.ts'
import { refreshCodes } from './codes.ts'
import { errors } from './import-errors.ts'
import { type ImportFile, openImportFile } from './import-files.ts'
import { awardColumns, type Refusal, rowMapping, type StagedRow } from './mapping.ts'
import { mergeProfiles } from './profiles.ts'
import { mergeRecords } from './records.ts'
import { Rejects } from './rejects.ts'
import { type BadRow, barReader, csvReader, type FileRow, type RowReader } from './rows.ts'
import { readSamRecord, samColumns, samFieldCount } from './sources/sam-v2.ts'
import type { Source } from './sources/source.ts'
import { awardSources, findSource, sources } from './sources.ts'
import { hasUeiCheckDigit } from './uei.ts'

export type ImportOptions = {
  /** The moment of the import; its UTC day tells active from completed awards. */
  now: Date
  /** Works everything out and changes nothing. */
  dryRun?: boolean
  /** CSV file for refused rows: line, column, reason, raw. Made when there is the first one. */
  rejectsPath?: string
  onProgress?: (progress: ImportProgress) => void
  /** Who imports: a user's id or the account at the command line. */
  actor?: string
  signal?: AbortSignal
}

/** Bytes are those of the file as it lies there. */
export type ImportProgress = { bytesRead: number; bytes: number; rows: number; phase: 'reading' | 'merging' }

export type ImportSummary = {
  /** Empty after a dry run. */
  id: string | undefined
  source: string
  file: string
  sha256: string
  dryRun: boolean
  /** rows.read = inserted + updated + unchanged + rejected */
  rows: { read: number; inserted: number; updated: number; unchanged: number; rejected: number }
  profiles: { inserted: number; updated: number }
  /** The first of the refused rows. */
  rejects: BadRow[]
  warnings: string[]
  /** Seconds. */
  duration: number
}

/**
 * Imports one file whole or not at all: its rows go by COPY into staging of this connection, then one transaction merges
 * them into raw records, awards and profiles. Importing a file again changes nothing (GG-07). Two imports take turns
 * while merging. Refuses a file that is not of the source; refuses single rows that break the source's rules.
 */
export async function importFile(
  db: Database,
  file: { path: string; source: string },
  options: ImportOptions,
): Promise<ImportSummary> {
  const started = performance.now()
  const source = requireSource(file.source)
  const input = await openImportFile(file.path, options.signal)
  const client = await db.connect()
  const rejects = new Rejects(options.rejectsPath)
  let id: string | undefined
  try {
    await client.query("set temp_buffers = '32MB'")
    await client.query('select contractors.open_import_staging()')
    if (!options.dryRun) id = await beginRun(client, source, file.path, options)
    const staged = await stageFile(client, source, file.path, input, rejects, options)
    options.onProgress?.({ bytesRead: input.bytes, bytes: input.bytes, rows: staged.rows, phase: 'merging' })
    await client.query('begin')
    const merged = await merge(client, source, options)
    const rows = { read: staged.rows, ...merged.records, rejected: rejects.count }
    if (id) await finishRun(client, id, input.sha256(), rows, options.now)
    if (options.signal?.aborted) throw errors.importInterrupted()
    await client.query(options.dryRun ? 'rollback' : 'commit')
    return {
      id,
      source: source.name,
      file: basename(file.path),
      sha256: input.sha256(),
      dryRun: options.dryRun ?? false,
      rows,
      profiles: merged.profiles,
      rejects: rejects.first,
      warnings: staged.warnings,
      duration: (performance.now() - started) / 1000,
    }
  } catch (error) {
    // First the transaction ends, which may hold the run's row.
    await client.end()
    if (id) await failRun(db, id, error)
    throw error
  } finally {
    await rejects.close()
    await client.end()
  }
}

function requireSource(name: string): Source {
  const source = findSource(name)
  if (!source) throw errors.sourceUnknown({ source: name, known: sources.map(known => known.name).join(', ') })
  return source
}

async function merge(client: pg.Client, source: Source, options: ImportOptions) {
  await client.query("set local work_mem = '64MB'")
  await client.query('set local jit = off')
  // Imports take turns; readers, lists that refer to profiles included, go on.
  await client.query('lock table contractors.contractors in share row exclusive mode')
  await refreshCodes(client)
  const records = await mergeRecords(client, source.name, options.now)
  if (records.inserted + records.updated === 0) return { records, profiles: { inserted: 0, updated: 0 } }
  if (source.award) {
    await stageStoredActions(client)
    await mergeAwards(client)
  }
  const profiles = await mergeProfiles(client, options.now)
  return { records, profiles }
}

type Staged = { rows: number; warnings: string[] }

async function stageFile(
  client: pg.Client,
  source: Source,
  path: string,
  input: ImportFile,
  rejects: Rejects,
  options: ImportOptions,
): Promise<Staged> {
  const staging = new Staging(client)
  const layout = source.format === 'sam' ? samLayout(path, source) : csvLayout(path, source)
  const makeId = recordIds(options.now)
  let rows = 0
  let doubtful = 0

  const refuse = (bad: BadRow) => {
    rows++
    rejects.add(bad)
  }
  const take = (row: FileRow) => {
    const values = layout.read(row)
    if (values === undefined) return
    const record = 'reason' in values ? values : layout.mapping().stage(values, row.raw)
    if ('reason' in record) {
      refuse({ line: row.line, column: record.column, reason: record.reason, raw: row.raw })
      return
    }
    rows++
    if (record.fields !== '' && !hasUeiCheckDigit(record.uei)) doubtful++
    staging.add(stagingLine(row.line, makeId(), source.name, record))
  }
  const handlers = { onRow: take, onBad: refuse }
  const reader: RowReader = source.format === 'sam' ? barReader(handlers) : csvReader(handlers)

  try {
    for await (const { text, isDamaged } of input.pieces()) {
      reader.push(text, isDamaged)
      await staging.flush()
      await rejects.settle()
      options.onProgress?.({ bytesRead: input.bytesRead(), bytes: input.bytes, rows, phase: 'reading' })
    }
    reader.end()
    const warnings = layout.finish(rows)
    await staging.end()
    if (doubtful > 0) warnings.push(`${doubtful} observations have a UEI whose check digit is wrong.`)
    return { rows, warnings }
  } catch (error) {
    await staging.abandon()
    throw error
  }
}

type Layout = {
  /** The values of a record, why it is refused, or undefined for a line that is none (header, BOF, EOF). */
  read(row: FileRow): readonly string[] | Refusal | undefined
  mapping(): ReturnType<typeof rowMapping>
  /** Refuses a file that is cut off; returns what is worth a warning. */
  finish(rows: number): string[]
}

function csvLayout(path: string, source: Source): Layout {
  let columns: string[] | undefined
  let mapping: ReturnType<typeof rowMapping>
  return {
    read(row) {
      if (columns) {
        if (row.values.length === columns.length) return row.values
        return { column: '', reason: `${row.values.length} columns instead of ${columns.length}` }
      }
      const header = row.values.map(column => column.trim())
      const missing = source.required.filter(column => !header.includes(column))
      if (missing.length > 0)
        throw errors.columnsMissing({ path, source: source.name, columns: missing.join(', '), missing })
      const seen = new Set<string>()
      const repeated = header.filter(column => seen.size === seen.add(column).size)
      if (repeated.length > 0) throw errors.columnRepeated({ path, columns: repeated.join(', ') })
      columns = header
      mapping = rowMapping(source, header)
      return undefined
    },
    mapping: () => mapping,
    finish() {
      if (!columns)
        throw errors.columnsMissing({
          path,
          source: source.name,
          columns: source.required.join(', '),
          missing: source.required,
        })
      return []
    },
  }
}

function samLayout(path: string, source: Source): Layout {
  const mapping = rowMapping(source, samColumns)
  let header: { line: string; date: string; count: number } | undefined
  let isEnded = false
  return {
    read(row) {
      if (!header) {
        const parts = /^BOF (\w+ )?(V\d+ )?(\d{8}) (\d{8}) (\d+) (\d+)$/.exec(row.raw)
        if (!parts) throw errors.samHeaderMissing({ path })
        const version = parts[2]?.trim() ?? 'V1'
        if (version !== 'V2') throw errors.samVersionUnknown({ path, version })
        header = { line: row.raw.slice(3), date: parts[4]!, count: Number(parts[5]) }
        return undefined
      }
      if (row.raw.startsWith('EOF ')) {
        isEnded = row.raw.slice(3) === header.line
        return undefined
      }
      if (row.values.length !== samFieldCount)
        return { column: '', reason: `${row.values.length} columns instead of ${samFieldCount}` }
      if (row.values[samFieldCount - 1] !== '!end') return { column: '', reason: 'the record does not end with !end' }
      return readSamRecord(row.values, header.date)
    },
    mapping: () => mapping,
    finish(rows) {
      if (!header) throw errors.samHeaderMissing({ path })
      if (!isEnded) throw errors.samFileCutOff({ path })
      return rows === header.count ? [] : [`The BOF line announces ${header.count} records, the file has ${rows}.`]
    },
  }
}

/** The actions of touched awards that were imported earlier, mapped by the same tables as those of the file. */
async function stageStoredActions(client: pg.Client): Promise<void> {
  const mappings = new Map<string, { columns: string[]; mapping: ReturnType<typeof rowMapping> }>()
  for (const name of awardSources) {
    const source = findSource(name)!
    const columns = [...new Set(Object.values(source.award!).flatMap(rule => rule.columns))].sort()
    mappings.set(name, { columns, mapping: rowMapping(source, columns) })
  }
  await client.query(`declare stored cursor for ${storedActions}`, [awardSources])
  for (;;) {
    const { rows } = await client.query('fetch 2000 from stored')
    if (rows.length === 0) break
    const staging = new Staging(client)
    for (const row of rows) {
      const { columns, mapping } = mappings.get(row.source)!
      const award = mapping.awardOf(columns.map(column => row.data[column] ?? ''))
      if (award)
        staging.add(
          [0, 'f', 't', row.id, row.source, escapeText(row.source_id), row.uei, null, null, null, null, null, award.id]
            .map(value => value ?? '\\N')
            .join('\t') + awardText(award.values),
        )
    }
    await staging.end()
  }
  await client.query('close stored')
}

const stagingColumns = [
  'line',
  'is_known',
  'is_stored',
  'id',
  'source',
  'source_id',
  'uei',
  'observation_id',
  'observed_on',
  'content_hash',
  'data',
  'fields',
  'award_id',
  ...awardColumns.map(([column]) => column),
]

/** The COPY into staging of one connection, in chunks. */
class Staging {
  private readonly client: pg.Client
  private stream: ReturnType<typeof copyFrom> | undefined
  private text = ''

  constructor(client: pg.Client) {
    this.client = client
  }

  add(line: string): void {
    this.text += `${line}\n`
  }

  /** Sends what has gathered, and waits when the server is behind. */
  async flush(): Promise<void> {
    if (this.text === '') return
    this.stream ??= this.client.query(copyFrom(`copy pg_temp.import_rows (${stagingColumns.join(', ')}) from stdin`))
    const chunk = Buffer.from(this.text)
    this.text = ''
    if (!this.stream.write(chunk)) await once(this.stream, 'drain')
  }

  async end(): Promise<void> {
    await this.flush()
    if (!this.stream) return
    this.stream.end()
    await finished(this.stream)
  }

  async abandon(): Promise<void> {
    if (!this.stream) return
    this.stream.destroy(new Error('The import was given up'))
    await finished(this.stream).catch(() => {})
  }
}

function stagingLine(line: number, id: string, source: string, record: StagedRow): string {
  const { award } = record
  return `${line}\tf\tf\t${id}\t${source}\t${escapeText(record.sourceId)}\t${record.uei}\t${record.observationId}\t${
    record.observedOn || '\\N'
  }\t${record.contentHash}\t${escapeText(record.data)}\t${record.fields === '' ? '\\N' : escapeText(record.fields)}\t${
    award ? award.id + awardText(award.values) : noAward
  }`
}

function awardText(values: readonly string[]): string {
  let text = ''
  for (const value of values) text += value === '' ? '\t\\N' : `\t${escapeText(value)}`
  return text
}

const noAward = ['\\N', ...awardColumns.map(() => '\\N')].join('\t')

const mustEscape = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escapeText = (text: string) =>
  mustEscape.test(text) ? text.replace(/[\\\t\n\r]/g, character => escapes[character]!) : text

/** UUIDs of version 7 that ascend within the import: new records come to the right edge of the index. */
function recordIds(now: Date): () => string {
  const time = now.getTime().toString(16).padStart(12, '0')
  const random = randomBytes(5).toString('hex')
  let count = 0
  return () => {
    count++
    const high = Math.floor(count / 0x100000)
      .toString(16)
      .padStart(3, '0')
    const low = (count % 0x100000).toString(16).padStart(5, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-8${random.slice(0, 3)}-${low}${random.slice(3)}`
  }
}

async function beginRun(client: pg.Client, source: Source, path: string, options: ImportOptions): Promise<string> {
  const { rows } = await client.query(
    `insert into contractors.imports (source, file_name, actor, started_at)
     values ($1, $2, $3, $4)
     returning id`,
    [source.name, basename(path), options.actor ?? null, options.now],
  )
  return rows[0].id
}

async function finishRun(client: pg.Client, id: string, sha256: string, rows: ImportSummary['rows'], now: Date) {
  await client.query(
    `update contractors.imports
     set status = 'done',
       file_hash = $2,
       rows_read = $3,
       rows_inserted = $4,
       rows_updated = $5,
       rows_unchanged = $6,
       rows_rejected = $7,
       finished_at = greatest($8, clock_timestamp())
     where id = $1`,
    [id, sha256, rows.read, rows.inserted, rows.updated, rows.unchanged, rows.rejected, now],
  )
}

async function failRun(db: Database, id: string, error: unknown): Promise<void> {
  const client = await db.connect()
  try {
    await client.query(
      `update contractors.imports
       set status = 'failed', failure = $2, finished_at = clock_timestamp()
       where id = $1`,
      [id, error instanceof Error ? error.message : String(error)],
    )
  } finally {
    await client.end()
  }
}
