import type { App } from '#platform/app.ts'
import { type Database, type Queryable, type Scope, sql } from '#platform/database'
import { errors } from './errors.ts'

/** Rows removed in one transaction: its locks are gone within a fraction of a second. */
const batch = 2_000
/** Then whoever still writes is not waited for any longer. */
const mostPasses = 4

export type TenantTable = {
  /** A table, or one partition of it. */
  name: string
  root: string
}

/** The database that the platform's rows of a tenant lie in; a database of its own is emptied by `Placements.removeTenant`. */
export function databasesOf(app: App, _tenantId: string): Promise<readonly Database[]> {
  return Promise.resolve([app.db])
}

/** Every table with rows of tenants, as the catalog has them, those that others refer to after those. */
export function listTenantTables(tx: Queryable): Promise<TenantTable[]> {
  return tx.run(sql<TenantTable>`select name, root from tenancy.list_tenant_tables()`)
}

/**
 * Takes the last step from which the scope's tenant could come back, and keeps who owned it. False where it does not wait
 * for its deletion, or not long enough. Where the removal has begun before, it goes on: true.
 */
export async function beginRemoval(tx: Queryable, ownerIds: readonly string[]): Promise<boolean> {
  const { hasBegun } = await tx.one(sql<{ hasBegun: boolean }>`
    select tenancy.begin_removal(${ownerIds}::uuid[]) as has_begun`)
  return hasBegun
}

/**
 * Removes all rows of a tenant but its own, and what names it elsewhere, batch by batch, each a transaction: whoever is
 * killed in between is followed by somebody who finds less to do. Passes over all tables until one has found little: what
 * is written meanwhile goes with the certificate, under a lock, or with the next sweep.
 * Returns how many rows went. Refuses where rows hold each other and none can go.
 */
export async function removeRows(app: App, tenantId: string): Promise<number> {
  const scope: Scope = { tenantId, system: true }
  // First: where it is, is one of the rows that go.
  let removed = (await app.placements?.removeTenant(tenantId)) ?? 0
  await app.db.scoped(scope).run(sql`select tenancy.end_move_of_removed()`)
  for (const database of await databasesOf(app, tenantId)) removed += await removeRowsIn(database.scoped(scope))
  return removed
}

/** Why the removal of a tenant did not come to its end, for operators. */
export async function noteDelay(app: App, tenantId: string, error: unknown): Promise<void> {
  await app.db.scoped({ tenantId, system: true }).run(sql`
    update tenancy.tenant_deletions
    set last_error = ${(error as Error).message.slice(0, 1_000)}, last_error_at = now()
    where tenant_id = ${tenantId}`)
}

async function removeRowsIn(tx: Queryable): Promise<number> {
  let total = 0
  for (let pass = 1; ; pass++) {
    const tables = await listTenantTables(tx)
    let inPass = 0
    let refusal: unknown
    for (const { name } of tables) {
      try {
        inPass += await inBatches(() =>
          tx.one(sql<{ removed: number }>`select tenancy.remove_rows(${name}, ${batch}) as removed`),
        )
      } catch (error) {
        if (!isHeld(error)) throw error
        // Held by rows that go in this pass, or by one that is being written.
        refusal = error
      }
    }
    inPass += await inBatches(() => tx.one(sql<{ removed: number }>`select tenancy.remove_traces(${batch}) as removed`))
    total += inPass
    if (inPass === 0 && refusal !== undefined) {
      throw errors.rowsLeft({ tenantId: tx.scope.tenantId, reason: (refusal as Error).message }, refusal)
    }
    if (refusal === undefined && (inPass < batch || pass >= mostPasses)) return total
  }
}

async function inBatches(removeBatch: () => Promise<{ removed: number }>): Promise<number> {
  let removed = 0
  for (;;) {
    const { removed: inBatch } = await removeBatch()
    removed += inBatch
    if (inBatch < batch) return removed
  }
}

/** A row that others refer to, in whatever order the constraint is checked. */
function isHeld(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === '23503' || code === '23001'
}
