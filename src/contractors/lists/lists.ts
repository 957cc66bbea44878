import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import {
  cutPage,
  decimal,
  type IfMatch,
  nullable,
  oneOf,
  readCursor,
  requireMatch,
  timestamp,
  uuid,
} from '#platform/http'
import { errors } from '../errors.ts'
import { checkSettings, ListSettings, noSettings } from './fields.ts'

const text = nullable(Type.String())

/** A selection of contractors. What is derived from its items is always of this moment; `totalValue` in US dollars. */
export const List = Type.Object({
  id: uuid,
  name: Type.String(),
  description: text,
  isDefault: Type.Boolean({ description: 'The favourites, one list of each user; cannot be deleted or archived' }),
  isPublic: Type.Boolean(),
  color: text,
  icon: text,
  sortOrder: Type.Integer(),
  itemCount: Type.Integer(),
  totalValue: {
    ...decimal,
    description: 'Sum of the total contract values of its contractors, each once, US dollars',
  },
  lastItemAddedAt: nullable(timestamp),
  settings: ListSettings,
  archivedAt: nullable(timestamp),
  ownerId: uuid,
  isMine: Type.Boolean(),
  access: oneOf(['own', 'shared', 'public'], { description: 'Why you see it' }),
  mayEdit: Type.Boolean({ description: 'You may change its items' }),
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
  settings: Type.Optional(ListSettings),
})
export type ListFields = Static<typeof ListFields>

/** What its owner changes of a list that is there. */
export const ListChanges = Type.Object({
  ...Type.Partial(ListFields).properties,
  isDefault: Type.Optional(Type.Literal(true, { description: 'Makes it the default instead of the one that is' })),
  isArchived: Type.Optional(Type.Boolean({ description: 'Archived, a list is seen and changed by nobody' })),
})
export type ListChanges = Static<typeof ListChanges>

type Page = { limit: number; cursor?: string | undefined; archived?: boolean | undefined }

/**
 * The lists that the user sees: his favourites (made now if need be, and if the plan has room for one more list), his others, then
 * those open to him. Each statement of `tx` is a transaction of its own: what is refused for want of room leaves the rest.
 */
export async function listLists(tx: Queryable, { limit, cursor, archived = false }: Page) {
  const fingerprint = archived ? `${order} archived` : order
  const after = readCursor(cursor, fingerprint, place)
  let rows = await selectLists(tx, limit, after, archived)
  if (!archived && !after && !rows.some(list => list.place === 0)) {
    await makeFavourites(tx).catch((error: unknown) => {
      if (!(error instanceof DomainError) || error.code !== 'usage.quota_exceeded') throw error
    })
    rows = await selectLists(tx, limit, after, archived)
  }
  const page = cutPage(rows, limit, fingerprint, list => [list.place, list.sortOrder, list.sortName, list.id])
  return { ...page, items: page.items.map(({ place, sortName, ...list }) => listOf(list)) }
}

/** Refuses with not_found what does not exist, belongs to another tenant, or is private to another user. */
export async function getList(tx: Queryable, id: string): Promise<List> {
  const list = await tx.maybe<ListRow>(sql`
    select ${listColumns}
    from contractors.contractor_list_summaries as list
    where id = ${id}
  `)
  if (!list) throw errors.listNotFound({ id })
  return listOf(list)
}

/** Refuses unless the user may change the items of the list now. */
export async function requireEditable(tx: Queryable, id: string): Promise<void> {
  const list = await tx.maybe<{ mayEdit: boolean; isArchived: boolean; isMine: boolean }>(sql`
    select
      contractors.can_edit_list(id) as may_edit,
      archived_at is not null as is_archived,
      user_id = platform.current_user_id() as is_mine
    from contractors.contractor_lists
    where id = ${id}
  `)
  if (!list) throw errors.listNotFound({ id })
  if (list.mayEdit) return
  throw list.isMine && list.isArchived ? errors.listArchived() : errors.listNotYours()
}

/**
 * Until the transaction ends nobody else changes many items of these lists at once, archives or deletes one: what two do so
 * would lock each other out. Before `requireEditable`, so that what that finds stays so.
 */
export async function takeLists(tx: Queryable, ...ids: readonly string[]): Promise<void> {
  for (const id of ids.toSorted()) {
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('contractors.contractor_lists'), hashtext(${id}))`)
  }
}

/** The user's favourites in this tenant, made if need be. */
export async function getFavourites(tx: Queryable): Promise<List> {
  await makeFavourites(tx)
  return listOf(
    await tx.one<ListRow>(sql`
      select ${listColumns}
      from contractors.contractor_list_summaries as list
      where user_id = platform.current_user_id()
        and is_default
    `),
  )
}

export async function createList(tx: Queryable, fields: ListFields): Promise<List> {
  if (fields.settings) checkSettings(fields.settings)
  const { id } = await tx.one<{ id: string }>(sql`
    insert into contractors.contractor_lists (user_id, name, description, color, icon, is_public, sort_order, settings)
    values (
      platform.current_user_id(), ${fields.name}, ${fields.description ?? null}, ${fields.color ?? null},
      ${fields.icon ?? null}, ${fields.isPublic ?? false}, ${fields.sortOrder ?? 0}, ${json(fields.settings ?? {})}
    )
    returning id
  `)
  return await getList(tx, id)
}

/** Changes the given fields alone. `tx` is a transaction: the list stays locked from the comparison to the change. */
export async function updateList(
  tx: Queryable,
  id: string,
  { isDefault, isArchived, ...fields }: ListChanges,
  ifMatch?: IfMatch,
): Promise<List> {
  if (isArchived) await takeLists(tx, id)
  if (isDefault) await lockDefault(tx)
  const locked = await tx.maybe(sql`
    select id
    from contractors.contractor_lists
    where id = ${id}
    for update
  `)
  const list = await getList(tx, id)
  if (!locked) throw errors.listNotYours()
  requireMatch(ifMatch, list)
  const staysArchived = list.archivedAt !== null && isArchived !== false
  if (staysArchived && (isDefault || Object.keys(fields).length > 0)) throw errors.listArchived()
  if (isArchived && (isDefault || list.isDefault)) throw errors.defaultListStays()
  if (fields.settings) checkSettings(fields.settings)
  if (isDefault && !list.isDefault) {
    await tx.run(sql`
      update contractors.contractor_lists
      set is_default = false
      where user_id = platform.current_user_id()
        and is_default
    `)
  }
  const next = { ...list, ...fields }
  const archivedAt =
    isArchived === undefined ? sql`archived_at` : isArchived ? sql`coalesce(archived_at, now())` : sql`null`
  await onViolation(
    tx.run(sql`
      update contractors.contractor_lists
      set
        name = ${next.name},
        description = ${next.description},
        color = ${next.color},
        icon = ${next.icon},
        is_public = ${next.isPublic},
        sort_order = ${next.sortOrder},
        settings = ${fields.settings ? json(fields.settings) : sql`settings`},
        is_default = ${isDefault ?? list.isDefault},
        archived_at = ${archivedAt}
      where id = ${id}
    `),
    { contractor_lists_one_default_per_user: errors.defaultListChanged },
  )
  return await getList(tx, id)
}

/**
 * Puts one's list behind another of one's own, or before all (but the favourites). Writes one row, or, once in a long
 * while, all: when there is no number left between two. `tx` is a transaction.
 */
export async function moveList(tx: Queryable, id: string, after: string | null): Promise<List> {
  const mine = await tx.run<{ id: string; sortOrder: number; isArchived: boolean }>(sql`
    select id, sort_order, archived_at is not null as is_archived
    from contractors.contractor_lists
    where user_id = platform.current_user_id()
      and not is_default
    order by sort_order, lower(name), id
    for update
  `)
  const moved = mine.find(list => list.id === id)
  if (!moved) throw (await getList(tx, id)).isMine ? errors.defaultListStays() : errors.listNotYours()
  const others = mine.filter(list => list !== moved)
  const index = after === null ? 0 : others.findIndex(list => list.id === after) + 1
  if (after !== null && index === 0 && !(await isFavourites(tx, after))) throw errors.listNotFound({ id: after })
  const [above, below] = [others[index - 1]?.sortOrder, others[index]?.sortOrder]
  const between = placeBetween(above, below)
  if (between === undefined) {
    const ids = others.toSpliced(index, 0, moved).map(list => list.id)
    await tx.run(sql`
      update contractors.contractor_lists as list
      set sort_order = wanted.place * ${step}::integer
      from unnest(${ids}::uuid[]) with ordinality as wanted (id, place)
      where list.id = wanted.id
    `)
  } else {
    await tx.run(sql`update contractors.contractor_lists set sort_order = ${between} where id = ${id}`)
  }
  return await getList(tx, id)
}

/** Deletes the list with its items. */
export async function deleteList(tx: Queryable, id: string): Promise<void> {
  await takeLists(tx, id)
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
  list.item_count, list.total_value, list.last_item_added_at, list.settings, list.archived_at, list.user_id as owner_id,
  coalesce(list.user_id = platform.current_user_id(), false) as is_mine,
  case
    when list.user_id = platform.current_user_id() then 'own'
    when exists (
      select
      from contractors.contractor_list_shares as share
      where share.tenant_id = list.tenant_id
        and share.list_id = list.id
        and share.shared_with_user_id = platform.current_user_id()
        and (share.expires_at is null or share.expires_at > now())
    ) then 'shared'
    else 'public'
  end as access,
  contractors.can_edit_list(list.id) as may_edit, list.created_at, list.updated_at
`

type ListRow = Omit<List, 'settings'> & { settings: Partial<ListSettings> }

function listOf({ settings, ...list }: ListRow): List {
  // In this order whatever the database answers: the entity tag is made from it.
  const { isMine, access, mayEdit, createdAt, updatedAt, ownerId, archivedAt, ...rest } = list
  const known = { ...noSettings, ...settings }
  return {
    ...rest,
    settings: { fields: known.fields, columns: known.columns, sort: known.sort },
    archivedAt,
    ownerId,
    isMine,
    access,
    mayEdit,
    createdAt,
    updatedAt,
  }
}

type Place = [place: number, sortOrder: number, name: string, id: string]

async function selectLists(tx: Queryable, limit: number, after: Place | undefined, archived: boolean) {
  // The page is cut before the totals are summed, so that they are summed for its lists alone.
  return await tx.run<ListRow & { place: number; sortName: string }>(sql`
    with placed as (
      select
        id,
        case when user_id <> platform.current_user_id() then 2 when is_default then 0 else 1 end as place,
        sort_order,
        lower(name) as sort_name
      from contractors.contractor_lists
      where archived_at is ${archived ? sql`not null` : sql`null`}
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

/** Of two who make another list the default at once the second waits, and then finds the first one's. */
async function lockDefault(tx: Queryable): Promise<void> {
  await tx.run(sql`
    select id
    from contractors.contractor_lists
    where user_id = platform.current_user_id()
      and is_default
    for update
  `)
}

async function isFavourites(tx: Queryable, id: string): Promise<boolean> {
  const list = await getList(tx, id)
  return list.isMine && list.isDefault
}

const step = 1_024

function placeBetween(above: number | undefined, below: number | undefined): number | undefined {
  if (above === undefined && below === undefined) return 0
  const place =
    above === undefined
      ? (below as number) - step
      : below === undefined
        ? above + step
        : Math.floor((above + below) / 2)
  const isFree = (above === undefined || place > above) && (below === undefined || place < below)
  return isFree && Math.abs(place) <= 1_000_000_000 ? place : undefined
}
