import { sql } from 'kysely'
import type { Queryable } from './queryable.ts'

/**
 * Goes on in the same transaction as the person of the scope, without the platform's own rights: for what follows the
 * database asks again what he may (who gives a role must hold it). There is no way back.
 */
export async function leaveSystemScope(tx: Queryable): Promise<Queryable> {
  await tx.run(sql`select set_config('app.system', '', true)`)
  const { system: _, ...scope } = tx.scope
  return { ...tx, scope }
}
