import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { getArchive, listArchives, verifyArchive } from './archives.ts'
import { type RestoredArchive, type RestoreWish, restoreArchive } from './restores.ts'
import { archiveShelfOfApp } from './settings.ts'

/** Something that was done with archives: one was restored, or they were read again. */
export const ArchiveRun = Type.Object({
  id: uuid,
  kind: oneOf(['verify', 'restore']),
  archive: { ...nullable(Type.String()), description: 'Null for all of them' },
  status: oneOf(['running', 'done', 'failed']),
  startedAt: timestamp,
  endedAt: nullable(timestamp),
  done: Type.Integer({ description: 'Rows of a restore, archives of a verification' }),
  total: nullable(Type.Integer()),
  restoredInto: nullable(Type.String()),
  reason: nullable(Type.String()),
})
export type ArchiveRun = Static<typeof ArchiveRun>

type Progress = (done: number, total: number) => Promise<void>

const system = { system: true } as const
const columns = sql`id, kind, archive, status, started_at, ended_at, done, total, restored_into, reason`

/** How often it is written down how far a run is, ms. */
const noteEvery = 1_000

/** Days for which runs are kept. */
const keptDays = 400

/** Restores an archive as `restoreArchive` does, with a record of it. */
export async function restoreOnRecord(
  given: App,
  id: string,
  { onRows, ...options }: RestoreWish = {},
): Promise<RestoredArchive> {
  getArchive(archiveShelfOfApp(mainApp(given)), id)
  return await record(given, { kind: 'restore', archive: id }, async note => {
    const restored = await restoreArchive(given, id, {
      ...options,
      async onRows(rows, total) {
        await onRows?.(rows, total)
        await note(rows, total)
      },
    })
    return { result: restored, done: restored.rows, restoredInto: restored.table }
  })
}

/** Reads an archive again, or all of them; each keeps beside it how it was found. Returns the faults of all. */
export async function verifyOnRecord(given: App, id?: string): Promise<string[]> {
  const app = mainApp(given)
  const shelf = archiveShelfOfApp(app)
  return await record(app, { kind: 'verify', archive: id ?? null }, async note => {
    const { items, faults } = id === undefined ? listArchives(shelf) : { items: [], faults: [] }
    const wanted = id === undefined ? items.map(({ manifest }) => manifest) : [getArchive(shelf, id)]
    const found = [...faults]
    for (const [index, manifest] of wanted.entries()) {
      await note(index, wanted.length)
      const each = await verifyArchive(shelf, manifest, app.clock.now())
      found.push(...each.map(fault => `${manifest.id}: ${fault}`))
    }
    return { result: found, done: wanted.length, ...(found[0] !== undefined && { failure: found[0] }) }
  })
}

/** The newest first. `own` in the system scope. */
export async function listArchiveRuns(own: Queryable, limit = 20): Promise<ArchiveRun[]> {
  await closeForgotten(own)
  return await own.run(sql<ArchiveRun>`
    select ${columns}
    from operations.archive_runs
    order by started_at desc, id
    limit ${limit}`)
}

type Outcome<T> = { result: T; done: number; restoredInto?: string; failure?: string }

async function record<T>(
  given: App,
  { kind, archive }: { kind: ArchiveRun['kind']; archive: string | null },
  work: (note: Progress) => Promise<Outcome<T>>,
): Promise<T> {
  const own = mainApp(given).db.scoped(system)
  await own.run(sql`
    delete from operations.archive_runs
    where started_at < now() - ${keptDays} * interval '1 day'`)
  await closeForgotten(own)
  const { id } = await own.one(sql<{ id: string }>`
    insert into operations.archive_runs (kind, archive)
    values (${kind}, ${archive})
    returning id`)
  const isAlive = sql`
    update operations.archive_runs
    set seen_at = now()
    where id = ${id}`
  const beat = setInterval(() => void own.run(isAlive).catch(() => {}), 30_000)
  beat.unref()
  let noted = Number.NEGATIVE_INFINITY
  const note: Progress = async (done, total) => {
    if (performance.now() - noted < noteEvery) return
    noted = performance.now()
    await own.run(sql`
      update operations.archive_runs
      set done = ${done}, total = ${total}
      where id = ${id}`)
  }
  try {
    const { result, done, restoredInto, failure } = await work(note)
    await own.run(sql`
      update operations.archive_runs
      set
        status = ${failure === undefined ? 'done' : 'failed'},
        ended_at = clock_timestamp(),
        done = ${done},
        total = ${done},
        restored_into = ${restoredInto ?? null},
        reason = ${failure?.slice(0, 1_000) ?? null}
      where id = ${id}`)
    return result
  } catch (error) {
    await own.run(sql`
      update operations.archive_runs
      set status = 'failed', ended_at = clock_timestamp(), reason = ${(error as Error).message.slice(0, 1_000)}
      where id = ${id}`)
    throw error
  } finally {
    clearInterval(beat)
  }
}

/** Their program was killed: what a restore had made went with its transaction. */
async function closeForgotten(own: Queryable): Promise<void> {
  await own.run(sql`
    update operations.archive_runs
    set status = 'failed', ended_at = now(), reason = 'The program that did it ended in the middle; nothing was restored.'
    where status = 'running'
      and seen_at < now() - interval '2 minutes'`)
}
