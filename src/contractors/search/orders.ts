import type { RawBuilder } from 'kysely'
import { sql } from '#platform/database'

type Sql = RawBuilder<unknown>

export const sorts = ['relevance', 'value', 'name', 'updated', 'awarded'] as const
export type Sort = (typeof sorts)[number]

/** Where something stands in an order: what it is sorted by, as text, then its id. */
export type Rank = { rank: string; id: string }

/** One of the orders, each with an index of its own that goes on with the id. */
export type Order = {
  /** What it is sorted by, as the index has it. */
  key: Sql
  /** What follows `order by`. */
  by: Sql
  /** How the key is sorted: what stands between it and the id in `by`. */
  direction: Sql
  /** What ranks look like: a cursor comes back from outside. */
  shape: RegExp
  /** Whether the walk can go down state by state, and skip to the bounds of the value. */
  isByValue: boolean
}

const days = (day: Sql) => sql`coalesce(${day} - date '0001-01-01', -1)`

const byValue: Order = {
  key: sql`value_rank`,
  by: sql`value_rank desc, id`,
  direction: sql`desc`,
  shape: /^-?\d{1,15}$|^-1000000000000000$/,
  isByValue: true,
}
const byFamily: Order = { ...byValue, key: sql`family_rank`, by: sql`family_rank desc, id`, isByValue: false }
const latestFirst = (day: Sql): Order => ({
  key: days(day),
  by: sql`${days(day)} desc, id`,
  direction: sql`desc`,
  shape: /^-1$|^\d{1,7}$/,
  isByValue: false,
})

const orders: Record<Exclude<Sort, 'relevance'>, Order> = {
  value: byValue,
  name: {
    key: sql`search_name`,
    by: sql`search_name using ~<~, id`,
    direction: sql`using ~<~`,
    shape: /^[\s\S]{0,200}$/,
    isByValue: false,
  },
  updated: latestFirst(sql`(last_updated_date at time zone 'UTC')::date`),
  awarded: latestFirst(sql`last_award_date`),
}

/** By relevance is by value within each tier; the value of a rolled-up firm is its family's. */
export function orderOf({
  sort = 'relevance',
  rollUp,
}: {
  sort?: Sort | undefined
  rollUp?: boolean | undefined
}): Order {
  if (sort !== 'relevance' && sort !== 'value') return orders[sort]
  return rollUp ? byFamily : byValue
}

/** Whether something comes after `rank` in the order, as the order's index can skip to it; `key` is where the order's key stands. */
export function isBehind(order: Order, { rank, id }: Rank, key: Sql = order.key): Sql {
  if (order === orders.name) return sql`${key} ~>=~ ${rank} and (${key} ~>~ ${rank} or id > ${id})`
  return sql`${key} <= ${rank}::bigint and (${key} < ${rank}::bigint or id > ${id})`
}
