import { createPublicKey } from 'node:crypto'
import type { App } from '#platform/app.ts'
import { readSigned } from '#platform/crypto'
import { json, sql } from '#platform/database'
import type { Signer } from './checkpoints.ts'
import { errors } from './errors.ts'
import { checkpointFolderOf } from './states.ts'
import { type Verification, verifyLog } from './verification.ts'

export type AuditVerificationOptions = {
  /** `newest`: after the newest checkpoint that a full verification has found sound. */
  since?: number | 'newest'
  tenantId?: string
  acceptedForks?: readonly number[]
  thumbprint?: string | undefined
  onProgress?: (done: number, of: number) => void
}

/** Verifies the log of the main database and notes what came of it. */
export async function verifyAuditLog(app: App, options: AuditVerificationOptions): Promise<Verification> {
  const { administration, db } = app
  if (!administration) throw errors.noAdministrator()
  const { since: wish, ...rest } = options
  const since = wish === 'newest' ? await newestSound(app) : wish
  const began = await db.unscoped.one(sql<{ id: string }>`insert into audit.verifications default values returning id`)
  const verification = await verifyLog({
    ...rest,
    since,
    admin: administration.admin,
    folder: checkpointFolderOf(app),
  })
  await db.unscoped.run(sql`
    update audit.verifications
    set
      ended_at = now(),
      checkpoint = ${verification.newest?.number ?? null},
      entries = ${verification.entries},
      is_sound = ${verification.isSound},
      result = ${json({ ...verification, since: since ?? null, tenantId: rest.tenantId ?? null })}
    where id = ${began.id}`)
  return verification
}

async function newestSound(app: App): Promise<number | undefined> {
  const [last] = await app.db.unscoped.run(sql<{ checkpoint: number }>`
    select checkpoint
    from audit.verifications
    where is_sound
      and checkpoint is not null
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
