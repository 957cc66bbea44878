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
import { describeSignIn, listTenantsOf, type SignedIn } from './sign-ins.ts'

export type SignUp = {
  email: string
  password: string
  fullName: string
  tenantName?: string | undefined
  /** IANA name; UTC unless given. */
  timezone?: string | undefined
}

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

/** A tenant with its built-in roles and its first owner. The scope carries the tenant's id and is the system's. */
export async function foundTenant(
  tx: Queryable,
  tenant: { id: string; name: string },
  ownerId: string,
): Promise<{ slug: string }> {
  const created = await createTenant(tx, { id: tenant.id, name: tenant.name.trim() })
  await createBuiltInRoles(tx)
  const membership = await addMember(tx, ownerId)
  await giveRole(tx, membership.id, 'owner')
  await setDefaultTenant(tx, ownerId, tenant.id)
  return created
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
