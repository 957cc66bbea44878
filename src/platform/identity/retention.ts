import { type Queryable, sql } from '#platform/database'

type Table = 'one_time_tokens' | 'sign_ups' | 'address_failures'

/** So many rows that a batch's locks are gone within a fraction of a second. */
const batch = 1_000

/**
 * Deletes what fits `condition`, batch by batch, and returns how many rows. Hand it a `tx` without a transaction
 * (`app.db.scoped`), so that each batch commits by itself and nobody waits for a million rows.
 */
export async function removeInBatches(
  tx: Queryable,
  table: Table,
  condition: ReturnType<typeof sql>,
  key = 'id',
): Promise<number> {
  for (let removed = 0; ; ) {
    const { count } = await tx.one(sql<{ count: number }>`
      with removed as (
        delete from ${sql.table(`identity.${table}`)}
        where ${sql.ref(key)} in (
          select ${sql.ref(key)}
          from ${sql.table(`identity.${table}`)}
          where ${condition}
          limit ${batch}
          for update skip locked
        )
        returning 1
      )
      select count(*)::integer as count from removed`)
    removed += count
    if (count < batch) return removed
  }
}

/**
 * Removes links, unconfirmed sign-ups and counters of failures a day after they had an effect for the last time. Sessions
 * and devices are declared in `module.ts` (GG-16).
 */
export async function removeLapsed(tx: Queryable) {
  const tokens = await removeInBatches(tx, 'one_time_tokens', sql`expires_at < now() - interval '1 day'`)
  const signUps = await removeInBatches(tx, 'sign_ups', sql`expires_at < now() - interval '1 day'`)
  const isOver = sql`last_failed_at < now() - interval '1 day' and coalesce(resting_until < now(), true)`
  const addresses = await removeInBatches(tx, 'address_failures', isOver, 'address')
  return { tokens, signUps, addresses }
}
