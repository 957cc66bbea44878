import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { checkDomain, getTenantRecord, listStaleDomains, type Outside, type TenantDomain } from '#platform/tenancy'
import { listOwners } from './installation-tenants.ts'
import { domainFailsMail } from './mails.ts'

/**
 * Looks at all proven domains again that nobody has looked at for a day. Where the proof is gone the owners are told: when
 * that is first seen, and when the domain is lost, 7 days later.
 */
export async function checkDomains(app: App, outside: Outside = {}): Promise<{ checked: number; failing: number }> {
  const stale = await listStaleDomains(app.db.scoped({ system: true }), app.clock.now())
  let failing = 0
  for (const { id, tenantId } of stale) {
    const before = app.clock.now()
    const domain = await checkDomain(app, { tenantId }, id, outside).catch(error => {
      // Removed meanwhile.
      if (error instanceof DomainError && error.kind === 'not_found') return undefined
      throw error
    })
    if (!domain || domain.status === 'proven') continue
    failing++
    const isLost = domain.status === 'unproven'
    if (isLost || (domain.failingSince && domain.failingSince.getTime() >= before.getTime())) {
      await tellOwners(app, tenantId, domain, isLost)
    }
  }
  return { checked: stale.length, failing }
}

async function tellOwners(app: App, tenantId: string, { domain, fault }: TenantDomain, isLost: boolean): Promise<void> {
  await app.db.transaction({ tenantId, system: true }, async tx => {
    const { name: tenantName } = await getTenantRecord(tx, tenantId)
    for (const { id: userId, email: to, fullName } of await listOwners(tx, tenantId)) {
      const values = {
        name: fullName ?? to,
        tenantName,
        domain,
        fault: fault ?? '',
        isLost,
        link: linkTo(app, '/settings/domains'),
      }
      await sendMail(app, tx, { to, userId, mail: domainFailsMail, values })
    }
  })
}

export const checkDomainsJob: Job = {
  name: 'accounts.check-domains',
  description: 'GG-03: looks once a day whether proven domains are still those of their tenants',
  cron: '47 * * * *',
  async run(_data, app) {
    const done = await checkDomains(app)
    if (done.checked > 0) app.log.info(done, 'Domains checked')
  },
}
