import { type Static, Type } from 'typebox'
import { type Database, json, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import {
  cutPage,
  etagOf,
  type IfMatch,
  nullable,
  oneOf,
  readCursor,
  requireMatch,
  timestamp,
  uuid,
} from '#platform/http'
import { errors } from '../errors.ts'
import { money } from '../money.ts'
import { getList } from './lists.ts'

const text = nullable(Type.String())

const priorities = ['low', 'medium', 'high'] as const

/** A contractor in a list, with what is noted about it there. `totalContractValue` in US dollars. */
export const Item = Type.Object({
  id: uuid,
  contractorId: uuid,
  contractor: Type.Object({
    id: uuid,
    uei: Type.String(),
    name: Type.String(),
    state: text,
    naicsCode: text,
    totalContractValue: money('Obligated over all known awards'),
  }),
  notes: text,
  tags: Type.Array(Type.String()),
  rating: nullable(Type.Integer({ description: '1 to 5' })),
  priority: nullable(oneOf(priorities)),
  addedBy: nullable(uuid),
  addedAt: timestamp,
})
export type Item = Static<typeof Item>

/** An item with what `If-Match` takes to change it. */
export const ListedItem = Type.Object({
  ...Item.properties,
  etag: Type.String({ description: 'Entity tag of the item, for `If-Match`' }),
})
export type ListedItem = Static<typeof ListedItem>

/** What is noted about a contractor in a list; null empties a note. */
export const ItemFields = Type.Object({
  notes: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50, uniqueItems: true })),
  rating: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 5 }))),
  priority: Type.Optional(nullable(oneOf(priorities))),
})
export type ItemFields = Static<typeof ItemFields>

/** By either of its identifiers. */
export type ContractorKey = { contractorId: string; uei?: undefined } | { contractorId?: undefined; uei: string }

/** The items of a list, the latest addition first. */
export async function listItems(tx: Queryable, listId: string, page: { limit: number; cursor?: string | undefined }) {
  await getList(tx, listId)
  const fingerprint = `contractor-list-items ${listId}`
  const after = readCursor(page.cursor, fingerprint, place)
  const addedAt = after && sql`${new Date(after[0]).toISOString()}::timestamptz`
  const rows = await tx.run<ItemRow>(sql`
    ${selectItem}
    where item.list_id = ${listId}
      ${after ? sql`and item.added_at <= ${addedAt} and (item.added_at < ${addedAt} or item.id > ${after[1]})` : sql``}
    order by item.added_at desc, item.id
    limit ${page.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, page.limit, fingerprint, row => [row.addedAt.getTime(), row.id])
  const listed: ListedItem[] = items.map(itemOf).map(item => ({ ...item, etag: etagOf(item) }))
  return { items: listed, nextCursor }
}

/** Before `addItem`: the contractor is where the tenant has its lists. */
export async function bringContractor(db: Database, scope: Scope, key: ContractorKey): Promise<void> {
  const [column, value] = key.contractorId === undefined ? ['uei', key.uei.toUpperCase()] : ['id', key.contractorId]
  await db.bring(scope, 'contractors.contractor_profiles', column as string, [value as string])
}

/** Refuses with conflict a contractor that the list has already. */
export async function addItem(
  tx: Queryable,
  listId: string,
  key: ContractorKey,
  fields: ItemFields = {},
): Promise<Item> {
  const added = await onViolation(
    tx.maybe<{ id: string }>(sql`
      insert into contractors.contractor_list_items
        (list_id, contractor_profile_id, notes, tags, rating, priority, added_by)
      select
        ${listId}, id, ${fields.notes ?? null}, ${json(fields.tags ?? [])}, ${fields.rating ?? null}::integer,
        ${fields.priority ?? null}, platform.current_user_id()
      from contractors.contractor_profiles
      where ${isContractor(key)}
        and not is_hidden
        and contractors.can_edit_list(${listId})
      returning id
    `),
    { contractor_list_items_once_per_list: errors.alreadyInList },
  )
  if (!added) {
    await refuseUnlessEditable(tx, listId)
    throw errors.contractorNotFound({ id: key.contractorId ?? key.uei })
  }
  return await getItem(tx, listId, added.id)
}

/** Changes the given fields alone; null empties one. `tx` is a transaction: the item stays locked while it is compared. */
export async function updateItem(
  tx: Queryable,
  listId: string,
  id: string,
  changes: ItemFields,
  ifMatch?: IfMatch,
): Promise<Item> {
  if (ifMatch !== undefined) {
    const locked = await tx.maybe(sql`
      select id
      from contractors.contractor_list_items
      where list_id = ${listId}
        and id = ${id}
      for update
    `)
    if (!locked) await refuseChange(tx, listId, id)
    requireMatch(ifMatch, await getItem(tx, listId, id))
  }
  const sets = [
    'notes' in changes && sql`notes = ${changes.notes}`,
    changes.tags !== undefined && sql`tags = ${json(changes.tags)}`,
    'rating' in changes && sql`rating = ${changes.rating}`,
    'priority' in changes && sql`priority = ${changes.priority}`,
  ].filter(set => set !== false)
  if (sets.length > 0) {
    const changed = await tx.maybe(sql`
      update contractors.contractor_list_items
      set ${sql.join(sets)}
      where list_id = ${listId}
        and id = ${id}
      returning id
    `)
    if (!changed) await refuseChange(tx, listId, id)
  }
  return await getItem(tx, listId, id)
}

export async function removeItem(tx: Queryable, listId: string, id: string): Promise<void> {
  const removed = await tx.maybe(sql`
    delete from contractors.contractor_list_items
    where list_id = ${listId}
      and id = ${id}
    returning id
  `)
  if (!removed) await refuseChange(tx, listId, id)
}

/** The lists that the user sees and that hold this contractor, his favourites first, at most 100. */
export async function listsHolding(tx: Queryable, contractorId: string) {
  return await tx.run<{ id: string; name: string; itemId: string }>(sql`
    select list.id, list.name, item.id as item_id
    from contractors.contractor_list_items as item
    join contractors.contractor_lists as list on list.id = item.list_id
    where item.contractor_profile_id = ${contractorId}
    order by list.user_id <> platform.current_user_id(), list.is_default desc, lower(list.name), list.id
    limit 100
  `)
}

const place = Type.Tuple([Type.Integer({ minimum: 0, maximum: 1e14 }), Type.String({ format: 'uuid' })])

type ItemRow = Omit<Item, 'contractor'> & Omit<Item['contractor'], 'id'>

const selectItem = sql`
  select
    item.id, item.contractor_profile_id as contractor_id, item.notes, item.tags, item.rating, item.priority,
    item.added_by, item.added_at, profile.uei, profile.name, profile.state, profile.naics_code,
    profile.total_contract_value
  from contractors.contractor_list_items as item
  join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
`

function itemOf({ uei, name, state, naicsCode, totalContractValue, ...item }: ItemRow): Item {
  return { ...item, contractor: { id: item.contractorId, uei, name, state, naicsCode, totalContractValue } }
}

function isContractor(key: ContractorKey) {
  return key.contractorId === undefined ? sql`uei = ${key.uei.toUpperCase()}` : sql`id = ${key.contractorId}`
}

async function getItem(tx: Queryable, listId: string, id: string): Promise<Item> {
  const row = await tx.maybe<ItemRow>(sql`${selectItem} where item.list_id = ${listId} and item.id = ${id}`)
  if (!row) throw errors.itemNotFound({ id })
  return itemOf(row)
}

async function refuseChange(tx: Queryable, listId: string, id: string): Promise<never> {
  await refuseUnlessEditable(tx, listId)
  throw errors.itemNotFound({ id })
}

async function refuseUnlessEditable(tx: Queryable, listId: string): Promise<void> {
  await getList(tx, listId)
  const { isEditable } = await tx.one<{ isEditable: boolean }>(
    sql`select contractors.can_edit_list(${listId}) as is_editable`,
  )
  if (!isEditable) throw errors.listNotYours()
}

/** Whether anybody in the tenant has put a contractor into a list. */
export async function hasItems(tx: Queryable): Promise<boolean> {
  const { found } = await tx.one(sql<{ found: boolean }>`
    select exists (
      select
      from contractors.contractor_list_items
      where tenant_id = ${tx.scope.tenantId}
    ) as found`)
  return found
}
