import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, date, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { isAmount, money } from '../money.ts'
import { getAward } from './awards.ts'

const text = nullable(Type.String())

/** An action on an award as its source reported it: the award itself, or a modification of it. */
export const AwardAction = Type.Object({
  recordId: { ...uuid, description: 'The raw record' },
  source: Type.String(),
  modNumber: nullable(Type.String({ description: '0 or empty is the award itself' })),
  signedDate: nullable(date),
  kind: nullable(Type.String({ description: 'What was done, as the source words it' })),
  reason: nullable(Type.String({ description: 'Why, as the source words it' })),
  description: text,
  obligatedAmount: money('Obligated by this action; negative when it takes back'),
  totalObligated: money('Obligated in all after it, where the source says so'),
  completionDate: nullable(date),
  importedAt: timestamp,
})
export type AwardAction = Static<typeof AwardAction>

/** What was done to an award, the latest first. */
export async function listAwardActions(
  tx: Queryable,
  id: string,
  awardId: string,
  page: { limit: number; cursor?: string | undefined },
) {
  const award = await getAward(tx, id, awardId)
  const fingerprint = `award-actions ${awardId}`
  const after = readCursor(page.cursor, fingerprint, position)
  const key = `${award.agencyId}|${award.piid}|${award.referencedAgencyId ?? ''}|${award.referencedPiid ?? ''}`
  const rows = await tx.run<Record & { place: string }>(sql`
    select id, source, source_id, data, imported_at, ${actedOn}::text as place
    from contractors.contractors
    where source in (select source from contractors.imports)
      and source_id >= ${`${key}|`}
      and source_id < ${`${key}}`}
      ${after ? sql`and (${actedOn}, source_id, id) < (${after[0]}::date, ${after[1]}, ${after[2]}::uuid)` : sql``}
    order by ${actedOn} desc, source_id desc, id desc
    limit ${page.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, page.limit, fingerprint, row => [row.place, row.sourceId, row.id])
  return { items: items.map(actionOf), nextCursor }
}

type Record = { id: string; source: string; sourceId: string; data: { [column: string]: string }; importedAt: Date }

const actedOn = sql`coalesce(observed_on, '0001-01-01'::date)`
const position = Type.Tuple([
  Type.String({ format: 'date', pattern: '^(?!0000)' }),
  Type.String({ maxLength: 255 }),
  Type.String({ format: 'uuid' }),
])

/** The columns of all sources whose records are actions; what one calls otherwise stands second. */
function actionOf({ id, source, data, importedAt }: Record): AwardAction {
  const first = (...columns: string[]) => columns.map(column => data[column]).find(value => !!value) ?? null
  const amount = (column: string) => {
    const value = data[column]
    return value !== undefined && isAmount(value) ? value : null
  }
  const day = (...columns: string[]) => {
    const value = first(...columns)
    return value !== null && /^\d{4}-\d\d-\d\d$/.test(value) ? value : null
  }
  return {
    recordId: id,
    source,
    modNumber: first('mod_number'),
    signedDate: day('signed_date'),
    kind: first('action_type', 'fpds_status'),
    reason: first('reason_mod_desc'),
    description: first('description', 'listed_description'),
    obligatedAmount: amount('obligated_amount'),
    totalObligated: amount('total_obligated_amount'),
    completionDate: day('current_completion_date', 'completion_date', 'last_date_to_order'),
    importedAt,
  }
}
