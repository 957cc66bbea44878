import { createPublicKey } from 'node:crypto'
import type { App } from '#platform/app.ts'
import { readSigned } from '#platform/crypto'
import { json, sql } from '#platform/database'
import type { ArchiveFiles } from './archive-comparison.ts'
import type { Signer } from './checkpoints.ts'
import { errors } from './errors.ts'
import { recordEvent } from './events.ts'
import type { KeyChange } from './key-changes.ts'
import { checkpointFolderOf } from './states.ts'
import { type Verification, verifyLog } from './verification.ts'

export type AuditVerificationOptions = {
  /** `newest`: after the newest checkpoint that a verification has found sound. */
  since?: number | 'newest'
  tenantId?: string
  /** A database that tenants have of their own (MT-17); the main one unless told. */
  place?: { id: string; name: string } | undefined
  requestedBy?: string | undefined
  acceptedForks?: readonly number[]
  thumbprint?: string | undefined
  /** Thumbprints of the keys that the installation holds. */
  ownKeys: ReadonlySet<string>
  keyChanges: readonly KeyChange[]
  archives?: ArchiveFiles | undefined
  onProgress?: (done: number, of: number) => void
}

/**
 * Verifies the log of one database, and notes how it goes and what came of it. What is found is a security event beside
 * (MT-22), so that it is told even where nobody reads the result.
 */
export async function verifyAuditLog(app: App, options: AuditVerificationOptions): Promise<Verification> {
  const { administration, db, placements } = app
  const { since: wish, place, requestedBy = null, ...rest } = options
  const admin = place ? await placements?.adminOf(place.id) : administration?.admin
  if (!admin) throw errors.noAdministrator()
  const since = wish === 'newest' ? await newestSound(app, place?.name ?? null) : wish
  const { id } = await db.unscoped.one(sql<{ id: string }>`
    insert into audit.verifications (database, kind, requested_by, seen_at)
    values (${place?.name ?? null}, ${since === undefined ? 'full' : 'since_checkpoint'}, ${requestedBy}, now())
    returning id`)
  try {
    const folder = checkpointFolderOf(app)
    const onProgress = noteProgress(app, id, rest.onProgress)
    const verification = await verifyLog({ ...rest, since, admin, folder, onProgress })
    const result = json({ ...verification, since: since ?? null, tenantId: rest.tenantId ?? null })
    await db.unscoped.run(sql`
      update audit.verifications
      set
        ended_at = now(),
        checkpoint = ${verification.newest?.number ?? null},
        entries = ${verification.entries},
        is_sound = ${verification.isSound},
        result = ${result}
      where id = ${id}`)
    if (!verification.isSound) {
      await recordEvent(db.scoped({ system: true }), {
        action: 'audit_log_unsound',
        resource: 'audit.verifications',
        resourceId: id,
        details: { database: place?.name ?? null, ...verification.counts },
      })
    }
    return verification
  } catch (error) {
    await db.unscoped.run(sql`
      update audit.verifications
      set ended_at = now(), failure = ${(error as Error).message.slice(0, 1_000)}
      where id = ${id}
        and ended_at is null`)
    throw error
  }
}

/** How often a run says how far it is, milliseconds. */
const saidEvery = 1_000

function noteProgress(app: App, id: string, also: AuditVerificationOptions['onProgress']) {
  let saidAt = performance.now()
  return (done: number, of: number) => {
    also?.(done, of)
    if (performance.now() - saidAt < saidEvery) return
    saidAt = performance.now()
    const noted = app.db.unscoped.run(sql`
      update audit.verifications
      set done = ${done}, total = ${of}, seen_at = now()
      where id = ${id}
        and ended_at is null`)
    noted.catch(error => app.log.warn({ err: error }, 'The progress of a verification was not noted'))
  }
}

async function newestSound(app: App, database: string | null): Promise<number | undefined> {
  const [last] = await app.db.unscoped.run(sql<{ checkpoint: number }>`
    select checkpoint
    from audit.verifications
    where is_sound
      and checkpoint is not null
      and database is not distinct from ${database}
      and result ->> 'tenantId' is null
    order by began_at desc
    limit 1`)
  return last?.checkpoint
}

/** As PEM and by its thumbprint (RFC 7638). */
export function publicKeyOf(signer: Signer): { keyId: string; thumbprint: string; pem: string } {
  const read = readSigned(signer.sign({}, 'commonhold-key'), 'commonhold-key')
  if (!read) throw new Error('The key does not read its own signature')
  const pem = createPublicKey({ key: read.publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  return { keyId: signer.keyId, thumbprint: read.thumbprint, pem }
}
