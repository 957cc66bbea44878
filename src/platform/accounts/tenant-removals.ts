import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { announceRevocation, openDocumentSigner } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { sendMail } from '#platform/mail'
import {
  beginRemoval,
  issueCertificate,
  keepErasures,
  listDeletedSince,
  listDue,
  noteDelay,
  removeRows,
} from '#platform/tenancy'
import { tenantDeletedMail } from './tenant-deletion-mails.ts'
import { describePerson, listOwners } from './tenant-deletions.ts'

/** How long after its end a removal is looked after: no request and no job is under way for longer. */
const sweptForMinutes = 60

/** MT-11: removes the tenants whose time has come, and goes on with those that somebody has begun and not ended. */
export const removeTenants: Job = {
  name: 'accounts.remove-tenants',
  description: 'Removes the tenants whose deletion is due, and signs a certificate for each',
  cron: '* * * * *',
  async run(_data, app) {
    const { removed, failed } = await removeDueTenants(app)
    if (removed.length > 0) app.log.info({ removed }, 'tenants removed')
    await sweepRemovedTenants(app)
    // One that cannot go holds up nobody else; the next minute tries again.
    if (failed.length > 0) throw failed[0]?.error
  },
}

export async function removeDueTenants(app: App): Promise<{ removed: string[]; failed: { error: unknown }[] }> {
  const removed: string[] = []
  const failed: { error: unknown }[] = []
  for (const { tenantId } of await listDue(app.db.scoped({ system: true }))) {
    try {
      if (await removeTenant(app, tenantId)) removed.push(tenantId)
    } catch (error) {
      app.log.error({ err: error, tenantId }, 'A tenant could not be removed')
      await noteDelay(app, tenantId, error)
      failed.push({ error })
    }
  }
  return { removed, failed }
}

/**
 * Removes one tenant whose time has come: false where it was cancelled meanwhile, or somebody else was faster. Whoever is
 * killed at any point is followed by somebody who goes on; the certificate, the mails with it and the end of the tenant's
 * own row are one transaction.
 */
export async function removeTenant(app: App, tenantId: string): Promise<boolean> {
  const scope: Scope = { tenantId, system: true }
  const hasBegun = await app.db.transaction(scope, async tx => {
    const owners = await listOwners(tx, tenantId)
    return await beginRemoval(
      tx,
      owners.map(({ id }) => id),
    )
  })
  if (!hasBegun) return false
  const signer = await openDocumentSigner(app)
  await keepErasures(app, tenantId)
  await removeRows(app, tenantId)
  const isDone = await app.db.transaction(scope, async tx => {
    const issued = await issueCertificate(tx, signer, app.publicUrl)
    if (!issued) return false
    const { certificate, signed, name: tenantName, ownerIds } = issued
    const rows = Object.values(certificate.removed).reduce((sum, count) => sum + count, 0)
    for (const id of ownerIds) {
      const { email, name } = await describePerson(tx, id)
      const values = { name, tenantName, tenantId, rows, number: certificate.number, signed }
      await sendMail(app, tx, { to: email, userId: id, mail: tenantDeletedMail, values })
    }
    return true
  })
  announceRevocation(app)
  return isDone
}

/** What a request that was under way at the end has written, into tables that do not refer to the tenant. */
export async function sweepRemovedTenants(app: App): Promise<void> {
  for (const { id } of await listDeletedSince(app.db.scoped({ system: true }), sweptForMinutes)) {
    const swept = await removeRows(app, id)
    if (swept > 0) app.log.warn({ tenantId: id, rows: swept }, 'rows of a removed tenant were left, and are gone now')
  }
}
