import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { giveRole, requireGrantable, setRolesOf } from '#platform/access'
import { type Admission, admitUser, type Client } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { hashToken } from '#platform/crypto'
import { type Queryable, type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { nullable, timestamp, uuid } from '#platform/http'
import {
  announceRevocation,
  createUser,
  findVerifiedAddress,
  hashNewPassword,
  PasswordRules,
  setDefaultTenantIfNone,
} from '#platform/identity'
import { notify } from '#platform/notifications'
import { addMember, getPasswordRules, lockMembership, removePlaces, setExpiry } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { invitationErrors as errors } from './invitation-errors.ts'
import { findMembers } from './invitations.ts'

/** What whoever has the link of an invitation is told. */
export const Offer = Type.Object({
  id: uuid,
  tenantId: uuid,
  tenantName: Type.String(),
  email: Type.String(),
  roles: Type.Array(Type.String()),
  invitedByName: nullable(Type.String()),
  expiresAt: timestamp,
  hasAccount: Type.Boolean({ description: 'The address has an account: sign in with it to accept' }),
  rules: Type.Unsafe<PasswordRules>({ ...PasswordRules, description: 'For the password of a new account' }),
})
export type Offer = Static<typeof Offer>

type Row = Omit<Offer, 'rules'> & {
  isTenantActive: boolean
  status: 'pending' | 'accepted' | 'expired' | 'cancelled'
  isExpired: boolean
  roleIds: string[]
  invitedById: string | null
  isByOperator: boolean
  membershipExpiresAt: Date | null
}

/** The invitation of a link; refuses one that cannot be accepted, saying why. */
export async function getOffer(app: App, client: Scope, token: string): Promise<Offer> {
  const system = app.db.scoped({ ...client, system: true })
  const row = await getOpen(app, system, token)
  const rules = await getPasswordRules(app.db.scoped({ system: true, tenantId: row.tenantId }))
  const { id, tenantId, tenantName, email, roles, invitedByName, expiresAt, hasAccount } = row
  return { id, tenantId, tenantName, email, roles, invitedByName, expiresAt, hasAccount, rules }
}

/** What waits for a user's own confirmed address, in whatever tenants. */
export async function listOffers(app: App, scope: Scope, userId: string): Promise<Omit<Offer, 'rules'>[]> {
  const system = app.db.scoped({ ...scope, system: true })
  const email = await findVerifiedAddress(system, userId)
  if (email === undefined) return []
  const rows = await system.run(sql<Row>`select * from members.find_offers(null, ${email})`)
  return rows
    .filter(({ isExpired, isTenantActive }) => !isExpired && isTenantActive)
    .map(({ id, tenantId, tenantName, roles, invitedByName, expiresAt, hasAccount }) => ({
      id,
      tenantId,
      tenantName,
      email,
      roles,
      invitedByName,
      expiresAt,
      hasAccount,
    }))
}

/** Somebody has come by an invitation. */
export type Acceptance = { invitationId: string; userId: string }

type Listener = (app: App, tx: Queryable, acceptance: Acceptance) => Promise<void>

const listeners: Listener[] = []

/** Is called in the transaction that takes him in, in the tenant's and the system scope. For a module below this one, as it is loaded. */
export function onInvitationAccepted(listener: Listener): void {
  listeners.push(listener)
}

/** By the secret of a link, or by its id where it waits for one's own address. */
type Shown = { token: string } | { id: string }

/**
 * Takes the scope's user into the tenant of an invitation for the confirmed address of his account. Of any number of
 * acceptances at once one is; who has the link and another account has nothing of it.
 */
export async function acceptInvitation(
  app: App,
  scope: Scope,
  userId: string,
  shown: Shown,
): Promise<{ tenantId: string }> {
  const system = app.db.scoped({ ...scope, tenantId: undefined, system: true })
  const email = await findVerifiedAddress(system, userId)
  const row = 'token' in shown ? await getOpen(app, system, shown.token) : await getOwn(app, system, shown.id, email)
  if (email === undefined) throw errors.invitationAddressUnconfirmed()
  if (email !== row.email) throw errors.invitationForAnother({ email: row.email })
  await app.db.transaction({ ...scope, tenantId: row.tenantId, system: true }, async tx => {
    await consume(tx, row, userId, shown)
    await join(app, tx, row, userId)
  })
  announceRevocation(app)
  return { tenantId: row.tenantId }
}

/** Makes an account for the invited address, confirmed by the link that went there, and takes it into the tenant. */
export async function signUpInvited(
  app: App,
  client: Client,
  given: { token: string; fullName: string; password: string; timezone?: string | undefined },
): Promise<Admission> {
  const system = app.db.scoped({ ...client.scope, system: true })
  const row = await getOpen(app, system, given.token)
  if (row.hasAccount) throw errors.invitedHasAccount()
  const { email, tenantId } = row
  const fullName = given.fullName.trim()
  const rules = await getPasswordRules(app.db.scoped({ system: true, tenantId }))
  const passwordHash = await hashNewPassword(given.password, rules, { email, fullName })
  const userId = randomUUID()
  await app.db.transaction({ ...client.scope, system: true, tenantId, userId, userName: fullName }, async tx => {
    await createUser(tx, { id: userId, email, fullName, passwordHash, timezone: given.timezone, isEmailVerified: true })
    await consume(tx, row, userId, { token: given.token })
    await recordEvent(tx, { action: 'sign_up', resource: 'identity.users', resourceId: userId })
    await join(app, tx, row, userId)
  })
  return await admitUser(app, client, { userId, methods: ['password'], askedTenantId: tenantId })
}

async function getOpen(app: App, system: Queryable, token: string): Promise<Row> {
  const row = await system.maybe(sql<Row>`select * from members.find_offers(${hashToken(token)}, null)`)
  if (!row) throw errors.invitationUnknown()
  await requireOpen(app, row)
  return row
}

async function getOwn(app: App, system: Queryable, id: string, email: string | undefined): Promise<Row> {
  const rows = email === undefined ? [] : await system.run(sql<Row>`select * from members.find_offers(null, ${email})`)
  const row = rows.find(each => each.id === id)
  if (!row) throw errors.invitationNotFound({ id })
  await requireOpen(app, row)
  return row
}

async function requireOpen(app: App, row: Row): Promise<void> {
  if (row.status === 'accepted') throw errors.invitationUsed()
  if (row.status === 'cancelled') throw errors.invitationCancelled()
  if (row.status === 'expired' || row.isExpired) throw errors.invitationExpired()
  if (!row.isTenantActive) throw errors.invitationsTenantClosed({ tenant: row.tenantName })
  if (!(await isStillGranted(app, row))) throw errors.invitationVoid({ tenant: row.tenantName })
}

/** Who was removed, or holds less than when he invited, leaves no door open behind him. */
async function isStillGranted(app: App, { tenantId, roleIds, invitedById, isByOperator }: Row): Promise<boolean> {
  if (isByOperator) return true
  if (invitedById === null) return false
  try {
    await requireGrantable(app.db.scoped({ tenantId, userId: invitedById, system: true }), roleIds)
    return true
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'forbidden') return false
    throw error
  }
}

/** Compares and sets: what is withdrawn, sent again or accepted meanwhile is refused, and nobody is taken in twice. */
async function consume(tx: Queryable, row: Row, userId: string, shown: Shown): Promise<void> {
  const consumed = await tx.run(sql`
    update members.invitations
    set status = 'accepted', accepted_at = now(), accepted_by = ${userId}
    where tenant_id = ${row.tenantId}
      and id = ${row.id}
      and status = 'pending'
      and expires_at > now()
      ${'token' in shown ? sql`and token_hash = ${hashToken(shown.token)}` : sql``}
    returning id`)
  if (consumed.length === 0) throw errors.invitationUsed()
}

async function join(app: App, tx: Queryable, row: Row, userId: string): Promise<void> {
  // The account before the tenant: in this order an operator who shuts an account takes both.
  await setDefaultTenantIfNone(tx, userId, row.tenantId)
  await takeIn(tx, row, userId)
  for (const listener of listeners) await listener(app, tx, { invitationId: row.id, userId })
  await recordEvent(tx, {
    action: 'accept_invitation',
    resource: 'members.invitations',
    resourceId: row.id,
    details: { email: row.email, roles: row.roles },
  })
  await emitEvent(app, tx, { type: 'members.member.joined', data: { userId, email: row.email, roles: row.roles } })
  if (row.invitedById === null) return
  await notify(app, tx, {
    userId: row.invitedById,
    kind: 'members.invitation_accepted',
    title: `${row.email} has accepted your invitation`,
    message: `They work in ${row.tenantName} now.`,
    link: '/members',
  })
}

/**
 * The inviter answers for the roles that he named, and for nothing that the person was here before: whose membership has
 * ended begins anew. Who is a member already keeps the end that his membership has.
 */
async function takeIn(tx: Queryable, row: Row, userId: string): Promise<void> {
  const before = await lockMembership(tx, userId)
  const [member] = before ? await findMembers(tx, [row.email]) : []
  const { id } = before ?? (await addMember(tx, userId))
  if (member?.hasEnded) {
    await removePlaces(tx, userId)
    await setRolesOf(tx, id, row.roleIds)
  } else for (const role of row.roles) await giveRole(tx, id, role)
  if (!member || member.hasEnded) await setExpiry(tx, id, row.membershipExpiresAt)
}
