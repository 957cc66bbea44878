import { basename } from 'node:path'
import type pg from 'pg'
import type { Database } from '#platform/database'
import {
  type BadRow,
  barReader,
  csvReader,
  type FileRow,
  fileErrors,
  openTextFile,
  Rejects,
  type RowReader,
  type TextFile,
} from '#platform/files'
import { mergeNames } from '../matching/profile-names.ts'
import { hasUeiCheckDigit } from '../uei.ts'
import { mergeAwards } from './awards.ts'
import { refreshCodes } from './codes.ts'
import { errors } from './import-errors.ts'
import { beginRun, failRun, finishRun, type RowCounts } from './import-runs.ts'
import { layoutOf } from './layouts.ts'
import { mergeProfiles } from './profiles.ts'
import { mergeRecords } from './records.ts'
import type { Source } from './sources/source.ts'
import { findSource, sources } from './sources.ts'
import { recordIds, Staging, stageStoredActions, stagingLine } from './staging.ts'

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
  rows: RowCounts
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
  const input = await openTextFile(file.path, options.signal)
  const client = await db.connect()
  const rejects = new Rejects(options.rejectsPath)
  let id: string | undefined
  try {
    await client.query("set temp_buffers = '32MB'")
    await client.query('select contractors.open_import_staging()')
    if (!options.dryRun) id = await beginRun(client, source.name, file.path, options)
    const staged = await stageFile(client, source, file.path, input, rejects, options)
    options.onProgress?.({ bytesRead: input.bytes, bytes: input.bytes, rows: staged.rows, phase: 'merging' })
    await client.query('begin')
    const merged = await merge(client, source, options)
    const rows = { read: staged.rows, ...merged.records, rejected: rejects.count }
    if (id) await finishRun(client, id, input.sha256(), rows, options.now)
    if (options.signal?.aborted) throw fileErrors.interrupted()
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
    // Where the database itself is away the run stays `running`, as that of a killed program, and the first error counts.
    if (id) await failRun(db, id, error).catch(() => {})
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
  await mergeNames(client)
  return { records, profiles }
}

type Staged = { rows: number; warnings: string[] }

async function stageFile(
  client: pg.Client,
  source: Source,
  path: string,
  input: TextFile,
  rejects: Rejects,
  options: ImportOptions,
): Promise<Staged> {
  const staging = new Staging(client)
  const layout = layoutOf(path, source)
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
