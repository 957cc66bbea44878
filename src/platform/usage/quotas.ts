import { type Queryable, sql } from '#platform/database'
import { errors } from './errors.ts'

/**
 * AG-02: raises a gauge of the scope's tenant by a whole number, in the transaction of `tx`: with it, or not at all.
 * Refuses with `usage.quota_exceeded` {metric, limit, used} what a hard limit does not allow; of many at once exactly as
 * many get through as there is room for. For what no table has as rows: rows are counted by the database itself, for
 * which a migration says `select usage.count_rows('schema.table', 'module.metric')`.
 */
export async function useQuota(tx: Queryable, metric: string, amount: number): Promise<void> {
  requireAmount(amount)
  await tx.run(sql`select usage.use_quota(${metric}, ${amount})`)
}

/** Lowers a gauge of the scope's tenant again, by what `useQuota` has raised it. Never refused. */
export async function giveBack(tx: Queryable, metric: string, amount: number): Promise<void> {
  requireAmount(amount)
  await tx.run(sql`select usage.use_quota(${metric}, ${-amount})`)
}

export function requireAmount(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 1) throw errors.amountInvalid()
}
