import type { ClientBase } from 'pg'

/** What an import did to the raw records of a source. */
export type RecordCounts = { inserted: number; updated: number; unchanged: number }

/**
 * Brings the staged rows into the raw records and leaves in staging only those that were new or changed, with the id that
 * their record has. Of rows with one key in the same file the last wins; the others count as unchanged.
 */
export async function mergeRecords(client: ClientBase, source: string, now: Date): Promise<RecordCounts> {
  await client.query(
    `insert into contractors.observations (id, uei, source, fields)
     select distinct on (r.observation_id) r.observation_id, r.uei, r.source, r.fields
     from pg_temp.import_rows as r
     where r.fields is not null
       and not exists (select from contractors.observations as o where o.id = r.observation_id)
     on conflict (id) do nothing`,
  )
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
  const { rows } = await client.query(
    'select exists (select from contractors.contractors where source = $1) as known',
    [source],
  )
  let unchanged = 0
  let updated = 0
  if (rows[0].known) {
    const same = await client.query(
      `delete from pg_temp.import_rows as r
       using contractors.contractors as c
       where c.source = $1
         and c.source_id = r.source_id
         and c.content_hash = r.content_hash`,
      [source],
    )
    unchanged = same.rowCount ?? 0
    await client.query(
      `update pg_temp.import_rows as r
       set is_known = true, id = c.id, old_uei = c.uei
       from contractors.contractors as c
       where c.source = $1
         and c.source_id = r.source_id`,
      [source],
    )
    const changed = await client.query(
      `update contractors.contractors as c
       set data = r.data,
         uei = r.uei,
         observation_id = r.observation_id,
         observed_on = r.observed_on,
         content_hash = r.content_hash,
         updated_at = $1
       from pg_temp.import_rows as r
       where r.is_known
         and c.id = r.id`,
      [now],
    )
    updated = changed.rowCount ?? 0
  }
  const added = await client.query(
    `insert into contractors.contractors
       (id, source, source_id, data, imported_at, updated_at, uei, observation_id, observed_on, content_hash)
     select r.id, r.source, r.source_id, r.data, $1, $1, r.uei, r.observation_id, r.observed_on, r.content_hash
     from pg_temp.import_rows as r
     where not r.is_known`,
    [now],
  )
  if (updated > 0) await dropUnsaidObservations(client)
  return { inserted: added.rowCount ?? 0, updated, unchanged: unchanged + (repeated.rowCount ?? 0) }
}

/** What no record says any more, once the changed records say something else. */
async function dropUnsaidObservations(client: ClientBase): Promise<void> {
  await client.query(
    `delete from contractors.observations as o
     using pg_temp.import_rows as r
     where r.is_known
       and o.uei = r.old_uei
       and not exists (select from contractors.contractors as c where c.uei = o.uei and c.observation_id = o.id)`,
  )
}
