import { type Static, Type } from 'typebox'
import { json, type Queryable, sql } from '#platform/database'
import { checkCustomData } from './fields.ts'
import { ItemFields, setsOf, tagsInput } from './items.ts'
import { getList, requireEditable, takeLists } from './lists.ts'

/** The same change of many items: what is not named stays as each of them has it. */
export const BulkChange = Type.Object({
  addTags: Type.Optional(tagsInput),
  removeTags: Type.Optional(tagsInput),
  rating: ItemFields.properties.rating,
  priority: ItemFields.properties.priority,
  customData: ItemFields.properties.customData,
})
export type BulkChange = Static<typeof BulkChange>

/** Changes items of a list alike; returns those that it changed. `tx` is a transaction. */
export async function changeItems(
  tx: Queryable,
  listId: string,
  itemIds: readonly string[],
  { addTags = [], removeTags = [], ...changes }: BulkChange,
): Promise<string[]> {
  await takeLists(tx, listId)
  await requireEditable(tx, listId)
  if (changes.customData) checkCustomData((await getList(tx, listId)).settings.fields, changes.customData)
  const sets = setsOf(changes)
  if (addTags.length > 0 || removeTags.length > 0) sets.push(sql`tags = ${tagsWith(addTags, removeTags)}`)
  if (sets.length === 0) return []
  const changed = await tx.run<{ id: string }>(sql`
    update contractors.contractor_list_items as item
    set ${sql.join(sets)}
    where item.list_id = ${listId}
      and item.id = any(${[...itemIds]}::uuid[])
    returning item.id
  `)
  return changed.map(item => item.id)
}

/** The tags of an item with some more and some less, each once, in the order in which they were given. */
function tagsWith(more: readonly string[], less: readonly string[]) {
  return sql`(
    select coalesce(jsonb_agg(kept.tag order by kept.place), '[]')
    from (
      select each.tag, min(each.place) as place
      from jsonb_array_elements_text(item.tags || ${json(more)}) with ordinality as each (tag, place)
      where each.tag <> all (${[...less]}::text[])
      group by each.tag
    ) as kept
  )`
}
