import { type App, mainApp } from '#platform/app.ts'
import { type AuditVerificationOptions, type Verification, verifyAuditLog } from '#platform/audit'
import { documentKeys, listKeyChanges } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { archiveFilesOf } from './archive-files.ts'

export const verificationKinds = ['full', 'since_checkpoint'] as const
export type VerificationKind = (typeof verificationKinds)[number]

export type DatabaseVerification = Verification & { database: string | null }

/**
 * Verifies the log of the main database and of each that tenants have of their own (MT-17). One that cannot be reached is
 * noted as a failed run, and the others are verified all the same; then it throws.
 */
export async function verifyEverywhere(
  given: App,
  kind: VerificationKind,
  options: Omit<AuditVerificationOptions, 'since' | 'tenantId' | 'place' | 'ownKeys' | 'keyChanges'> = {},
): Promise<DatabaseVerification[]> {
  const app = mainApp(given)
  const places = [undefined, ...((await app.placements?.list()) ?? [])]
  const keys = { ownKeys: await documentKeys(app), keyChanges: await listKeyChanges(app) }
  const verified: DatabaseVerification[] = []
  const failures: unknown[] = []
  for (const place of places) {
    try {
      const verification = await verifyAuditLog(app, {
        ...options,
        ...keys,
        ...(kind === 'since_checkpoint' && { since: 'newest' }),
        place: place && { id: place.id, name: place.name },
      })
      verified.push({ ...verification, database: place?.name ?? null })
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return verified
}

/** Each night what is new; on Sundays everything, since what is old can be altered too. */
export const verifyNightly: Job = {
  name: 'operations.verify-audit-log',
  description:
    'PE-07: verifies the audit log: on Sundays all of it, archived months too, else what came since it was found sound',
  cron: '40 4 * * *',
  retryLimit: 1,
  async run(_data, app) {
    if (!app.administration) return
    await verify(app, app.clock.now().getUTCDay() === 0 ? 'full' : 'since_checkpoint')
  },
}

/** What operators ask for on the page. */
export const verifyNow: Job<{ kind: VerificationKind; requestedBy?: string }> = {
  name: 'operations.verify-audit-log-now',
  description: 'PE-07: verifies the audit log because an operator asked for it',
  retryLimit: 0,
  async run({ kind, requestedBy }, app) {
    await verify(app, kind, requestedBy)
  },
}

async function verify(app: App, kind: VerificationKind, requestedBy?: string): Promise<void> {
  // Archived months too where everything is read again.
  const archives = kind === 'full' ? archiveFilesOf(app) : undefined
  for (const { database, isSound, counts } of await verifyEverywhere(app, kind, { requestedBy, archives })) {
    if (!isSound) app.log.error({ database, counts }, 'The audit log is not as it was sealed')
  }
}
