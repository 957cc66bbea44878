import { type Static, Type } from 'typebox'
import { onViolation, type Queryable, sql } from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import { cutPage, date, readCursor, uuid } from '#platform/http'

/** A call for bids; `dueOn` is a calendar date. */
export const Tender = Type.Object({ id: uuid, title: Type.String(), dueOn: date })
export type Tender = Static<typeof Tender>

const errors = errorTable('tenders', {
  titleTaken: ['conflict', 'There is a tender with this title already.'],
  tenderNotFound: ['not_found', 'There is no tender {id}.'],
})

/** The soonest first. */
export async function listTenders(tx: Queryable, { limit, cursor }: { limit: number; cursor?: string }) {
  const after = readCursor(cursor, 'tenders', place)
  const rows = await tx.run<Tender>(sql`
    select id, title, due_on
    from tenders.tenders
    where ${after ? sql`due_on >= ${after[0]} and (due_on > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by due_on, id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, 'tenders', tender => [tender.dueOn, tender.id])
}

export async function watchTender(tx: Queryable, { title, dueOn }: Omit<Tender, 'id'>): Promise<Tender> {
  return await onViolation(
    tx.one<Tender>(sql`
      insert into tenders.tenders (title, due_on)
      values (${title}, ${dueOn})
      returning id, title, due_on
    `),
    { tenders_title_unique: errors.titleTaken },
  )
}

export async function dropTender(tx: Queryable, id: string): Promise<void> {
  const dropped = await tx.maybe(sql`delete from tenders.tenders where id = ${id} returning id`)
  if (!dropped) throw errors.tenderNotFound({ id })
}

const place = Type.Tuple([date, uuid])
