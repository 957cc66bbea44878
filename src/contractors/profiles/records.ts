import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, date, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'

/** A raw record as its source published it. */
export const RawRecord = Type.Object({
  id: uuid,
  source: Type.String({ description: 'Name of the source', examples: ['sam_v2'] }),
  sourceId: Type.String({ description: 'What the source knows it by' }),
  observedOn: nullable({ ...date, description: 'As of when it speaks' }),
  importedAt: timestamp,
  updatedAt: { ...timestamp, description: 'When an import last brought other content' },
})
export type RawRecord = Static<typeof RawRecord>

export const RawRecordInFull = Type.Object({
  ...RawRecord.properties,
  data: Type.Record(Type.String(), Type.String(), {
    description: 'Column of the source to its text; empty ones left out',
  }),
})
export type RawRecordInFull = Static<typeof RawRecordInFull>

/** Raw records of a contractor, the latest change first; of one source, or of all. */
export async function listRecords(
  tx: Queryable,
  id: string,
  asked: { source?: string | undefined; limit: number; cursor?: string | undefined },
) {
  const key = await getProfileKey(tx, id)
  const fingerprint = `contractor-records ${id} ${asked.source ?? ''}`
  const after = readCursor(asked.cursor, fingerprint, position)
  const rows = await tx.run<RawRecord & { place: string }>(sql`
    select id, source, source_id, observed_on, imported_at, updated_at, updated_at::text as place
    from contractors.contractors
    where ${belongsTo(key)}
      ${asked.source === undefined ? sql`` : sql`and source = ${asked.source}`}
      ${after ? sql`and (updated_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : sql``}
    order by updated_at desc, id desc
    limit ${asked.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, asked.limit, fingerprint, row => [row.place, row.id])
  return { items: items.map(({ place, ...record }): RawRecord => record), nextCursor }
}

/** One raw record of a contractor with its content. */
export async function getRecord(tx: Queryable, id: string, recordId: string): Promise<RawRecordInFull> {
  const key = await getProfileKey(tx, id)
  const record = await tx.maybe<RawRecordInFull>(sql`
    select id, source, source_id, observed_on, imported_at, updated_at, data
    from contractors.contractors
    where id = ${recordId}
      and ${belongsTo(key)}
  `)
  if (!record) throw errors.recordNotFound({ id: recordId })
  return record
}

const position = Type.Tuple([
  Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+[+-][0-9:]+$', maxLength: 40 }),
  Type.String({ format: 'uuid' }),
])
