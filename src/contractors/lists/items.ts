import { type Static, Type } from 'typebox'
import { type Database, json, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { etagOf, type IfMatch, nullable, oneOf, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { money } from '../money.ts'
import { CustomData, CustomDataChange, checkCustomData, type FieldValue } from './fields.ts'
import { getList, requireEditable } from './lists.ts'

const text = nullable(Type.String())

export const priorities = ['low', 'medium', 'high', 'critical'] as const

/** A contractor in a list, with what is noted about it there. `totalContractValue` in US dollars. */
export const Item = Type.Object({
  id: uuid,
  contractorId: uuid,
  contractor: Type.Object({
    id: uuid,
    uei: nullable(Type.String({ description: 'Null of a vendor that is known by name only' })),
    name: Type.String(),
    state: text,
    naicsCode: text,
    totalContractValue: money('Obligated over all known awards'),
  }),
  notes: text,
  tags: Type.Array(Type.String()),
  rating: nullable(Type.Integer({ description: '1 to 5' })),
  priority: nullable(oneOf(priorities)),
  customData: CustomData,
  addedBy: nullable(uuid),
  addedAt: timestamp,
})
export type Item = Static<typeof Item>

/** An item with what `If-Match` takes to change it, and what changes without anybody changing it. */
export const ListedItem = Type.Object({
  ...Item.properties,
  viewCount: Type.Integer({ description: 'How often somebody has opened it' }),
  lastViewedAt: nullable(timestamp),
  etag: Type.String({ description: 'Entity tag of the item, for `If-Match`' }),
})
export type ListedItem = Static<typeof ListedItem>

export const tagsInput = Type.Array(Type.String({ minLength: 1, maxLength: 50, pattern: '\\S' }), {
  maxItems: 50,
  uniqueItems: true,
})

/** What is noted about a contractor in a list; null empties a note. */
export const ItemFields = Type.Object({
  notes: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  tags: Type.Optional(tagsInput),
  rating: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 5 }))),
  priority: Type.Optional(nullable(oneOf(priorities))),
  customData: Type.Optional(CustomDataChange),
})
export type ItemFields = Static<typeof ItemFields>

/** By either of its identifiers. */
export type ContractorKey = { contractorId: string; uei?: undefined } | { contractorId?: undefined; uei: string }

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
  if (fields.customData) await checkAgainstList(tx, listId, fields.customData)
  const added = await onViolation(
    tx.maybe<{ id: string }>(sql`
      insert into contractors.contractor_list_items
        (list_id, contractor_profile_id, notes, tags, rating, priority, custom_data, added_by)
      select
        ${listId}, id, ${fields.notes ?? null}, ${json(fields.tags ?? [])}, ${fields.rating ?? null}::integer,
        ${fields.priority ?? null}, ${json(filled(fields.customData))}, platform.current_user_id()
      from contractors.contractor_profiles
      where ${isContractor(key)}
        and not is_hidden
        and contractors.can_edit_list(${listId})
      returning id
    `),
    {
      contractor_list_items_once_per_list: errors.alreadyInList,
      // Somebody has deleted it at this moment.
      contractor_list_items_list_id_fkey: () => errors.listNotFound({ id: listId }),
    },
  )
  if (!added) {
    await requireEditable(tx, listId)
    throw errors.contractorNotFound({ id: key.contractorId ?? key.uei })
  }
  return await getItem(tx, listId, added.id)
}

export async function getItem(tx: Queryable, listId: string, id: string): Promise<Item> {
  const row = await tx.maybe<ItemRow>(sql`${selectItem} where item.list_id = ${listId} and item.id = ${id}`)
  if (!row) throw errors.itemNotFound({ id })
  return itemOf(row)
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
  if (changes.customData) await checkAgainstList(tx, listId, changes.customData)
  const sets = setsOf(changes)
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

/** The assignments of a change, for an update of `contractors.contractor_list_items`. */
export function setsOf({ customData, ...changes }: ItemFields) {
  return [
    'notes' in changes && sql`notes = ${changes.notes}`,
    changes.tags !== undefined && sql`tags = ${json(changes.tags)}`,
    'rating' in changes && sql`rating = ${changes.rating}::integer`,
    'priority' in changes && sql`priority = ${changes.priority}`,
    customData !== undefined &&
      sql`custom_data = (custom_data || ${json(filled(customData))}) - ${emptied(customData)}::text[]`,
  ].filter(set => set !== false)
}

/** Puts an item behind another one, or before all. Writes one row; whoever moves another one meanwhile is not in the way. */
export async function moveItem(tx: Queryable, listId: string, id: string, after: string | null): Promise<void> {
  const moved = await tx.maybe(sql`
    with above as (
      select position
      from contractors.contractor_list_items
      where list_id = ${listId}
        and id = ${after}::uuid
    ),
    below as (
      select min(position) as position
      from contractors.contractor_list_items
      where list_id = ${listId}
        and id <> ${id}
        and (${after}::uuid is null or position > (select position from above))
    )
    update contractors.contractor_list_items
    set position = contractors.place_between((select position from above), (select position from below))
    where list_id = ${listId}
      and id = ${id}
      and id is distinct from ${after}::uuid
      and (${after}::uuid is null or exists (select from above))
    returning id
  `)
  if (!moved) await refuseChange(tx, listId, after ?? id)
}

/** Counts that somebody has opened the item; whoever sees it may. Another one than the latest change: no log tells of it. */
export async function countView(tx: Queryable, listId: string, id: string): Promise<void> {
  const seen = await tx.maybe(sql`
    select contractors.count_item_view(id)
    from contractors.contractor_list_items
    where list_id = ${listId}
      and id = ${id}
  `)
  if (seen) return
  await getList(tx, listId)
  throw errors.itemNotFound({ id })
}

/** The lists that the user sees and that hold this contractor, or one that it has absorbed, his favourites first, at most 100. */
export async function listsHolding(tx: Queryable, contractorId: string) {
  return await tx.run<{ id: string; name: string; itemId: string }>(sql`
    select id, name, item_id
    from (
      select distinct on (list.id)
        list.id, list.name, list.user_id, list.is_default, item.id as item_id
      from contractors.contractor_list_items as item
      join contractors.contractor_lists as list on list.id = item.list_id
      where item.contractor_profile_id in (
        select id
        from contractors.contractor_profiles
        where id = ${contractorId}
          or merged_into = ${contractorId}
      )
        and list.archived_at is null
      order by list.id, item.contractor_profile_id <> ${contractorId}, item.id
    ) as holding
    order by user_id <> platform.current_user_id(), is_default desc, lower(name), id
    limit 100
  `)
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

export type ItemRow = Omit<Item, 'contractor'> & Omit<Item['contractor'], 'id'>

/** Takes `where` and what follows; rows are for `itemOf`. */
export const selectItem = sql`
  select
    item.id, item.contractor_profile_id as contractor_id, item.notes, item.tags, item.rating, item.priority,
    item.custom_data, item.added_by, item.added_at, profile.uei, profile.name, profile.state, profile.naics_code,
    profile.total_contract_value
  from contractors.contractor_list_items as item
  join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
`

export function itemOf({ uei, name, state, naicsCode, totalContractValue, ...item }: ItemRow): Item {
  return {
    id: item.id,
    contractorId: item.contractorId,
    contractor: { id: item.contractorId, uei, name, state, naicsCode, totalContractValue },
    notes: item.notes,
    tags: item.tags,
    rating: item.rating,
    priority: item.priority,
    customData: item.customData,
    addedBy: item.addedBy,
    addedAt: item.addedAt,
  }
}

export function listedItemOf(row: ItemRow & { viewCount: number; lastViewedAt: Date | null }): ListedItem {
  const item = itemOf(row)
  return { ...item, viewCount: row.viewCount, lastViewedAt: row.lastViewedAt, etag: etagOf(item) }
}

/** The values of a change that are not emptied. */
export function filled(change: Readonly<Record<string, FieldValue | null>> = {}): Record<string, FieldValue> {
  return Object.fromEntries(Object.entries(change).filter((entry): entry is [string, FieldValue] => entry[1] !== null))
}

/** The fields that a change empties. */
export function emptied(change: Readonly<Record<string, FieldValue | null>>): string[] {
  return Object.keys(change).filter(id => change[id] === null)
}

async function checkAgainstList(tx: Queryable, listId: string, change: Record<string, FieldValue | null>) {
  const { settings } = await getList(tx, listId)
  checkCustomData(settings.fields, change)
}

function isContractor(key: ContractorKey) {
  return key.contractorId === undefined ? sql`uei = ${key.uei.toUpperCase()}` : sql`id = ${key.contractorId}`
}

async function refuseChange(tx: Queryable, listId: string, id: string): Promise<never> {
  await requireEditable(tx, listId)
  throw errors.itemNotFound({ id })
}
