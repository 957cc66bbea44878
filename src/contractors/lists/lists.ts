import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { cutPage, decimal, type IfMatch, nullable, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'

const text = nullable(Type.String())

/** A selection of contractors. What is derived from its items is always of this moment; `totalValue` in US dollars. */
export const List = Type.Object({
  id: uuid,
  name: Type.String(),
  description: text,
  isDefault: Type.Boolean({ description: 'The favourites, made for each user; cannot be deleted' }),
  isPublic: Type.Boolean(),
  color: text,
  icon: text,
  sortOrder: Type.Integer(),
  itemCount: Type.Integer(),
  totalValue: { ...decimal, description: 'Sum of the total contract values of its contractors, US dollars' },
  lastItemAddedAt: nullable(timestamp),
  ownerId: uuid,
  isMine: Type.Boolean(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type List = Static<typeof List>

/** What its owner says of a list. */
export const ListFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S', examples: ['Teaming partners'] }),
  description: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  color: Type.Optional(
    nullable(Type.String({ pattern: '^#[0-9a-f]{6}$', description: 'In lower case', examples: ['#0b7285'] })),
  ),
  icon: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 50 }))),
  isPublic: Type.Optional(Type.Boolean({ description: 'Everybody in the tenant sees it; only its owner changes it' })),
  sortOrder: Type.Optional(
    Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'Smaller comes first among one’s lists' }),
  ),
})
export type ListFields = Static<typeof ListFields>

type Page = { limit: number; cursor?: string | undefined }

/** The lists that the user sees: his favourites (made now if need be), his others, then those open to him. */
export async function listLists(tx: Queryable, { limit, cursor }: Page) {
  const after = readCursor(cursor, order, place)
  let rows = await selectLists(tx, limit, after)
  if (!after && !rows.some(list => list.place === 0)) {
    await makeFavourites(tx)
    rows = await selectLists(tx, limit, after)
  }
  const page = cutPage(rows, limit, order, list => [list.place, list.sortOrder, list.sortName, list.id])
  return { ...page, items: page.items.map(({ place, sortName, ...list }) => list as List) }
}

/** Refuses with not_found what does not exist, belongs to another tenant, or is private to another user. */
export async function getList(tx: Queryable, id: string): Promise<List> {
  const list = await tx.maybe<List>(sql`
    select ${listColumns}
    from contractors.contractor_list_summaries as list
    where id = ${id}
  `)
  if (!list) throw errors.listNotFound({ id })
  return list
}

/** The user's favourites in this tenant, made if need be. */
export async function getFavourites(tx: Queryable): Promise<List> {
  await makeFavourites(tx)
  return await tx.one<List>(sql`
    select ${listColumns}
    from contractors.contractor_list_summaries as list
    where user_id = platform.current_user_id()
      and is_default
  `)
}

export async function createList(tx: Queryable, fields: ListFields): Promise<List> {
  const { id } = await tx.one<{ id: string }>(sql`
    insert into contractors.contractor_lists (user_id, name, description, color, icon, is_public, sort_order)
    values (
      platform.current_user_id(), ${fields.name}, ${fields.description ?? null}, ${fields.color ?? null},
      ${fields.icon ?? null}, ${fields.isPublic ?? false}, ${fields.sortOrder ?? 0}
    )
    returning id
  `)
  return await getList(tx, id)
}

/** Changes the given fields alone. `tx` is a transaction: the list stays locked from the comparison to the change. */
export async function updateList(
  tx: Queryable,
  id: string,
  changes: Partial<ListFields>,
  ifMatch?: IfMatch,
): Promise<List> {
  const locked = await tx.maybe(sql`
    select id
    from contractors.contractor_lists
    where id = ${id}
    for update
  `)
  const list = await getList(tx, id)
  if (!locked) throw errors.listNotYours()
  requireMatch(ifMatch, list)
  const next = { ...list, ...changes }
  await tx.run(sql`
    update contractors.contractor_lists
    set
      name = ${next.name},
      description = ${next.description},
      color = ${next.color},
      icon = ${next.icon},
      is_public = ${next.isPublic},
      sort_order = ${next.sortOrder}
    where id = ${id}
  `)
  return await getList(tx, id)
}

/** Deletes the list with its items. */
export async function deleteList(tx: Queryable, id: string): Promise<void> {
  const deleted = await tx.maybe(sql`
    delete from contractors.contractor_lists
    where id = ${id}
    returning id
  `)
  if (deleted) return
  const list = await getList(tx, id)
  throw list.isMine && list.isDefault ? errors.defaultListStays() : errors.listNotYours()
}

const order = 'contractor-lists'

const place = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }),
  Type.String(),
  Type.String({ format: 'uuid' }),
])

const listColumns = sql`
  list.id, list.name, list.description, list.is_default, list.is_public, list.color, list.icon, list.sort_order,
  list.item_count, list.total_value, list.last_item_added_at, list.user_id as owner_id,
  coalesce(list.user_id = platform.current_user_id(), false) as is_mine, list.created_at, list.updated_at
`

type Place = [place: number, sortOrder: number, name: string, id: string]

async function selectLists(tx: Queryable, limit: number, after: Place | undefined) {
  // The page is cut before the totals are summed, so that they are summed for its lists alone.
  return await tx.run<List & { place: number; sortName: string }>(sql`
    with placed as (
      select
        id,
        case when user_id <> platform.current_user_id() then 2 when is_default then 0 else 1 end as place,
        sort_order,
        lower(name) as sort_name
      from contractors.contractor_lists
    ),
    page as (
      select *
      from placed
      ${after ? sql`where (place, sort_order, sort_name, id) > (${after[0]}, ${after[1]}, ${after[2]}, ${after[3]})` : sql``}
      order by place, sort_order, sort_name, id
      limit ${limit + 1}
    )
    select ${listColumns}, page.place, page.sort_name
    from page
    join contractors.contractor_list_summaries as list on list.id = page.id
    order by page.place, page.sort_order, page.sort_name, page.id
  `)
}

/** Of many first requests at once one makes them: the partial unique index decides. */
async function makeFavourites(tx: Queryable): Promise<void> {
  await tx.run(sql`
    insert into contractors.contractor_lists (user_id, name, is_default, icon)
    values (platform.current_user_id(), 'Favourites', true, 'star')
    on conflict (tenant_id, user_id) where is_default do nothing
  `)
}
