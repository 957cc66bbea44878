import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getList, requireEditable, takeLists } from './lists.ts'

/** Items that were taken out together; for 30 days they can be put back as they were. */
export const Removal = Type.Object({ id: uuid, itemCount: Type.Integer(), removedAt: timestamp })
export type Removal = Static<typeof Removal>

/** Takes items out of a list; those that are not there (any more) are not counted. `tx` is a transaction. */
export async function removeItems(tx: Queryable, listId: string, itemIds: readonly string[]): Promise<Removal> {
  await takeLists(tx, listId)
  await requireEditable(tx, listId)
  const id = randomUUID()
  const { itemCount, removedAt } = await tx.one<{ itemCount: number; removedAt: Date }>(sql`
    with removed as (
      delete from contractors.contractor_list_items
      where list_id = ${listId}
        and id = any(${[...itemIds]}::uuid[])
      returning *
    ),
    kept as (
      insert into contractors.contractor_list_removed_items
        (removal_id, removed_by, list_id, ${keptColumns})
      select ${id}, platform.current_user_id(), list_id, ${keptColumns}
      from removed
    )
    select count(*)::integer as item_count, now()::timestamptz(3) as removed_at
    from removed
  `)
  return { id, itemCount, removedAt }
}

/** Refuses with not_found an item that is not there. */
export async function removeItem(tx: Queryable, listId: string, id: string): Promise<Removal> {
  const removal = await removeItems(tx, listId, [id])
  if (removal.itemCount === 0) throw errors.itemNotFound({ id })
  return removal
}

/**
 * Puts back what one removal took out, with all that was noted. What the list has again by now stays as it is there, and is
 * told. `tx` is a transaction.
 */
export async function restoreRemoval(
  tx: Queryable,
  listId: string,
  id: string,
): Promise<{ itemIds: string[]; alreadyIn: number }> {
  await takeLists(tx, listId)
  await requireEditable(tx, listId)
  const { removed } = await tx.one<{ removed: number }>(sql`
    select count(*)::integer as removed
    from contractors.contractor_list_removed_items
    where list_id = ${listId}
      and removal_id = ${id}
  `)
  if (removed === 0) throw errors.removalNotFound({ id })
  const restored = await tx.run<{ id: string }>(sql`
    insert into contractors.contractor_list_items (list_id, ${keptColumns})
    select list_id, ${keptColumns}
    from contractors.contractor_list_removed_items
    where list_id = ${listId}
      and removal_id = ${id}
    on conflict (tenant_id, list_id, contractor_profile_id) do nothing
    returning id
  `)
  const itemIds = restored.map(item => item.id)
  await tx.run(sql`
    delete from contractors.contractor_list_removed_items
    where list_id = ${listId}
      and id = any(${itemIds}::uuid[])
  `)
  return { itemIds, alreadyIn: removed - itemIds.length }
}

/** What was taken out of a list and can be put back, the latest first, at most 50. */
export async function listRemovals(tx: Queryable, listId: string): Promise<Removal[]> {
  await getList(tx, listId)
  return await tx.run<Removal>(sql`
    select removal_id as id, count(*)::integer as item_count, max(removed_at) as removed_at
    from contractors.contractor_list_removed_items
    where list_id = ${listId}
    group by removal_id
    order by max(removed_at) desc
    limit 50
  `)
}

const keptColumns = sql`
  id, contractor_profile_id, notes, tags, rating, priority, added_by, added_at, last_viewed_at, view_count, custom_data,
  position
`
