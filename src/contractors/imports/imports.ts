import { basename } from 'node:path'
import type pg from 'pg'
import { eventRecord } from '#platform/audit'
import { type Database, query, type Scope, sql } from '#platform/database'
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
import { noteMentions } from '../matching/mentions.ts'
import { mergeNames } from '../matching/profile-names.ts'
import { hasUeiCheckDigit } from '../uei.ts'
import { mergeAwards } from './awards.ts'
import { refreshCodes } from './codes.ts'
import { errors } from './import-errors.ts'
import { beginRun, failRun, finishRun, holdRun, type RowCounts, type RunResult, takeRun } from './import-runs.ts'
import { type Layout, layoutOf, type Publication } from './layouts.ts'
import { mergeProfiles, repeatedUeis } from './profiles.ts'
import {
  dropOutdatedRows,
  findNewestFull,
  isEmpty,
  isKnown,
  mergeRecords,
  missingRecords,
  removeTakenBackEnds,
} from './records.ts'
import type { Source } from './sources/source.ts'
import { requireSource } from './sources.ts'
import { openStaging, recordIds, stageStoredActions, stagingLine } from './staging.ts'

export type ImportOptions = {
  /** The moment of the import; its UTC day tells active from completed awards. */
  now: Date
  /** Works everything out and changes nothing. */
  dryRun?: boolean
  /** CSV file for refused rows: line, column, reason, raw. Made when there is the first one. */
  rejectsPath?: string
  onProgress?: (progress: ImportProgress) => void
  /** Who imports, as the log is to name him: a person, or the account at the command line. */
  actor?: string
  /** The run that was noted beforehand; else one is noted. */
  runId?: string
  /** The scope's user and request, for the audit log; without it the program acts for the installation. */
  scope?: Scope
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
  /** Registrations that a full file no longer has: marked as ended. */
  ended: number
  profiles: { inserted: number; updated: number }
  /** The first of the refused rows. */
  rejects: BadRow[]
  warnings: string[]
  /** Seconds. */
  duration: number
}

/**
 * Imports one file whole or not at all: its rows go by COPY into staging of this connection, then one transaction merges
 * them into raw records, awards and profiles. Importing a file again changes nothing (GG-07), nor does an older file undo
 * a newer one. Two imports take turns while merging. Refuses a file that is not of the source; refuses single rows that
 * break the source's rules.
 */
export async function importFile(
  db: Database,
  file: { path: string; source: string; name?: string },
  options: ImportOptions,
): Promise<ImportSummary> {
  const started = performance.now()
  const source = requireSource(file.source)
  const name = file.name ?? basename(file.path)
  const rejects = new Rejects(options.rejectsPath)
  let id = options.runId
  let client: pg.Client | undefined
  try {
    const input = await openTextFile(file.path, { signal: options.signal, name: file.name })
    client = await db.connect()
    // A daily file's staging fits, which is gone through a dozen times.
    await client.query("set temp_buffers = '64MB'")
    // Nobody waits for an import's statements, and the largest take minutes.
    await client.query('set statement_timeout = 0')
    await client.query('set idle_in_transaction_session_timeout = 0')
    await client.query('select contractors.open_import_staging()')
    if (id) {
      await holdRun(client, id)
      await takeRun(client, id, input.bytes, options.now)
    } else if (!options.dryRun) {
      id = await beginRun(client, { source: source.name, name, bytes: input.bytes }, options)
      await holdRun(client, id)
    }
    const staged = await stageFile(client, source, name, input, rejects, options)
    options.onProgress?.({ bytesRead: input.bytes, bytes: input.bytes, rows: staged.rows, phase: 'merging' })
    await client.query('begin')
    const merged = await merge(client, source, name, staged, { ...options, runId: id })
    const rows = { read: staged.rows, ...merged.records, rejected: rejects.count }
    const result: RunResult = {
      sha256: input.sha256(),
      rows,
      ended: merged.ended,
      profiles: merged.profiles,
      publication: staged.publication,
      warnings: staged.warnings,
    }
    if (id && !options.dryRun) await finishRun(client, id, result, options.now)
    if (!options.dryRun) await noteImport(client, source.name, name, id, result, options)
    if (options.signal?.aborted) throw fileErrors.interrupted()
    await client.query(options.dryRun ? 'rollback' : 'commit')
    if (id && options.dryRun) await finishRun(client, id, result, options.now)
    return {
      id: options.dryRun ? undefined : id,
      source: source.name,
      file: name,
      sha256: result.sha256,
      dryRun: options.dryRun ?? false,
      rows,
      ended: merged.ended,
      profiles: merged.profiles,
      rejects: rejects.first,
      warnings: staged.warnings,
      duration: (performance.now() - started) / 1000,
    }
  } catch (error) {
    // First the transaction ends, which may hold the run's row.
    await client?.end()
    // Where the database itself is away the run stays `running`, as that of a killed program, and the first error counts.
    if (id) await failRun(db, id, error).catch(() => {})
    throw error
  } finally {
    await rejects.close()
    await client?.end()
  }
}

/** GG-19: who has imported what, in the transaction that brings it. */
async function noteImport(
  client: pg.Client,
  source: string,
  file: string,
  id: string | undefined,
  { rows, profiles }: RunResult,
  { actor, scope }: ImportOptions,
): Promise<void> {
  const { tenantId, userId, userName = actor, ipAddress, userAgent, requestId } = scope ?? {}
  await client.query(
    `select set_config('app.tenant_id', $1, true), set_config('app.user_id', $2, true), set_config('app.request', $3, true)`,
    [tenantId ?? '', userId ?? '', JSON.stringify({ id: requestId, ip: ipAddress, agent: userAgent, name: userName })],
  )
  const event = eventRecord({
    action: 'import',
    resource: 'contractors.imports',
    ...(id && { resourceId: id }),
    details: { file, source, ...rows, profilesInserted: profiles.inserted, profilesUpdated: profiles.updated },
  })
  const { sql: text, parameters } = sql`select ${event}`.compile(query)
  await client.query(text, [...parameters])
}

async function merge(client: pg.Client, source: Source, file: string, staged: Staged, options: ImportOptions) {
  const { publication } = staged
  await client.query("set local work_mem = '64MB'")
  await client.query('set local jit = off')
  await client.query(`select set_config('contractors.import_id', $1, true)`, [options.runId ?? ''])
  // Imports take turns; readers, lists that refer to profiles included, go on.
  await client.query('lock table contractors.contractors in share row exclusive mode')
  await refreshCodes(client)
  await client.query('select contractors.measure_staging()')
  const { ended, outdated, takenBack } = publication
    ? await settlePublication(client, source, file, staged, publication, options)
    : { ended: 0, outdated: 0, takenBack: 0 }
  const isFirst = publication !== undefined && (await isEmpty(client))
  const isLarge = staged.rows >= manyRows
  const areRecordsResting = isLarge && (await restIndexes(client, { ofRecords: true }))
  const merged = await mergeRecords(client, source.name, options.now, publication)
  if (areRecordsResting) await client.query('select contractors.wake_indexes()')
  const records = { ...merged, inserted: merged.inserted - ended, unchanged: merged.unchanged + outdated }
  if (merged.inserted + merged.updated + takenBack === 0)
    return { records, ended, profiles: { inserted: 0, updated: 0 } }
  if (merged.inserted + merged.updated >= manyRows) await client.query('select contractors.measure_catalogue()')
  if (source.award && source.uei) {
    await stageStoredActions(client)
    await mergeAwards(client)
  }
  // Where nothing was before, only who has several records may have had another name, or be hidden by one of them.
  await client.query(
    `insert into pg_temp.import_ueis (uei)
     ${
       isFirst
         ? repeatedUeis
         : `select uei from pg_temp.import_rows where uei is not null
            union
            select old_uei from pg_temp.import_rows where is_known and old_uei is not null`
     }
     order by uei
     on conflict do nothing`,
  )
  if (source.mention || !isFirst) await noteMentions(client)
  const isResting = isLarge && (await restIndexes(client, { ofRecords: false }))
  const profiles = await mergeProfiles(client, options.now, { isFirst })
  await mergeNames(client)
  if (isResting) await client.query('select contractors.wake_indexes()')
  await forgetHidden(client, options.now)
  return { records, ended, profiles }
}

/** From so many rows on a first import makes the indexes afterwards. Below, it is done before anybody would notice. */
const manyRows = 20_000

/** Whether the indexes of the profiles, or of the records, rest until they are woken: only where there is none yet, so that nobody waits. */
async function restIndexes(client: pg.Client, { ofRecords }: { ofRecords: boolean }): Promise<boolean> {
  const { rows } = await client.query('select contractors.rest_indexes($1) as is_resting', [ofRecords])
  return rows[0].is_resting
}

/** Of who has just asked not to be shown, the history goes too. */
async function forgetHidden(client: pg.Client, now: Date): Promise<void> {
  await client.query(
    `select contractors.forget_hidden(
       array(
         select p.uei
         from pg_temp.import_ueis as touched
         join contractors.contractor_profiles as p on p.uei = touched.uei
         where p.is_hidden
           and p.updated_at = $1
       )
     )`,
    [now],
  )
}

/** What follows from the day of the file, and from its being a full one or changes only. */
async function settlePublication(
  client: pg.Client,
  source: Source,
  path: string,
  staged: Staged,
  publication: Publication,
  options: ImportOptions,
) {
  const newest = await findNewestFull(client, source.name)
  if (newest !== undefined && publication.on < newest)
    throw errors.fileOutdated({ path, publishedOn: publication.on, newest })
  if (!(await isKnown(client, source.name))) return { ended: 0, outdated: 0, takenBack: 0 }
  const outdated = await dropOutdatedRows(client, source.name, publication, source.hidden)
  if (outdated > 0)
    staged.warnings.push(`${outdated} records are left as they are: a newer file has brought them already.`)
  const takenBack = source.ended ? await removeTakenBackEnds(client, source.name, publication) : 0
  const ended =
    source.ended && publication.isFull && staged.isComplete
      ? await stageMissing(client, source, staged, publication, options)
      : 0
  if (ended > 0) staged.warnings.push(`${ended} registrations are no longer in the file: they are marked as inactive.`)
  return { outdated, takenBack, ended }
}

/** What a full file lacks is published no longer: its end is noted as the daily file of a deletion would. */
async function stageMissing(
  client: pg.Client,
  source: Source,
  { layout, spared }: Staged,
  publication: Publication,
  options: ImportOptions,
): Promise<number> {
  const makeId = recordIds(options.now)
  const { listedExpired, column } = source.ended!
  let count = 0
  await client.query(
    `declare missing cursor for
     ${missingRecords}`,
    [source.name, publication.on, column, listedExpired, source.hidden?.column ?? '', source.hidden?.value ?? ''],
  )
  for (;;) {
    const { rows } = await client.query('fetch 2000 from missing')
    if (rows.length === 0) break
    const staging = openStaging(client, isPlain(source))
    for (const { source_id, data } of rows) {
      if (spared.has(source_id)) continue
      const values = layout.end(data)
      const record = layout.mapping().stage(values, values.join('|'))
      if ('reason' in record) continue
      staging.add(stagingLine(0, makeId(), record, isPlain(source)))
      count++
    }
    await staging.end()
  }
  await client.query('close missing')
  return count
}

/** It tells of contractors alone, neither of awards nor of vendors without identifier. */
const isPlain = (source: Source) => !source.award && !source.mention

type Staged = {
  rows: number
  warnings: string[]
  layout: Layout
  publication: Publication | undefined
  /** All rows are there and none of them unreadable, so that what is not among them is not in the file. */
  isComplete: boolean
  /** Ids of records whose rows were refused: in the file, though not taken. */
  spared: Set<string>
}

async function stageFile(
  client: pg.Client,
  source: Source,
  path: string,
  input: TextFile,
  rejects: Rejects,
  options: ImportOptions,
): Promise<Staged> {
  const staging = openStaging(client, isPlain(source))
  const layout = layoutOf(path, source)
  const makeId = recordIds(options.now)
  const spared = new Set<string>()
  let rows = 0
  let doubtful = 0
  let unreadable = 0

  const refuse = (bad: BadRow & { values?: readonly string[] }) => {
    rows++
    rejects.add({ line: bad.line, column: bad.column, reason: bad.reason, raw: layout.shown(bad) })
  }
  const take = (row: FileRow) => {
    const values = layout.read(row)
    if (values === undefined) return
    const record = 'reason' in values ? values : layout.mapping().stage(values, row.raw)
    if ('reason' in record) {
      if ('reason' in values) unreadable++
      else spared.add(layout.mapping().sourceIdOf(values))
      refuse({ ...row, ...record })
      return
    }
    rows++
    if (record.fields !== '' && record.uei !== '' && !hasUeiCheckDigit(record.uei)) doubtful++
    staging.add(stagingLine(row.line, makeId(), record, isPlain(source)))
  }
  const giveUp = (bad: BadRow) => {
    unreadable++
    refuse(bad)
  }
  const handlers = { onRow: take, onBad: giveUp }
  const reader: RowReader = source.format === 'sam' ? barReader(handlers) : csvReader(handlers)

  try {
    for await (const { text, isDamaged } of input.pieces()) {
      reader.push(text, isDamaged)
      await staging.flush()
      await rejects.settle()
      options.onProgress?.({ bytesRead: input.bytesRead(), bytes: input.bytes, rows, phase: 'reading' })
    }
    reader.end()
    const { warnings, isComplete } = layout.finish(rows)
    await staging.end()
    if (doubtful > 0) warnings.push(`${doubtful} observations have a UEI whose check digit is wrong.`)
    return {
      rows,
      warnings,
      layout,
      publication: layout.publication(),
      isComplete: isComplete && unreadable === 0,
      spared,
    }
  } catch (error) {
    await staging.abandon()
    throw error
  }
}
