import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import {
  cutPage,
  decimal,
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
import { CustomData, CustomDataChange, checkCustomData, ListField } from '../lists/fields.ts'
import { emptied, filled } from '../lists/items.ts'
import type { Guest } from './guests.ts'
import { shareErrors } from './share-errors.ts'
import { permissions } from './shares.ts'

const text = nullable(Type.String())
const priorities = ['low', 'medium', 'high', 'critical'] as const

/** A list as somebody outside sees it. */
export const SharedList = Type.Object({
  id: uuid,
  name: Type.String(),
  description: text,
  color: text,
  icon: text,
  itemCount: Type.Integer(),
  permission: oneOf(permissions),
  includesRemarks: Type.Boolean(),
  fields: Type.Array(ListField, { description: "The list's own fields; none where the sharer does not show remarks" }),
  email: Type.String({ description: 'Whom the link was made for' }),
  sharedByName: Type.String(),
  tenantName: Type.String(),
  expiresAt: { ...timestamp, description: 'When the link is asked for again' },
})
export type SharedList = Static<typeof SharedList>

const remarks = {
  notes: text,
  tags: Type.Array(Type.String()),
  rating: nullable(Type.Integer({ description: '1 to 5' })),
  priority: nullable(oneOf(priorities)),
  customData: CustomData,
}

/** Remarks are empty where the sharer does not show them. */
export const SharedItem = Type.Object({
  id: uuid,
  contractor: Type.Object({
    id: uuid,
    uei: text,
    name: Type.String(),
    state: text,
    naicsCode: text,
    totalContractValue: nullable({ ...decimal, description: 'US dollars' }),
  }),
  ...remarks,
  addedAt: timestamp,
})
export type SharedItem = Static<typeof SharedItem>

export const ListedSharedItem = Type.Object({ ...SharedItem.properties, etag: Type.String() })
export type ListedSharedItem = Static<typeof ListedSharedItem>

export const SharedRemarks = Type.Object({
  notes: Type.Optional(nullable(Type.String({ maxLength: 10_000 }))),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 50, uniqueItems: true })),
  rating: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 5 }))),
  priority: Type.Optional(nullable(oneOf(priorities))),
  customData: Type.Optional(CustomDataChange),
})
export type SharedRemarks = Static<typeof SharedRemarks>

type Described = Pick<SharedList, 'sharedByName' | 'tenantName'>

/** `tx` is the guest's. */
export async function getSharedList(tx: Queryable, guest: Guest, described: Described): Promise<SharedList> {
  const { permission, includesRemarks, email, expiresAt } = guest
  type Shown = Pick<SharedList, 'id' | 'name' | 'description' | 'color' | 'icon' | 'itemCount' | 'fields'>
  const list = await tx.maybe<Shown>(sql`
    select
      list.id, list.name, list.description, list.color, list.icon, contractors.shared_fields() as fields,
      (select count(*)::integer from contractors.contractor_list_items as item where item.list_id = list.id) as item_count
    from contractors.contractor_lists as list
    where list.id = ${guest.listId}
  `)
  if (!list) throw errors.listNotFound({ id: guest.listId })
  return { ...list, permission, includesRemarks, email, expiresAt, ...described }
}

/** In the order that the list has by hand. */
export async function listSharedItems(
  tx: Queryable,
  listId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: ListedSharedItem[]; nextCursor: string | null }> {
  const fingerprint = `shared-list-items ${listId}`
  const after = readCursor(page.cursor, fingerprint, place)
  const rows = await tx.run<ItemRow & { position: string }>(sql`
    ${selectItem}
    where item.list_id = ${listId}
      ${after ? sql`and item.position >= ${after[0]}::numeric and (item.position > ${after[0]}::numeric or item.id > ${after[1]})` : sql``}
    order by item.position, item.id
    limit ${page.limit + 1}
  `)
  const { items, nextCursor } = cutPage(rows, page.limit, fingerprint, row => [row.position, row.id])
  return { items: items.map(itemOf).map(item => ({ ...item, etag: etagOf(item) })), nextCursor }
}

/** By its UEI, once. */
export async function addSharedItem(tx: Queryable, guest: Guest, uei: string): Promise<SharedItem> {
  requireEdit(guest)
  const added = await onViolation(
    tx.maybe<{ id: string }>(sql`
      insert into contractors.contractor_list_items (list_id, contractor_profile_id)
      select ${guest.listId}, id
      from contractors.contractor_profiles
      where uei = ${uei.toUpperCase()}
        and not is_hidden
      returning id
    `),
    { contractor_list_items_once_per_list: errors.alreadyInList },
  )
  if (!added) throw errors.contractorNotFound({ id: uei })
  return await getSharedItem(tx, guest.listId, added.id)
}

/** Changes what is given alone, as long as the item is as `ifMatch` names it. */
export async function updateSharedItem(
  tx: Queryable,
  guest: Guest,
  id: string,
  changes: SharedRemarks,
  ifMatch: IfMatch,
): Promise<SharedItem> {
  requireEdit(guest)
  const locked = await tx.maybe(sql`
    select id
    from contractors.contractor_list_items
    where list_id = ${guest.listId}
      and id = ${id}
    for update
  `)
  if (!locked) throw errors.itemNotFound({ id })
  requireMatch(ifMatch, await getSharedItem(tx, guest.listId, id))
  const { customData } = changes
  if (customData) {
    const { fields } = await tx.one<Pick<SharedList, 'fields'>>(sql`select contractors.shared_fields() as fields`)
    checkCustomData(fields, customData)
  }
  const sets = [
    'notes' in changes && sql`notes = ${changes.notes}`,
    changes.tags !== undefined && sql`tags = ${json(changes.tags)}`,
    'rating' in changes && sql`rating = ${changes.rating}`,
    'priority' in changes && sql`priority = ${changes.priority}`,
    customData !== undefined &&
      sql`custom_data = contractors.with_shared_fields(id, ${json(filled(customData))}, ${emptied(customData)}::text[])`,
  ].filter(set => set !== false)
  if (sets.length > 0) {
    await tx.run(sql`
      update contractors.contractor_list_items
      set ${sql.join(sets)}
      where list_id = ${guest.listId}
        and id = ${id}
    `)
  }
  return await getSharedItem(tx, guest.listId, id)
}

export async function removeSharedItem(tx: Queryable, guest: Guest, id: string): Promise<void> {
  requireEdit(guest)
  const { isRemoved } = await tx.one<{ isRemoved: boolean }>(sql`
    select contractors.remove_shared_item(${id}) as is_removed
  `)
  if (!isRemoved) throw errors.itemNotFound({ id })
}

/** As the last lookup found it; the database asks again by itself. */
function requireEdit({ permission }: Guest): void {
  if (permission !== 'edit') throw shareErrors.shareTooWeak()
}

async function getSharedItem(tx: Queryable, listId: string, id: string): Promise<SharedItem> {
  const row = await tx.maybe<ItemRow & { position: string }>(sql`
    ${selectItem}
    where item.list_id = ${listId}
      and item.id = ${id}
  `)
  if (!row) throw errors.itemNotFound({ id })
  return itemOf(row)
}

const place = Type.Tuple([Type.String({ pattern: '^-?\\d{1,40}(\\.\\d{1,9000})?$' }), Type.String({ format: 'uuid' })])

type ItemRow = Omit<SharedItem, 'contractor' | 'tags' | 'customData'> &
  Omit<SharedItem['contractor'], 'id'> & {
    contractorId: string
    tags: string[] | null
    customData: SharedItem['customData'] | null
    position: string
  }

const selectItem = sql`
  select
    item.id, item.contractor_profile_id as contractor_id, item.added_at, item.position, profile.uei, profile.name,
    profile.state, profile.naics_code, profile.total_contract_value, remarks.notes, remarks.tags, remarks.rating,
    remarks.priority, remarks.custom_data
  from contractors.contractor_list_items as item
  join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
  left join lateral contractors.shared_remarks(item.id) as remarks on true
`

function itemOf({ position, ...row }: ItemRow): SharedItem {
  const { id, contractorId, uei, name, state, naicsCode, totalContractValue, tags, customData, ...others } = row
  return {
    id,
    contractor: { id: contractorId, uei, name, state, naicsCode, totalContractValue },
    ...others,
    tags: tags ?? [],
    customData: customData ?? {},
  }
}
