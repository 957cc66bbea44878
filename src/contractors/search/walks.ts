import { type Reader, sql } from '#platform/database'
import { isBehind, type Rank } from './orders.ts'
import { matches, type Sql, type Target } from './targets.ts'

/**
 * The matches among the next contractors in the target's order, of which up to `longest` are looked at: as many as are
 * wanted where matches are frequent, fewer where they crowd further down.
 */
export async function meetMatches(
  tx: Reader,
  target: Target,
  inTier: Sql,
  { after, wanted, longest }: { after: Rank | undefined; wanted: number; longest: number },
): Promise<Rank[]> {
  const { order, bounds } = target
  // Sorted by the column, not by the expression anew: the planner knows that it comes in this order, and stops at a page.
  return await tx.run<Rank>(sql`
    select place::text as rank, id
    from (
      select *, ${order.key} as place
      from contractors.contractor_profiles
      where not is_hidden
        and merged_into is null
        and ${order.isByValue ? bounds : sql`true`}
        ${after ? sql`and ${isBehind(order, after)}` : sql``}
      order by ${order.by}
      limit ${longest}
    ) as contractor_profiles
    where ${matches(target, 'row')}
      and ${bounds}
      and ${inTier}
    order by place ${order.direction}, id
    limit ${wanted}
  `)
}
