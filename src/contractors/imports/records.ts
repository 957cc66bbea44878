import type { ClientBase } from 'pg'
import type { Publication } from './layouts.ts'

/** What an import did to the raw records of a source. */
export type RecordCounts = { inserted: number; updated: number; unchanged: number }

/** Ids of records that say no more than that a registration has ended. */
const isEnded = "like '%|ended'"
const mainId = (id: string) => `regexp_replace(${id}, '\\|+ended$', '')`

/**
 * Brings the staged rows into the raw records and leaves in staging only those that were new or changed, with the id that
 * their record has. Of rows with one key in the same file the last wins; the others count as unchanged. The caller has
 * taken out what is outdated.
 */
export async function mergeRecords(
  client: ClientBase,
  source: string,
  now: Date,
  publication?: Publication,
): Promise<RecordCounts> {
  // Rows of awards say once what many of them say, and the one that says it may go.
  if (!publication) await insertObservations(client)
  const repeated = await client.query(
    `delete from pg_temp.import_rows as r
     using (
       select source_id, max(line) as last_line
       from pg_temp.import_rows
       group by source_id
       having count(*) > 1
     ) as twice
     where r.source_id = twice.source_id
       and r.line < twice.last_line`,
  )
  let unchanged = 0
  let updated = 0
  const isOld = await isKnown(client, source)
  if (isOld) {
    const same = await client.query(
      `delete from pg_temp.import_rows as r
       using contractors.contractors as c
       where c.source = $1
         and c.source_id = r.source_id
         and c.content_hash = r.content_hash`,
      [source],
    )
    unchanged = same.rowCount ?? 0
    // Of a full file few rows are left now, which plans are to know.
    if (unchanged >= 20_000) await client.query('select contractors.measure_staging()')
    await client.query(
      `update pg_temp.import_rows as r
       set is_known = true,
         id = c.id,
         old_uei = c.uei,
         old_mention_id = c.mention_id,
         old_observation_id = c.observation_id
       from contractors.contractors as c
       where c.source = $1
         and c.source_id = r.source_id`,
      [source],
    )
  }
  if (publication) await insertObservations(client)
  if (isOld) updated = await updateRecords(client, now, publication)
  const added = await client.query(
    `insert into contractors.contractors
       (id, source, source_id, data, imported_at, updated_at, uei, mention_id, observation_id, observed_on, published_on,
        content_hash)
     select r.id, $3, r.source_id, r.data, $1, $1, r.uei, r.mention_id, r.observation_id, r.observed_on, $2, r.content_hash
     from pg_temp.import_rows as r
     where not r.is_known`,
    [now, publication?.on ?? null, source],
  )
  if (updated > 0) await dropUnsaidObservations(client)
  return { inserted: added.rowCount ?? 0, updated, unchanged: unchanged + (repeated.rowCount ?? 0) }
}

/** Those that are known, and say something else now. */
async function updateRecords(client: ClientBase, now: Date, publication?: Publication): Promise<number> {
  const changed = await client.query(
    `update contractors.contractors as c
     set data = r.data,
       uei = coalesce(r.uei, case when c.mention_id = r.mention_id then c.uei end),
       mention_id = r.mention_id,
       observation_id = r.observation_id,
       observed_on = r.observed_on,
       published_on = $2,
       content_hash = r.content_hash,
       updated_at = $1
     from pg_temp.import_rows as r
     where r.is_known
       and c.id = r.id`,
    [now, publication?.on ?? null],
  )
  return changed.rowCount ?? 0
}

/** Whether the source has any record yet: into an empty catalogue nothing need be compared. */
export async function isKnown(client: ClientBase, source: string): Promise<boolean> {
  const { rows } = await client.query(
    'select exists (select from contractors.contractors where source = $1) as known',
    [source],
  )
  return rows[0].known
}

/** Whether nothing has been imported yet, from no source. */
export async function isEmpty(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query(
    `select not exists (select from contractors.contractors)
       and not exists (select from contractors.contractor_profiles) as is_empty`,
  )
  return rows[0].is_empty
}

/** What is there already conflicts. To look for it first may be a scan of the table for each row, of a table that grows. */
async function insertObservations(client: ClientBase): Promise<void> {
  await client.query(
    `insert into contractors.observations (id, uei, source, fields)
     select r.observation_id, r.uei, r.source, r.fields
     from pg_temp.import_rows as r
     where r.fields is not null
     on conflict (id) do nothing`,
  )
}

/** What no record says any more, once the changed records say something else. */
async function dropUnsaidObservations(client: ClientBase): Promise<void> {
  await client.query(
    `delete from contractors.observations as o
     using pg_temp.import_rows as r
     where r.is_known
       and o.id = r.old_observation_id
       and not exists (select from contractors.contractors as c where c.uei = r.old_uei and c.observation_id = o.id)
       and not exists (select from contractors.contractors as c where c.mention_id = r.old_mention_id and c.observation_id = o.id)`,
  )
}

/**
 * The day of the newest full file of the source that has been imported: everything before it is in it, or is no longer
 * published.
 */
export async function findNewestFull(client: ClientBase, source: string): Promise<string | undefined> {
  const { rows } = await client.query(
    `select max(published_on)::text as newest
     from contractors.imports
     where source = $1
       and is_full
       and not is_dry_run
       and status = 'done'`,
    [source],
  )
  return rows[0].newest ?? undefined
}

/**
 * Takes out of staging what a newer file has said already, so that an older one does not undo it: records that a newer
 * file has brought, ends of registrations of which a newer file has the complete record, and all that is said of somebody
 * who does not want to be shown. Returns how many rows that were.
 */
export async function dropOutdatedRows(
  client: ClientBase,
  source: string,
  publication: Publication,
  hidden: { column: string; value: string } | undefined,
): Promise<number> {
  const outdated = await client.query(
    `delete from pg_temp.import_rows as r
     using contractors.contractors as c
     where c.source = $1
       and c.source_id = r.source_id
       and c.published_on > $2`,
    [source, publication.on],
  )
  const ends = await client.query(
    `delete from pg_temp.import_rows as r
     using contractors.contractors as c
     where r.source_id ${isEnded}
       and c.source = $1
       and c.source_id = ${mainId('r.source_id')}
       and (c.published_on > $2 or c.data ->> $3 = $4)`,
    [source, publication.on, hidden?.column ?? '', hidden?.value ?? ''],
  )
  return (outdated.rowCount ?? 0) + (ends.rowCount ?? 0)
}

/**
 * Ends of registrations that the file's complete records take back are removed: the registration goes on. Their
 * contractors are made anew. Returns how many they were.
 */
export async function removeTakenBackEnds(
  client: ClientBase,
  source: string,
  publication: Publication,
): Promise<number> {
  const { rows } = await client.query(
    `with gone as (
       delete from contractors.contractors as c
       using pg_temp.import_rows as r
       where c.source = $1
         and c.source_id ${isEnded}
         and r.source_id = ${mainId('c.source_id')}
         and coalesce(c.published_on, '-infinity') <= $2
         and not exists (select from pg_temp.import_rows as again where again.source_id = c.source_id)
       returning c.uei, c.observation_id
     ),
     touched as (
       insert into pg_temp.import_ueis (uei)
       select distinct uei from gone where uei is not null
       on conflict do nothing
     )
     delete from contractors.observations as o
     using gone
     where o.id = gone.observation_id
     returning 1`,
    [source, publication.on],
  )
  return rows.length
}

/**
 * Records that a full file lacks and that nobody has said to have ended: their source publishes them no longer. Parameters
 * are source, day of the file, the column and the code of a registration that is listed as expired, the column and the
 * value of one that is hidden.
 */
export const missingRecords = `
  -- By itself: taken together with the ends, a few rows are expected, and the staged ones gone through for each of them.
  with missing as materialized (
    select c.source_id, c.data
    from contractors.contractors as c
    where c.source = $1
      and not c.source_id ${isEnded}
      and (c.published_on is null or c.published_on < $2)
      and c.data ->> $3 is distinct from $4
      and c.data ->> $5 is distinct from $6
      and not exists (select from pg_temp.import_rows as r where r.source_id = c.source_id)
  )
  select source_id, data
  from missing
  where not exists (
    select
    from contractors.contractors as ended
    where ended.source = $1
      and ended.source_id in (missing.source_id || '|ended', missing.source_id || '||ended')
  )`
