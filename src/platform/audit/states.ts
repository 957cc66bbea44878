import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { nullable, timestamp } from '#platform/http'
import { noTenant } from './audit-logs.ts'
import { readCheckpoint } from './checkpoints.ts'

/** What the people of a tenant see of it. */
export const SealStatus = Type.Object({
  lagSeconds: Type.Number({ description: 'Age of the oldest entry that is not sealed yet; 0 where all are' }),
  checkpoint: nullable(
    Type.Object({
      number: Type.Integer(),
      at: Type.String({ description: 'When it was signed' }),
      thumbprint: nullable(Type.String({ description: 'Of the key that signed it (RFC 7638)' })),
    }),
  ),
  verification: nullable(Type.Object({ endedAt: timestamp, isSound: Type.Boolean() })),
})
export type SealStatus = Static<typeof SealStatus>

/** How far the log is sealed. */
export type SealState = {
  /** Age of the oldest entry that is not sealed yet, in seconds; 0 where all are. */
  lagSeconds: number
  checkpoint: {
    number: number
    at: string
    tenants: number
    hasOwn: boolean
    size: number
    thumbprint: string | null
  } | null
  /** The last run of verification in the main database that came to a result. */
  verification: { endedAt: Date; isSound: boolean; entries: number; checkpoint: number | null } | null
}

export async function auditState(tx: Queryable): Promise<SealState> {
  const [{ lag, hasOwn }, newest, last] = await Promise.all([
    tx.one(sql<{ lag: number; hasOwn: boolean }>`
      select audit.seal_lag() as lag, exists (select from audit.trees where tenant_id = ${noTenant}) as has_own`),
    tx.maybe(sql<{ signed: string }>`select signed from audit.checkpoints order by number desc limit 1`),
    tx.maybe(sql<NonNullable<SealState['verification']>>`
      select ended_at, is_sound, entries, checkpoint
      from audit.verifications
      where is_sound is not null
        and database is null
      order by began_at desc
      limit 1`),
  ])
  const read = newest && readCheckpoint(newest.signed)
  return {
    lagSeconds: lag,
    checkpoint: read
      ? {
          number: read.document.number,
          at: read.document.at,
          tenants: read.document.tenants,
          hasOwn,
          size: read.document.size,
          thumbprint: read.thumbprint,
        }
      : null,
    verification: last ?? null,
  }
}

export type CheckpointDelivery = {
  destination: string
  /** The newest checkpoint that is there. */
  number: number
  /** Checkpoints that are not there yet. */
  behind: number
  deliveredAt: Date | null
  /** In a row. */
  failures: number
  lastError: string | null
}

/** How far each address that is told of checkpoints knows them. */
export async function listDeliveries(tx: Queryable): Promise<CheckpointDelivery[]> {
  return await tx.run(sql<CheckpointDelivery>`
    select
      destination,
      number,
      (select count(*) from audit.checkpoints as checkpoint where checkpoint.number > delivery.number)::integer as behind,
      delivered_at,
      failures,
      last_error
    from audit.checkpoint_deliveries as delivery
    order by destination`)
}

/** COMMONHOLD_AUDIT_CHECKPOINT_DIR, else `checkpoints` in the data directory; undefined where it is `off`. */
export function checkpointFolderOf(app: Pick<App, 'config'>): string | undefined {
  const { auditCheckpointDir: given, dataDir } = app.config as { auditCheckpointDir?: string; dataDir?: string }
  if (given === 'off') return undefined
  return given ?? (dataDir === undefined ? undefined : join(dataDir, 'checkpoints'))
}
