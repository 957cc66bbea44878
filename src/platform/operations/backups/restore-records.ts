import { recordEvent } from '#platform/audit'
import { json, type Side, sql, statementsOf } from '#platform/database'

/** Who restores, and under which number it is told. */
export type RestoreRecord = { runId: string; requestedBy: string }

/** From here to its end the transaction's changes are told in the audit log as this restore's. */
export async function beginRecord(client: Side, record: RestoreRecord, tenantId: string | null): Promise<void> {
  const request = { id: record.runId, name: record.requestedBy, agent: 'commonhold restore' }
  await client.query(
    `select
      set_config('app.request', $1, true),
      set_config('app.tenant_id', $2, true),
      set_config('app.system', 'on', true)`,
    [JSON.stringify(request), tenantId ?? ''],
  )
}

/**
 * Says in the transaction itself what was done: in the audit log, of the tenant or of the installation, and in the record
 * of the run, which are there with the rows or not at all.
 */
export async function endRecord(
  client: Side,
  { runId }: RestoreRecord,
  { resource, resourceId, backup, result }: { resource: string; resourceId?: string; backup: string; result: object },
): Promise<void> {
  const tx = { ...statementsOf(client), scope: {} }
  const stored = storedOf(result)
  // Why some tables stay is told once, in the record of the run.
  const { stays, ...told } = stored as { stays?: readonly Staying[] }
  const staying = stays && { stays: stays.reduce((sum, { tables }) => sum + tables.length, 0) }
  const details: Readonly<Record<string, unknown>> = { ...told, ...staying, runId }
  await recordEvent(tx, { action: 'restore', resource, ...(resourceId !== undefined && { resourceId }), details })
  await tx.run(sql`
    update operations.backup_runs
    set state = 'done', backup_id = ${backup}, finished_at = clock_timestamp(), result = ${json(stored)}
    where id = ${runId}`)
}

/** Tables that stay as they are, by the reason. */
export type Staying = { reason: string; tables: string[] }

/** What came of a restore as it is kept: each reason once, and not with every table. */
export function storedOf<T extends object>(result: T): Omit<T, 'stays'> & { stays?: Staying[] } {
  const { stays, ...rest } = result as T & { stays?: Readonly<Record<string, string>> }
  if (!stays) return rest
  const byReason = Map.groupBy(Object.entries(stays), ([, reason]) => reason)
  return { ...rest, stays: [...byReason].map(([reason, all]) => ({ reason, tables: all.map(([table]) => table) })) }
}
