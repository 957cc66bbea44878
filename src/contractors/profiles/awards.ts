import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, date, nullable, oneOf, readCursor, uuid } from '#platform/http'
import { catalogueDay } from '../days.ts'
import { errors } from '../errors.ts'
import { money } from '../money.ts'
import { nameAgency } from './agencies.ts'
import { belongsTo, getProfileKey } from './profile-keys.ts'

const text = nullable(Type.String())

/** An award of a contractor; amounts in US dollars as decimal text. */
export const Award = Type.Object({
  id: uuid,
  kind: oneOf(['award', 'vehicle'], {
    description: 'award: a contract or order; vehicle: an indefinite delivery vehicle on which orders are placed',
  }),
  piid: Type.String({ description: 'Procurement Instrument Identifier' }),
  agencyId: Type.String(),
  agencyName: Type.String({ description: 'As the source names it, else its department with its code' }),
  referencedPiid: nullable(Type.String({ description: 'Of the parent award' })),
  description: text,
  naicsCode: text,
  pscCode: nullable(Type.String({ description: 'Product or service code' })),
  signedDate: nullable({ ...date, description: 'Of the first action' }),
  lastActionDate: nullable({ ...date, description: 'Signature of the latest action' }),
  completionDate: nullable(date),
  obligatedAmount: money('Obligated by the latest action alone; negative when it takes back'),
  totalObligated: money('Obligated in all'),
  status: nullable(oneOf(['active', 'completed'], { description: 'By completion date; null without one' })),
})
export type Award = Static<typeof Award>

/** What narrows the awards of a contractor. */
export const awardFilters = {
  status: Type.Optional(
    oneOf(['active', 'completed', 'unknown'], { description: 'unknown: without a completion date' }),
  ),
  agencyId: Type.Optional(Type.String({ maxLength: 10 })),
  naics: Type.Optional(Type.String({ pattern: '^[0-9]{2,6}$', description: 'A code or the beginning of codes' })),
  year: Type.Optional(Type.Integer({ minimum: 1900, maximum: 2200, description: 'Calendar year of signing' })),
  kind: Type.Optional(oneOf(['award', 'vehicle'])),
  q: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'Text within identifiers or the description' }),
  ),
}
const AwardFilters = Type.Object(awardFilters)
export type AwardFilters = Static<typeof AwardFilters>

export const awardSorts = ['action', 'signed', 'value', 'completion'] as const
export const awardOrders = ['desc', 'asc'] as const

type Asked = AwardFilters & {
  sort: (typeof awardSorts)[number]
  order: (typeof awardOrders)[number]
  limit: number
  cursor?: string | undefined
}

/** Awards of a contractor. What lacks the value that is sorted by comes last in descending order. */
export async function listAwards(tx: Queryable, id: string, asked: Asked) {
  const key = await getProfileKey(tx, id)
  const { sort, order, limit, cursor, ...filters } = asked
  const fingerprint = `contractor-awards ${id} ${sort} ${order} ${JSON.stringify(filters)}`
  const after = readCursor(cursor, fingerprint, position)
  const { place, type } = places[sort]
  const down = order === 'desc'
  const beyond = after && sql`(${place}, id) ${down ? sql`<` : sql`>`} (${after[0]}::text::${type}, ${after[1]}::uuid)`
  const rows = await tx.run<Unnamed<Award> & { place: string }>(sql`
    select ${awardColumns}, (${place})::text as place
    from contractors.awards
    where ${belongsTo(key)}
      and ${matches(filters)}
      and ${beyond ?? sql`true`}
    order by ${place} ${down ? sql`desc` : sql`asc`}, id ${down ? sql`desc` : sql`asc`}
    limit ${limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, limit, fingerprint, row => [row.place, row.id])
  return {
    items: items.map(({ place, ...award }) => ({ ...award, agencyName: nameAgency(award.agencyId, award.agencyName) })),
    nextCursor,
  }
}

/** An award with what only its own page shows. */
export const AwardInFull = Type.Object({
  ...Award.properties,
  modNumber: nullable(Type.String({ description: 'Modification that is the latest known action' })),
  referencedAgencyId: text,
  potentialValue: money('With all options'),
  reportedStatus: nullable(Type.String({ description: 'As the source words it' })),
  naicsTitle: text,
  parentAwardId: nullable({ ...uuid, description: 'The parent award, where it is this contractor’s and known here' }),
  orderCount: Type.Integer({ description: 'Awards of this contractor placed under it' }),
})
export type AwardInFull = Static<typeof AwardInFull>

/** One award of a contractor; that of another one is not found. */
export async function getAward(tx: Queryable, id: string, awardId: string): Promise<AwardInFull> {
  const key = await getProfileKey(tx, id)
  const award = await tx.maybe<Unnamed<AwardInFull>>(sql`
    select ${awardColumns}, mod_number, referenced_agency_id, potential_value, reported_status,
      ${naicsTitle(sql`naics_code`)} as naics_title,
      (
        select parent.id
        from contractors.awards as parent
        where parent.uei = awards.uei
          and parent.piid = awards.referenced_piid
          and parent.agency_id = coalesce(awards.referenced_agency_id, parent.agency_id)
          and parent.id <> awards.id
        limit 1
      ) as parent_award_id,
      (
        select count(*)
        from contractors.awards as placed
        where placed.uei = awards.uei
          and placed.referenced_piid = awards.piid
          and placed.referenced_agency_id = awards.agency_id
      ) as order_count
    from contractors.awards
    where ${belongsTo(key)}
      and id = ${awardId}
  `)
  if (!award) throw errors.awardNotFound({ id: awardId })
  return { ...award, agencyName: nameAgency(award.agencyId, award.agencyName) }
}

type Unnamed<T extends Award> = Omit<T, 'agencyName'> & { agencyName: string | null }

/** The title of a NAICS code in its newest edition. */
export const naicsTitle = (code: ReturnType<typeof sql>) => sql`(
  select titled.title
  from contractors.naics_codes as titled
  where titled.code = ${code}
  order by titled.edition desc
  limit 1
)`

// A completion date that has not passed; the same rule as in the counts of profiles.
export const awardStatus = sql`
  case when completion_date >= ${catalogueDay} then 'active' when completion_date < ${catalogueDay} then 'completed' end
`

const awardColumns = sql`
  id, kind, piid, agency_id,
  coalesce(agency_name, (select known.name from contractors.agencies as known where known.code = agency_id)) as agency_name,
  referenced_piid, description, naics_code, psc_code, signed_date,
  last_action_date, completion_date, obligated_amount, total_obligated, ${awardStatus} as status
`

const dated = (column: ReturnType<typeof sql>) => ({
  place: sql`coalesce(${column}, '0001-01-01'::date)`,
  type: sql`date`,
})
const places = {
  action: dated(sql`last_action_date`),
  signed: dated(sql`signed_date`),
  completion: dated(sql`completion_date`),
  value: { place: sql`coalesce(total_obligated, -10000000000000)`, type: sql`numeric` },
}

const position = Type.Tuple([
  Type.String({ pattern: '^([0-9]{4}-[0-9]{2}-[0-9]{2}|-?[0-9]{1,14}([.][0-9]{1,2})?)$' }),
  Type.String({ format: 'uuid' }),
])

function matches({ status, agencyId, naics, year, kind, q }: AwardFilters) {
  const conditions = [
    status && sql`${awardStatus} is not distinct from ${status === 'unknown' ? null : status}`,
    agencyId !== undefined && sql`agency_id = ${agencyId}`,
    naics && sql`naics_code ^@ ${naics}`,
    year !== undefined && sql`signed_date >= make_date(${year}, 1, 1) and signed_date < make_date(${year + 1}, 1, 1)`,
    kind && sql`kind = ${kind}`,
    q && sql`position(${q.toLowerCase()} in lower(concat_ws(' ', piid, referenced_piid, description))) > 0`,
  ].filter(condition => !!condition)
  return conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`
}
