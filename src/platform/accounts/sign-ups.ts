import { type Static, Type } from 'typebox'
import { createBuiltInRoles, giveRole } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import {
  consumeOneTimeToken,
  createUser,
  hashNewPassword,
  hasUsers,
  issueOneTimeToken,
  type NewSession,
  normaliseEmail,
  openSession,
  setDefaultTenant,
  withdrawOneTimeTokens,
} from '#platform/identity'
import { addMember, createTenant } from '#platform/tenancy'
import { errors } from './errors.ts'
import { accountsOf } from './principals.ts'
import { describeSignIn, listTenantsOf, type SignedIn, type TenantOfUser } from './sign-ins.ts'

export type SignUp = {
  email: string
  password: string
  fullName: string
  tenantName?: string | undefined
  /** IANA name; UTC unless given. */
  timezone?: string | undefined
}

/** For the pages of sign-in and sign-up: nothing else about an installation is public. */
export const EntranceOptions = Type.Object({
  signUp: Type.Unsafe<'open' | 'closed'>({ type: 'string', enum: ['open', 'closed'] }),
  needsFirstAdministrator: Type.Boolean({
    description: 'True until there is an account: then open the link that the server printed when it started',
  }),
})
export type EntranceOptions = Static<typeof EntranceOptions>

/** Makes an account, and with `tenantName` a tenant whose owner it is; opens its first session. All of it or nothing. */
export async function signUp(
  app: App,
  client: Scope,
  wanted: SignUp,
  before: (tx: Queryable) => Promise<void> = async () => {},
): Promise<{ signedIn: SignedIn; session: NewSession }> {
  const email = normaliseEmail(wanted.email)
  const fullName = wanted.fullName.trim()
  const passwordHash = await hashNewPassword(wanted.password)
  const user = { id: crypto.randomUUID(), email, fullName, username: null }
  const tenantId = wanted.tenantName === undefined ? undefined : crypto.randomUUID()
  const scope = { ...client, system: true, userId: user.id, userName: fullName, tenantId }
  const { session, tenants } = await app.db.transaction(scope, async tx => {
    await before(tx)
    await createUser(tx, { ...user, passwordHash, timezone: wanted.timezone })
    if (tenantId !== undefined) await foundTenant(tx, { id: tenantId, name: wanted.tenantName as string }, user.id)
    const opened = await openSession(tx, { userId: user.id, tenantId })
    await recordEvent(tx, { action: 'sign_up', resource: 'identity.users', resourceId: user.id })
    return { session: opened, tenants: await listTenantsOf(tx, user.id) }
  })
  return { signedIn: await describeSignIn(app, user, tenants, tenantId, session.id, session.refreshToken), session }
}

/** Makes one more tenant, owned by a user who is signed in; his session stays where it is. */
export async function createOwnTenant(
  app: App,
  scope: Scope,
  wanted: { name: string; ownerId: string },
): Promise<TenantOfUser> {
  const id = crypto.randomUUID()
  const tenants = await app.db.transaction({ ...scope, system: true, tenantId: id }, async tx => {
    await foundTenant(tx, { id, name: wanted.name }, wanted.ownerId)
    await recordEvent(tx, { action: 'create_tenant', resource: 'tenancy.tenants', resourceId: id })
    return await listTenantsOf(tx, wanted.ownerId)
  })
  accountsOf(app).principals.forgetAll()
  return tenants.find(tenant => tenant.id === id) as TenantOfUser
}

/**
 * A tenant with its built-in roles and its first owner, who signs in to it unless he has a default already. The scope
 * carries the tenant's id and is the system's.
 */
export async function foundTenant(
  tx: Queryable,
  tenant: { id: string; name: string },
  ownerId: string,
): Promise<{ slug: string }> {
  const created = await createTenant(tx, { id: tenant.id, name: tenant.name.trim() })
  await createBuiltInRoles(tx)
  const membership = await addMember(tx, ownerId)
  await giveRole(tx, membership.id, 'owner')
  const tenants = await listTenantsOf(tx, ownerId)
  if (!tenants.some(({ isDefault }) => isDefault)) await setDefaultTenant(tx, ownerId, tenant.id)
  return created
}

export type NewAccount = {
  email: string
  fullName: string
  passwordHash: string
  tenantName?: string | undefined
  timezone?: string | undefined
  /** Whether he has shown that mail to the address reaches him. */
  isEmailVerified: boolean
}

/** An account, with `tenantName` also a tenant whose owner it is. Refuses an address that has an account. */
export async function createAccount(
  app: App,
  client: Scope,
  account: NewAccount,
  before: (tx: Queryable) => Promise<void> = async () => {},
): Promise<{ userId: string; tenantId: string | undefined }> {
  const userId = crypto.randomUUID()
  const tenantId = account.tenantName === undefined ? undefined : crypto.randomUUID()
  const email = normaliseEmail(account.email)
  const fullName = account.fullName.trim()
  await app.db.transaction({ ...client, system: true, userId, userName: fullName, tenantId }, async tx => {
    await before(tx)
    await createUser(tx, { ...account, id: userId, email, fullName })
    if (tenantId !== undefined) await foundTenant(tx, { id: tenantId, name: account.tenantName as string }, userId)
    await recordEvent(tx, { action: 'sign_up', resource: 'identity.users', resourceId: userId })
  })
  return { userId, tenantId }
}

/** What somebody who is not signed in may do here. */
export async function getEntranceOptions(app: App, scope: Scope): Promise<EntranceOptions> {
  const isUsed = await hasUsers(app.db.reads({ ...scope, system: true }))
  return { signUp: app.config.signUp === 'closed' ? 'closed' : 'open', needsFirstAdministrator: !isUsed }
}

/**
 * On an installation without users: the secret of a link that makes the first administrator, for 24 hours. An earlier
 * link stops working. Undefined once there is a user.
 */
export async function issueFirstAdministratorToken(app: App): Promise<string | undefined> {
  return await app.db.transaction({ system: true }, async tx => {
    if (await hasUsers(tx)) return undefined
    await withdrawOneTimeTokens(tx, 'first_administrator')
    return await issueOneTimeToken(tx, { purpose: 'first_administrator', minutes: 24 * 60 })
  })
}

/** Makes the first administrator with a link of `issueFirstAdministratorToken`; a link works once. */
export function signUpFirstAdministrator(
  app: App,
  client: Scope,
  wanted: SignUp & { token: string },
): Promise<{ signedIn: SignedIn; session: NewSession }> {
  return signUp(app, client, wanted, async tx => {
    if (!(await consumeOneTimeToken(tx, 'first_administrator', wanted.token))) throw errors.setupLinkInvalid()
  })
}
