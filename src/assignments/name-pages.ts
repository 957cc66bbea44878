import { Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { cutPage, readCursor, uuid } from '#platform/http'

type Sql = ReturnType<typeof sql>

/** Rows that have a name: `table` with its alias, and what a page of them is `of`, which its cursor keeps. */
type Named = { of: string; table: Sql; columns: Sql; conditions: Sql }

/** A page by name, with how many there are in all that match. */
export async function pageByName<Row extends { id: string; name: string }>(
  tx: Reader,
  { limit, cursor }: { limit: number; cursor?: string },
  { of, table, columns, conditions }: Named,
) {
  const after = readCursor(cursor, of, Type.Tuple([Type.String(), uuid]))
  const rows = await tx.run<Row>(sql`
    select ${columns}
    from ${table}
    where ${conditions}
      and ${after ? sql`name >= ${after[0]} and (name > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by name, id
    limit ${limit + 1}
  `)
  const { total } = await tx.one<{ total: number }>(sql`
    select count(*)::integer as total
    from ${table}
    where ${conditions}
  `)
  return { ...cutPage(rows, limit, of, row => [row.name, row.id]), total }
}
