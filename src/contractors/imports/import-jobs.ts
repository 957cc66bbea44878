import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '#platform/app.ts'
import { type Database, json, type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { csvReader } from '#platform/files'
import { enqueue, type Job } from '#platform/jobs'
import { enqueueConsequences } from './consequences.ts'
import { errors } from './import-errors.ts'
import {
  deleteImportFile,
  deleteOldImportFiles,
  fetchImportFile,
  type ImportFile,
  requireWhole,
} from './import-files.ts'
import { getImport, type Import } from './import-listing.ts'
import { failInterruptedRuns, failRun, isHeld } from './import-runs.ts'
import { type ImportProgress, importFile } from './imports.ts'
import { requireSource } from './sources.ts'

/** So many refused rows are kept to be fetched, and so much of each. */
const keptRejects = 10_000
const keptCharacters = 2_000

/** Has a file that is here imported by a job; a dry run keeps it, so that it can be imported afterwards. */
export async function requestImport(
  tx: Queryable,
  { fileId, source, dryRun }: { fileId: string; source: string; dryRun: boolean },
): Promise<Import> {
  const known = requireSource(source)
  const file = await requireWhole(tx, fileId)
  await requireFree(tx, file)
  const { id } = await tx.one<{ id: string }>(sql`
    insert into contractors.imports (source, file_name, file_id, bytes, is_dry_run, status, user_id, actor)
    values (
      ${known.name},
      ${file.fileName},
      ${fileId},
      ${file.bytes},
      ${dryRun},
      'queued',
      ${tx.scope.userId ?? null},
      ${tx.scope.userName ?? null}
    )
    returning id
  `)
  await enqueue(tx, runImport, { importId: id })
  return await getImport(tx, id)
}

/** Twice at once it would be imported once, and the second run would find no file; whoever asks holds the file's row. */
async function requireFree(tx: Queryable, { id, fileName }: ImportFile): Promise<void> {
  const { isTaken } = await tx.one<{ isTaken: boolean }>(sql`
    select exists (
      select
      from contractors.imports as run
      where run.file_id = ${id}
        and (run.status = 'queued' or run.status = 'running' and ${isHeld})
    ) as is_taken
  `)
  if (isTaken) throw errors.importFileTaken({ file: fileName })
}

export const runImport: Job<{ importId: string }> = {
  name: 'contractors.run_import',
  description: 'Imports a file of contractors that an operator has sent',
  retryLimit: 2,
  async run({ importId }, app) {
    const { db } = app
    const run = await getImport(db.unscoped, importId)
    // A worker that was killed leaves a run behind that has brought nothing: it begins again.
    if (run.status === 'done' || run.status === 'failed') return
    if (run.fileId === null) return await failRun(db, run.id, errors.importFileGone({ file: run.fileName }))
    const folder = await mkdtemp(join(tmpdir(), 'commonhold-import-'))
    try {
      await importSent(app, run, run.fileId, folder)
    } catch (error) {
      // The run says why; again, it would be the same.
      if (!(error instanceof DomainError)) throw error
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function importSent(app: App, run: Import, fileId: string, folder: string): Promise<void> {
  const { db, clock } = app
  const path = join(folder, 'file')
  const rejectsPath = join(folder, 'rejects.csv')
  try {
    await fetchImportFile(db, fileId, path)
  } catch (error) {
    await failRun(db, run.id, error)
    throw error
  }
  const show = progressOf(db, run.id)
  const summary = await importFile(
    db,
    { path, source: run.source, name: run.fileName },
    {
      now: clock.now(),
      dryRun: run.isDryRun,
      runId: run.id,
      rejectsPath,
      onProgress: show,
      ...(run.actor !== null && { actor: run.actor }),
      scope: { userId: run.userId ?? undefined, userName: run.actor ?? undefined },
    },
  )
  // Only of a file that was taken: of one that is no such file every line is refused, and says nothing.
  if (existsSync(rejectsPath)) await keepRejects(db, run.id, rejectsPath)
  if (run.isDryRun) return
  await deleteImportFile(db.unscoped, fileId)
  await enqueueConsequences(db.unscoped, [summary])
}

/** Once a second: the row is small, and who looks at it looks no more often. */
function progressOf(db: Database, id: string): (progress: ImportProgress) => void {
  let shown = 0
  let phase = ''
  return progress => {
    const now = performance.now()
    if (now - shown < 1000 && progress.phase === phase) return
    shown = now
    phase = progress.phase
    db.unscoped
      .run(sql`
        update contractors.imports
        set phase = ${progress.phase}, bytes_read = ${progress.bytesRead}, rows_read = ${progress.rows}
        where id = ${id}
          and status = 'running'
      `)
      // A figure that is late by a second is no reason to give up an import.
      .catch(() => {})
  }
}

async function keepRejects(db: Database, id: string, path: string): Promise<void> {
  const rows: { line: number; column_name: string; reason: string; raw: string }[] = []
  const reader = csvReader({
    onRow({ values: [line, column = '', reason = '', raw = ''] }) {
      if (rows.length <= keptRejects && /^\d+$/.test(line!))
        rows.push({ line: Number(line), column_name: column, reason, raw: raw.slice(0, keptCharacters).toWellFormed() })
    },
    onBad: () => {},
  })
  for await (const chunk of createReadStream(path, 'utf8')) {
    reader.push(chunk as string, false)
    if (rows.length >= keptRejects) break
  }
  reader.end()
  await db.unscoped.run(sql`
    insert into contractors.import_rejects (import_id, line, column_name, reason, raw)
    select ${id}::uuid, line, column_name, reason, raw
    from jsonb_to_recordset(${json(rows.slice(0, keptRejects))}::jsonb)
      as r (line integer, column_name text, reason text, raw text)
    on conflict do nothing
  `)
}

export const dropImportFiles: Job = {
  name: 'contractors.drop_import_files',
  description: 'Removes files that were sent to be imported and never were, and notes imports that were broken off',
  cron: '17 * * * *',
  async run(_data, { db }) {
    await failInterruptedRuns(db.unscoped)
    await deleteOldImportFiles(db.unscoped)
  },
}
