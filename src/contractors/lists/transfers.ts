import { json, type Queryable, sql } from '#platform/database'
import { errors } from '../errors.ts'
import { type FieldValue, type ListField, matchFields } from './fields.ts'
import type { Item } from './items.ts'
import { createList, deleteList, getList, type List, requireEditable, takeLists, updateList } from './lists.ts'
import { removeItems } from './removals.ts'

type Remarks = Pick<Item, 'notes' | 'tags' | 'rating' | 'priority' | 'customData'>
type Held = Remarks & { id: string; contractorId: string; name: string }

/** What went from one list into another. `alreadyIn` are in the other list already and stay as they are in both. */
export type Transfer = { added: number; alreadyIn: number; moved: number; removalId: string | null }

/** A list of one's own with the items of another that one sees, with all that is noted there. `tx` is a transaction. */
export async function copyList(tx: Queryable, id: string, name: string): Promise<List> {
  const { description, color, icon, settings } = await getList(tx, id)
  const copy = await createList(tx, { name, description, color, icon, settings })
  await tx.run(sql`
    insert into contractors.contractor_list_items
      (list_id, contractor_profile_id, notes, tags, rating, priority, custom_data, position, added_by)
    select
      ${copy.id}, contractor_profile_id, notes, tags, rating, priority, custom_data, position,
      platform.current_user_id()
    from contractors.contractor_list_items
    where list_id = ${id}
  `)
  return await getList(tx, copy.id)
}

/**
 * Puts items of a list into another one too, or takes them over there. What is noted goes along; values of a field that the
 * other list has not are added to the notes. `tx` is a transaction.
 */
export async function transferItems(
  tx: Queryable,
  fromId: string,
  itemIds: readonly string[],
  toId: string,
  isMove: boolean,
): Promise<Transfer> {
  if (fromId === toId) throw errors.sameList()
  await takeLists(tx, fromId, toId)
  if (isMove) await requireEditable(tx, fromId)
  await requireEditable(tx, toId)
  const [from, to] = [await getList(tx, fromId), await getList(tx, toId)]
  const held = await selectHeld(tx, fromId, sql`item.id = any(${[...itemIds]}::uuid[])`)
  const added = new Set(
    await addHeld(
      tx,
      toId,
      held.map(item => fitted(item, from, to)),
    ),
  )
  const gone = held.filter(item => added.has(item.contractorId))
  const removal =
    isMove && gone.length > 0
      ? await removeItems(
          tx,
          fromId,
          gone.map(item => item.id),
        )
      : undefined
  return {
    added: added.size,
    alreadyIn: held.length - added.size,
    moved: removal?.itemCount ?? 0,
    removalId: removal?.id ?? null,
  }
}

export type Merge = { added: number; combined: number; unchanged: number }

/**
 * Brings all that one list has into another. A contractor that both have keeps what the other one says, and what was said
 * of it here is added to its notes, named by its list: nothing that somebody wrote is lost. `tx` is a transaction.
 */
export async function mergeLists(
  tx: Queryable,
  intoId: string,
  fromId: string,
  afterwards: 'keep' | 'archive' | 'delete',
): Promise<Merge> {
  if (intoId === fromId) throw errors.sameList()
  await takeLists(tx, intoId, fromId)
  await requireEditable(tx, intoId)
  const [into, from] = [await getList(tx, intoId), await getList(tx, fromId)]
  const arriving = (await selectHeld(tx, fromId, sql`true`)).map(item => ({ ...fitted(item, from, into) }))
  const there = new Map((await selectHeld(tx, intoId, sql`true`)).map(item => [item.contractorId, item]))
  const added = await addHeld(
    tx,
    intoId,
    arriving.filter(item => !there.has(item.contractorId)),
  )
  const combined = arriving.flatMap(item => {
    const known = there.get(item.contractorId)
    const both = known && combine(known, item, from.name, into.settings.fields)
    return both ? [{ id: known.id, ...both }] : []
  })
  const tooLong = combined.find(item => (item.notes?.length ?? 0) > longestNotes)
  if (tooLong) {
    throw errors.mergedNotesTooLong({ name: [...there.values()].find(item => item.id === tooLong.id)?.name })
  }
  await tx.run(sql`
    update contractors.contractor_list_items as item
    set
      notes = merged.notes,
      tags = merged.tags,
      rating = merged.rating,
      priority = merged.priority,
      custom_data = merged."customData"
    from jsonb_to_recordset(${json(combined)})
      as merged (id uuid, notes text, tags jsonb, rating integer, priority text, "customData" jsonb)
    where item.list_id = ${intoId}
      and item.id = merged.id
  `)
  if (afterwards === 'archive') await updateList(tx, fromId, { isArchived: true })
  if (afterwards === 'delete') await deleteList(tx, fromId)
  return { added: added.length, combined: combined.length, unchanged: arriving.length - added.length - combined.length }
}

export const longestNotes = 10_000

/** What two lists say of a contractor, in one: undefined where the second says nothing new. */
export function combine(
  kept: Remarks,
  other: Remarks,
  otherName: string,
  fields: readonly ListField[],
): Remarks | undefined {
  const lines: string[] = []
  const said = other.notes?.trim()
  if (said) lines.push(said)
  if (other.rating !== null && kept.rating !== null && other.rating !== kept.rating)
    lines.push(`Rating: ${other.rating}`)
  if (other.priority !== null && kept.priority !== null && other.priority !== kept.priority) {
    lines.push(`Priority: ${other.priority}`)
  }
  const customData = { ...other.customData, ...kept.customData }
  for (const [id, value] of Object.entries(other.customData)) {
    if (id in kept.customData && kept.customData[id] !== value) lines.push(lineOf(id, value, fields))
  }
  // What is there already, from an earlier merge for example, is not said again.
  const more = lines.filter(line => !kept.notes?.includes(line))
  const block = more.length > 0 ? `From “${otherName}”:\n${more.join('\n')}` : undefined
  const next: Remarks = {
    notes: block === undefined ? kept.notes : [kept.notes?.trim(), block].filter(Boolean).join('\n\n'),
    tags: [...new Set([...kept.tags, ...other.tags])],
    rating: kept.rating ?? other.rating,
    priority: kept.priority ?? other.priority,
    customData,
  }
  const { notes, tags, rating, priority } = kept
  const isSame =
    next.notes === notes &&
    next.tags.length === tags.length &&
    next.rating === rating &&
    next.priority === priority &&
    Object.keys(customData).length === Object.keys(kept.customData).length
  return isSame ? undefined : next
}

/** An item as the other list can have it. */
function fitted(item: Held, from: List, to: List): Held {
  const matched = matchFields(from.settings.fields, to.settings.fields)
  const customData: Record<string, FieldValue> = {}
  const lines: string[] = []
  for (const [id, value] of Object.entries(item.customData)) {
    const counterpart = matched.get(id)
    if (counterpart !== undefined) customData[counterpart] = value
    else lines.push(lineOf(id, value, from.settings.fields))
  }
  const notes = [item.notes, ...lines].filter(Boolean).join('\n') || null
  if ((notes?.length ?? 0) > longestNotes) throw errors.mergedNotesTooLong({ name: item.name })
  return { ...item, notes, customData }
}

function lineOf(id: string, value: FieldValue, fields: readonly ListField[]): string {
  const name = fields.find(field => field.id === id)?.name ?? id
  return `${name}: ${value === true ? 'yes' : value === false ? 'no' : value}`
}

async function selectHeld(tx: Queryable, listId: string, which: ReturnType<typeof sql>): Promise<Held[]> {
  return await tx.run<Held>(sql`
    select
      item.id, item.contractor_profile_id as contractor_id, profile.name, item.notes, item.tags, item.rating,
      item.priority, item.custom_data
    from contractors.contractor_list_items as item
    join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
    where item.list_id = ${listId}
      and ${which}
    order by item.position, item.id
  `)
}

/** Adds items as they are, those that the list has not; returns their contractors. */
async function addHeld(tx: Queryable, listId: string, items: readonly Held[]): Promise<string[]> {
  const rows = await tx.run<{ contractorId: string }>(sql`
    insert into contractors.contractor_list_items
      (list_id, contractor_profile_id, notes, tags, rating, priority, custom_data, added_by)
    select
      ${listId}, (arriving.item ->> 'contractorId')::uuid, arriving.item ->> 'notes', arriving.item -> 'tags',
      (arriving.item ->> 'rating')::integer, arriving.item ->> 'priority', arriving.item -> 'customData',
      platform.current_user_id()
    from jsonb_array_elements(${json(items)}) with ordinality as arriving (item, place)
    order by arriving.place desc
    on conflict (tenant_id, list_id, contractor_profile_id) do nothing
    returning contractor_profile_id as contractor_id
  `)
  return rows.map(row => row.contractorId)
}
