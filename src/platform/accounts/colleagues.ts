import { findRole, giveRole } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { findAccount, normaliseEmail } from '#platform/identity'
import { addMember, findTenantBySlug } from '#platform/tenancy'
import { errors } from './errors.ts'

/**
 * Makes the account with this address a member of the tenant with this slug, with a role of it (GG-04); being one already
 * adds the role. For operators: it asks nobody's consent.
 */
export async function addColleague(app: App, wanted: { email: string; slug: string; role: string }): Promise<void> {
  const system = app.db.scoped({ system: true })
  const email = normaliseEmail(wanted.email)
  const account = await findAccount(system, email)
  if (!account) throw errors.accountUnknown({ email })
  const tenant = await findTenantBySlug(system, wanted.slug)
  if (!tenant) throw errors.tenantUnknown({ slug: wanted.slug })
  await app.db.transaction({ system: true, tenantId: tenant.id, userName: 'an operator' }, async tx => {
    if (!(await findRole(tx, wanted.role))) throw errors.roleUnknown({ role: wanted.role, slug: wanted.slug })
    const membership = await addMember(tx, account.id)
    await giveRole(tx, membership.id, wanted.role)
    await recordEvent(tx, {
      action: 'add_member',
      resource: 'tenancy.user_tenants',
      resourceId: membership.id,
      details: { email, role: wanted.role },
    })
  })
}
