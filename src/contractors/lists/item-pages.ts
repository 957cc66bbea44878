import { Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, readCursor } from '#platform/http'
import { errors } from '../errors.ts'
import type { directions, ListField } from './fields.ts'
import { type ItemRow, type ListedItem, listedItemOf, type priorities, selectItem } from './items.ts'
import { getList } from './lists.ts'

export type Direction = (typeof directions)[number]

/** Which items of a list, in which order. All conditions must hold; of several priorities or states one is enough. */
export type ItemFilters = {
  q?: string | undefined
  tag?: readonly string[] | undefined
  minRating?: number | undefined
  priority?: readonly (typeof priorities)[number][] | undefined
  state?: readonly string[] | undefined
}
export type ItemSorting = { sort?: string | undefined; direction?: Direction | undefined }
type Page = { limit: number; cursor?: string | undefined }

/** The items of a list: the latest addition first, unless told; where two are alike, as they were put by hand. */
export async function listItems(tx: Queryable, listId: string, options: Page & ItemFilters & ItemSorting) {
  const { settings } = await getList(tx, listId)
  const { limit, cursor, sort = 'added', ...filters } = options
  const order = orderOf(sort, settings.fields)
  const direction = options.direction ?? order.usual
  const isDown = direction === 'desc'
  const key = order.key(isDown)
  const fingerprint = JSON.stringify(['contractor-list-items', listId, sort, direction, filters])
  const after = readCursor(cursor, fingerprint, order.type === numeric ? numericPlace : textPlace)
  const behind =
    after &&
    sql`and ${key} ${isDown ? sql`<=` : sql`>=`} ${after[0]}::${order.type} and (
      ${key} ${isDown ? sql`<` : sql`>`} ${after[0]}::${order.type} or (item.position, item.id) > (${after[1]}::numeric, ${after[2]}::uuid)
    )`
  const rows = await tx.run<Listed & { sortKey: string; sortPosition: string }>(sql`
    with listed as (${selectItem} where item.list_id = ${listId} and ${matching(filters)} ${behind ?? sql``}
      order by ${key} ${isDown ? sql`desc` : sql`asc`}, item.position, item.id
      limit ${limit + 1}
    )
    select listed.*, item.view_count, item.last_viewed_at, (${key})::text as sort_key, item.position::text as sort_position
    from listed
    join contractors.contractor_list_items as item on item.id = listed.id
    join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
    order by ${key} ${isDown ? sql`desc` : sql`asc`}, item.position, item.id
  `)
  const page = cutPage(rows, limit, fingerprint, row => [row.sortKey, row.sortPosition, row.id])
  const items: ListedItem[] = page.items.map(listedItemOf)
  return { items, nextCursor: page.nextCursor }
}

/** All items that a filter leaves, by id and contractor, at most 100,000: what is done to all of them needs no more. */
export async function listItemIds(tx: Queryable, listId: string, filters: ItemFilters) {
  await getList(tx, listId)
  return await tx.run<{ id: string; contractorId: string }>(sql`
    select item.id, item.contractor_profile_id as contractor_id
    from contractors.contractor_list_items as item
    join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
    where item.list_id = ${listId}
      and ${matching(filters)}
    order by item.position, item.id
    limit 100000
  `)
}

/** What an item has to fulfil; `item` and `profile` are those of `selectItem`. */
export function matching({ q = '', tag = [], minRating, priority = [], state = [] }: ItemFilters) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10)
  const said = sql`lower(concat_ws(' ', profile.name, profile.uei, item.notes, item.tags::text))`
  return sql.join(
    [
      sql`true`,
      ...words.map(word => sql`strpos(${said}, ${word}) > 0`),
      ...tag.map(each => sql`item.tags @> ${JSON.stringify([each])}::jsonb`),
      ...(minRating === undefined ? [] : [sql`item.rating >= ${minRating}`]),
      ...(priority.length > 0 ? [sql`item.priority = any(${[...priority]}::text[])`] : []),
      ...(state.length > 0 ? [sql`profile.state = any(${state.map(each => each.toUpperCase())}::text[])`] : []),
    ],
    sql` and `,
  )
}

type Listed = ItemRow & { viewCount: number; lastViewedAt: Date | null }

const position = Type.String({ pattern: '^-?[0-9]{1,40}(\\.[0-9]{1,1000})?$' })
const amount = Type.String({ pattern: '^-?([0-9]{1,40}(\\.[0-9]{1,1000})?|Infinity)$' })
const numericPlace = Type.Tuple([amount, position, Type.String({ format: 'uuid' })])
const textPlace = Type.Tuple([Type.String(), position, Type.String({ format: 'uuid' })])

type Order = { key: (isDown: boolean) => ReturnType<typeof sql>; type: ReturnType<typeof sql>; usual: Direction }

const numeric = sql`numeric`
const wording = sql`text`

/** What has no value comes last, whichever way one sorts. */
const orLast = (value: ReturnType<typeof sql>) => (isDown: boolean) =>
  sql`coalesce(${value}, ${isDown ? sql`'-Infinity'` : sql`'Infinity'`}::numeric)`
const textOrLast = (value: ReturnType<typeof sql>) => (isDown: boolean) =>
  sql`coalesce(lower(${value}), ${isDown ? sql`''` : sql`chr(1114111)`}) collate "C"`

const orders: Readonly<Record<string, Order>> = {
  manual: { key: () => sql`item.position`, type: numeric, usual: 'asc' },
  added: { key: () => sql`extract(epoch from item.added_at)`, type: numeric, usual: 'desc' },
  name: { key: textOrLast(sql`profile.name`), type: wording, usual: 'asc' },
  value: { key: orLast(sql`profile.total_contract_value`), type: numeric, usual: 'desc' },
  rating: { key: orLast(sql`item.rating::numeric`), type: numeric, usual: 'desc' },
  priority: {
    key: orLast(sql`array_position(array['low', 'medium', 'high', 'critical'], item.priority)::numeric`),
    type: numeric,
    usual: 'desc',
  },
  views: { key: () => sql`item.view_count::numeric`, type: numeric, usual: 'desc' },
}

function orderOf(sort: string, fields: readonly ListField[]): Order {
  const fixed = orders[sort]
  if (fixed) return fixed
  const id = sort.replace(/^field:/, '')
  const field = fields.find(each => each.id === id)
  if (!field) throw errors.fieldUnknown({ id })
  if (field.kind !== 'number') return { key: textOrLast(sql`item.custom_data ->> ${id}`), type: wording, usual: 'asc' }
  // A value from before the field was one of numbers is none.
  const value = sql`case jsonb_typeof(item.custom_data -> ${id}) when 'number' then (item.custom_data ->> ${id})::numeric end`
  return { key: orLast(value), type: numeric, usual: 'desc' }
}
