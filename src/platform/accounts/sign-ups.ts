import { type Static, Type } from 'typebox'
import { createBuiltInRoles, createTemplateRoles, giveRole } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import { nullable } from '#platform/http'
import {
  announceRevocation,
  consumeOneTimeToken,
  consumeSignUp,
  createUser,
  defaultPasswordRules,
  findAccount,
  findSignUp,
  findSignUpByToken,
  hashNewPassword,
  hasUsers,
  isGoogleConfigured,
  issueOneTimeToken,
  issueSignUpToken,
  keepSignUp,
  makeOperator,
  normaliseEmail,
  requireTimezone,
  sendVerification,
  setDefaultTenant,
  signUpHours,
  verifyPassword,
  withdrawOneTimeTokens,
} from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { hasMailbox, linkTo, sendMail } from '#platform/mail'
import type { TenantTemplate } from '#platform/module.ts'
import { addMember, applyTemplate, Brand, createTenant, getBrand, getTemplate } from '#platform/tenancy'
import { type Admission, admitUser, type Client } from './admissions.ts'
import { errors } from './errors.ts'
import { accountExistsMail, confirmSignUpMail } from './mails.ts'
import { listTenantsOf, type TenantOfUser } from './tenants-of-users.ts'

export type SignUp = {
  email: string
  password: string
  fullName: string
  tenantName?: string | undefined
  /** What the tenant starts with. */
  template?: string | undefined
  /** IANA name; UTC unless given. */
  timezone?: string | undefined
}

/** For the pages of sign-in and sign-up: nothing else about an installation is public. */
export const EntranceOptions = Type.Object({
  google: Type.Boolean({ description: 'Whether one can come in with a Google account' }),
  mailbox: Type.Boolean({ description: 'Whether mails are kept on a page instead of being sent, as in development' }),
  signUp: Type.Unsafe<'open' | 'closed'>({ type: 'string', enum: ['open', 'closed'] }),
  tenant: nullable(Brand),
  installationUrl: Type.String({ description: 'Where people without a tenant’s own host name come in' }),
  needsFirstAdministrator: Type.Boolean({
    description: 'True until there is an account: then open the link that the server printed when it started',
  }),
})
export type EntranceOptions = Static<typeof EntranceOptions>

/**
 * Asks for an account. Answered alike whether or not the address has one: the mail that follows tells its owner, and
 * nothing is made before he has confirmed it, so that nobody can occupy the address of another (MT-04).
 */
export async function askForAccount(app: App, client: Scope, wanted: SignUp): Promise<void> {
  if (!(await hasUsers(app.db.reads({ ...client, system: true })))) throw errors.setUpFirst()
  const email = normaliseEmail(wanted.email)
  const fullName = wanted.fullName.trim()
  if (wanted.timezone !== undefined) requireTimezone(wanted.timezone)
  getTemplate(app, wanted.template)
  const passwordHash = await hashNewPassword(wanted.password, defaultPasswordRules, { email, fullName })
  await app.db.transaction({ ...client, system: true }, async tx => {
    const { tenantName, timezone, template } = wanted
    const signUpId = await keepSignUp(tx, {
      email,
      fullName,
      passwordHash,
      tenantName: tenantName?.trim(),
      template,
      timezone,
    })
    await enqueue(tx, sendSignUpMail, { signUpId })
  })
}

export const sendSignUpMail: Job<{ signUpId: string }> = {
  name: 'accounts.send-sign-up-mail',
  description: 'MT-04: the link that confirms a new account’s address, or word that there is an account already',
  async run({ signUpId }, app) {
    await app.db.transaction({ system: true }, async tx => {
      const wanted = await findSignUp(tx, signUpId)
      if (!wanted) return
      const { email: to, fullName: name } = wanted
      if (await findAccount(tx, to)) {
        const links = { signInLink: linkTo(app, '/sign-in'), resetLink: linkTo(app, '/forgot-password') }
        await sendMail(app, tx, { to, mail: accountExistsMail, values: { name, ...links } })
        return
      }
      const token = await issueSignUpToken(tx, signUpId)
      const link = linkTo(app, '/verify-email', token)
      await sendMail(app, tx, { to, mail: confirmSignUpMail, values: { name, link, hours: signUpHours } })
    })
  },
}

/**
 * Makes the account that was asked for and signs in. Wants the password that was chosen: whoever asked for an account with
 * somebody else's address must not get it because its owner follows a link.
 */
export async function confirmAccount(
  app: App,
  client: Client,
  given: { token: string; password: string },
): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const wanted = await findSignUpByToken(system, given.token)
  if (!wanted) throw errors.signUpLinkInvalid()
  if (!(await verifyPassword(wanted.passwordHash, given.password))) throw errors.signUpPasswordWrong()
  const { userId } = await createAccount(
    app,
    client.scope,
    { ...wanted, isEmailVerified: true },
    {
      async before(tx) {
        if (!(await consumeSignUp(tx, wanted.id))) throw errors.signUpLinkInvalid()
      },
    },
  )
  return await admitUser(app, client, { userId, methods: ['password'] })
}

/** Makes one more tenant, owned by a user who is signed in; his session stays where it is. */
export async function createOwnTenant(
  app: App,
  scope: Scope,
  wanted: { name: string; ownerId: string; template?: string | undefined },
): Promise<TenantOfUser> {
  const id = crypto.randomUUID()
  const template = getTemplate(app, wanted.template)
  const tenants = await app.db.transaction({ ...scope, system: true, tenantId: id }, async tx => {
    await foundTenant(tx, { id, name: wanted.name }, wanted.ownerId, template)
    await recordEvent(tx, { action: 'create_tenant', resource: 'tenancy.tenants', resourceId: id })
    return await listTenantsOf(tx, wanted.ownerId)
  })
  announceRevocation(app)
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
  template: TenantTemplate = { label: '', description: '' },
): Promise<{ slug: string }> {
  const created = await createTenant(tx, { id: tenant.id, name: tenant.name.trim() })
  await createBuiltInRoles(tx)
  await applyTemplate(tx, template)
  await createTemplateRoles(tx, template)
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
  template?: string | undefined
  timezone?: string | undefined
  /** Whether he has shown that mail to the address reaches him. */
  isEmailVerified: boolean
}

/**
 * An account, with `tenantName` also a tenant whose owner it is. Refuses an address that has an account. `more` happens in
 * the same transaction, first and last.
 */
export async function createAccount(
  app: App,
  client: Scope,
  account: NewAccount,
  more: { before?(tx: Queryable): Promise<void>; after?(tx: Queryable, userId: string): Promise<void> } = {},
): Promise<{ userId: string; tenantId: string | undefined }> {
  const userId = crypto.randomUUID()
  const tenantId = account.tenantName === undefined ? undefined : crypto.randomUUID()
  const email = normaliseEmail(account.email)
  const fullName = account.fullName.trim()
  const template = getTemplate(app, account.template)
  await app.db.transaction({ ...client, system: true, userId, userName: fullName, tenantId }, async tx => {
    await more.before?.(tx)
    await createUser(tx, { ...account, id: userId, email, fullName })
    if (tenantId !== undefined) {
      await foundTenant(tx, { id: tenantId, name: account.tenantName as string }, userId, template)
    }
    await recordEvent(tx, { action: 'sign_up', resource: 'identity.users', resourceId: userId })
    await more.after?.(tx, userId)
  })
  return { userId, tenantId }
}

/** What somebody who is not signed in may do here. */
export async function getEntranceOptions(
  app: App,
  scope: Scope,
  hostTenantId?: string | undefined,
): Promise<EntranceOptions> {
  const isUsed = await hasUsers(app.db.reads({ ...scope, system: true }))
  return {
    signUp: app.config.signUp === 'closed' ? 'closed' : 'open',
    needsFirstAdministrator: !isUsed,
    // Google sends back to the installation's own host.
    google: hostTenantId === undefined && isGoogleConfigured(app),
    mailbox: hasMailbox(app),
    tenant: hostTenantId === undefined ? null : await getBrand(app.db.reads({ system: true }), hostTenantId),
    installationUrl: app.publicUrl,
  }
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

/** Makes the first administrator, an operator of the installation, with a link of `issueFirstAdministratorToken`. */
export async function signUpFirstAdministrator(
  app: App,
  client: Client,
  wanted: SignUp & { token: string; tenantName: string },
): Promise<Admission> {
  const { email, fullName, tenantName, timezone } = wanted
  const passwordHash = await hashNewPassword(wanted.password, defaultPasswordRules, { email, fullName })
  const { userId } = await createAccount(
    app,
    client.scope,
    { email, fullName, passwordHash, tenantName, timezone, isEmailVerified: false },
    {
      async before(tx) {
        if (!(await consumeOneTimeToken(tx, 'first_administrator', wanted.token))) throw errors.setupLinkInvalid()
      },
      async after(tx, userId) {
        await makeOperator(tx, userId)
        await sendVerification(app, tx, userId)
      },
    },
  )
  return await admitUser(app, client, { userId, methods: ['password'] })
}
