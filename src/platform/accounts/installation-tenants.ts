import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, type Scope, sql } from '#platform/database'
import { announceRevocation, findAccount, normaliseEmail, User } from '#platform/identity'
import { linkTo, sendMail } from '#platform/mail'
import {
  changeTenantStatus,
  Feature,
  getTemplate,
  getTenantRecord,
  listFeatures,
  listStatusChanges,
  type operatorsStatuses,
  placeTenant,
  StatusChange,
  setFeatures,
  TenantRecord,
} from '#platform/tenancy'
import { mirrorLimits } from '#platform/usage'
import { errors } from './errors.ts'
import { newTenantMail, tenantClosedMail, tenantOpenedMail } from './mails.ts'
import { foundTenant } from './sign-ups.ts'

/** All that an operator has to know of a tenant. */
export const TenantDetails = Type.Object({
  ...TenantRecord.properties,
  features: Type.Array(Feature),
  owners: Type.Array(User),
  statusChanges: Type.Array(StatusChange),
})
export type TenantDetails = Static<typeof TenantDetails>

/** Refuses with `tenancy.tenant_not_found`. */
export async function getTenantDetails(app: App, id: string): Promise<TenantDetails> {
  const system = app.db.reads({ system: true })
  const record = await getTenantRecord(system, id)
  const [features, owners, statusChanges] = await Promise.all([
    listFeatures(app, system, id),
    listOwners(system, id),
    listStatusChanges(system, id),
  ])
  return { ...record, features, owners, statusChanges }
}

/** Who owns a tenant now. Needs the system scope. */
export function listOwners(tx: Queryable, tenantId: string): Promise<User[]> {
  return tx.run(sql<User>`select id, email, full_name, username from accounts.list_owners(${tenantId})`)
}

/**
 * A tenant made by an operator for somebody who has an account, who owns it from then on and is told by mail. Refuses with
 * `accounts.account_unknown`, `tenancy.template_unknown`.
 */
export async function createTenantFor(
  app: App,
  scope: Scope,
  wanted: {
    name: string
    ownerEmail: string
    template?: string | undefined
    /** MT-17: the administrator's URL of the database that is to have its application data. */
    databaseUrl?: string | undefined
  },
): Promise<TenantDetails> {
  const id = crypto.randomUUID()
  const email = normaliseEmail(wanted.ownerEmail)
  const template = getTemplate(app, wanted.template)
  const database = wanted.databaseUrl === undefined ? undefined : await app.placements?.register(wanted.databaseUrl)
  await app.db.transaction(scopeIn(scope, id), async tx => {
    const owner = await findAccount(tx, email)
    if (!owner?.isActive) throw errors.accountUnknown({ email })
    await foundTenant(tx, { id, name: wanted.name }, owner.id, template)
    if (database) await placeTenant(tx, id, database.id)
    await recordEvent(tx, {
      action: 'create_tenant',
      resource: 'tenancy.tenants',
      resourceId: id,
      details: { owner: owner.id },
    })
    await sendMail(app, tx, {
      to: owner.email,
      userId: owner.id,
      mail: newTenantMail,
      values: { name: owner.fullName ?? owner.email, tenantName: wanted.name.trim(), link: linkTo(app, '/') },
    })
  })
  app.placements?.forget()
  if (database) await mirrorLimits(app, id)
  announceRevocation(app)
  return await getTenantDetails(app, id)
}

/** MT-12: suspends a tenant or opens it again; its owners are told why. Access ends at once here, and within 5 s elsewhere. */
export async function setTenantStatus(
  app: App,
  scope: Scope,
  change: { id: string; status: (typeof operatorsStatuses)[number]; reason: string },
): Promise<TenantDetails> {
  const { id, status, reason } = change
  await app.db.transaction(scopeIn(scope, id), async tx => {
    const tenant = await changeTenantStatus(tx, { status, reason })
    for (const owner of await listOwners(tx, id)) {
      const values = { name: owner.fullName ?? owner.email, tenantName: tenant.name, reason, link: linkTo(app, '/') }
      const mail = status === 'suspended' ? tenantClosedMail : tenantOpenedMail
      await sendMail(app, tx, { to: owner.email, userId: owner.id, mail, values })
    }
  })
  announceRevocation(app)
  return await getTenantDetails(app, id)
}

/** Says which features a tenant may have, whatever it chooses. */
export async function allowFeatures(
  app: App,
  scope: Scope,
  id: string,
  features: Readonly<Record<string, boolean | null>>,
): Promise<TenantDetails> {
  await app.db.transaction(scopeIn(scope, id), tx => setFeatures(app, tx, id, 'operator', features))
  announceRevocation(app)
  return await getTenantDetails(app, id)
}

/**
 * What an operator does to a tenant stands in that tenant's log, under his name, but not from where: its people are none of
 * his installation's.
 */
const scopeIn = (scope: Scope, tenantId: string): Scope => ({
  ...scope,
  tenantId,
  system: true,
  ipAddress: undefined,
  userAgent: undefined,
})
