import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { getProfileKey } from './profile-keys.ts'

/** What became of a profile at one time. */
export const ProfileChange = Type.Object({
  id: uuid,
  changedAt: timestamp,
  changes: Type.Array(
    Type.Object({
      field: Type.String({ description: 'Property of a contractor, or what else sources say about it' }),
      before: Type.Unsafe<unknown>({}),
      after: Type.Unsafe<unknown>({}),
    }),
  ),
  import: nullable(
    Type.Object({
      id: uuid,
      source: Type.String(),
      fileName: Type.String(),
    }),
  ),
  isByHand: Type.Boolean({ description: 'By an operator, such as a merge' }),
})
export type ProfileChange = Static<typeof ProfileChange>

type Row = {
  id: string
  changedAt: Date
  changes: Record<string, [unknown, unknown]>
  importId: string | null
  source: string | null
  fileName: string | null
  changedBy: string | null
  place: string
}

/** The history of a profile since it came into the catalogue, the latest first (GG-15). */
export async function listChanges(
  tx: Queryable,
  id: string,
  asked: { field?: string | undefined; limit: number; cursor?: string | undefined },
) {
  await getProfileKey(tx, id)
  const fingerprint = `contractor-changes ${id} ${asked.field ?? ''}`
  const after = readCursor(asked.cursor, fingerprint, position)
  const rows = await tx.run<Row>(sql`
    select change.id, change.changed_at, change.changes, change.import_id, change.changed_by,
      run.source, run.file_name, change.changed_at::text as place
    from contractors.profile_changes as change
    left join contractors.imports as run on run.id = change.import_id
    where change.profile_id = ${id}
      ${asked.field === undefined ? sql`` : sql`and change.changes ? ${asked.field}`}
      ${after ? sql`and (change.changed_at, change.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : sql``}
    order by change.changed_at desc, change.id desc
    limit ${asked.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, asked.limit, fingerprint, row => [row.place, row.id])
  return { items: items.map(changeOf), nextCursor }
}

function changeOf({ id, changedAt, changes, importId, source, fileName, changedBy }: Row): ProfileChange {
  return {
    id,
    changedAt,
    changes: Object.entries(changes).map(([field, [before, after]]) => ({ field, before, after })),
    import: importId !== null && source !== null && fileName !== null ? { id: importId, source, fileName } : null,
    isByHand: changedBy !== null && importId === null,
  }
}

const position = Type.Tuple([
  Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+[+-][0-9:]+$', maxLength: 40 }),
  Type.String({ format: 'uuid' }),
])
