import type { App } from '#platform/app.ts'
import { type Statements, sql } from '#platform/database'
import { type Declared, dueOf, heldOf, type Shape } from './declarations.ts'
import { type Holds, withHolds } from './holds.ts'

/** Rows removed in one transaction: its locks are gone within a fraction of a second. */
const batch = 2_000

/** Rows that are due, and of these how many a hold keeps. */
export async function countDue(
  tx: Statements,
  declared: Declared,
  { shape, holds, now }: { shape: Shape; holds: Holds; now: Date },
): Promise<{ due: number; held: number }> {
  return await tx.one(sql<{ due: number; held: number }>`
    select
      count(*) filter (where not ${heldOf(shape, holds)})::bigint as due,
      count(*) filter (where ${heldOf(shape, holds)})::bigint as held
    from ${sql.table(declared.table)} as t
    where ${dueOf(now, declared)}`)
}

/** Removes what is due batch by batch, each a transaction of its own, and returns how many rows went. */
export async function removeDue(
  app: App,
  tx: Statements,
  declared: Declared,
  { shape, now, onBatch }: { shape: Shape; now: Date; onBatch: (removed: number) => Promise<void> | void },
): Promise<number> {
  const table = sql.table(declared.table)
  for (let removed = 0; ; ) {
    // What somebody else locks has its turn tomorrow.
    const { count } = await withHolds(app, holds =>
      tx.one(sql<{ count: number }>`
        with removed as (
          delete from ${table}
          where ctid = any (
            array(
              select t.ctid
              from ${table} as t
              where ${dueOf(now, declared)}
                and not ${heldOf(shape, holds)}
              limit ${batch}
              for update skip locked
            )
          )
          returning 1
        )
        select count(*)::integer as count
        from removed`),
    )
    removed += count
    if (count > 0) await onBatch(removed)
    if (count < batch) return removed
  }
}
