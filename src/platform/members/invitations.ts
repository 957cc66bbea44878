import { type Static, Type } from 'typebox'
import { accessErrors, requireGrantable } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { createToken, hashToken } from '#platform/crypto'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, dateTime, nullable, oneOf, readCursor, timestamp, uuid } from '#platform/http'
import { normaliseEmail } from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { invitationErrors as errors } from './invitation-errors.ts'
import { invitationMail } from './invitation-mails.ts'

export const invitationStatuses = ['pending', 'accepted', 'expired', 'cancelled'] as const
/** How long an invitation can be accepted, in days (MT-18). */
export const invitationDays = 7
/** How many may wait in a tenant: more is a mistake, or an attempt to have us send mails. */
const mostPending = 1_000

/** Somebody who was asked to work here. */
export const Invitation = Type.Object({
  id: uuid,
  email: Type.String(),
  status: oneOf(invitationStatuses),
  roles: Type.Array(Type.Object({ id: uuid, name: Type.String() })),
  invitedByName: nullable(Type.String()),
  cancelledByName: nullable(Type.String()),
  expiresAt: timestamp,
  membershipExpiresAt: nullable(timestamp),
  sentAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'Null until the mail is on its way' }),
  acceptedAt: nullable(timestamp),
  cancelledAt: nullable(timestamp),
  createdAt: timestamp,
})
export type Invitation = Static<typeof Invitation>

export type NewInvitation = {
  email: string
  roleIds: readonly string[]
  /** When the membership is to end that comes of it; null for no end. */
  membershipExpiresAt?: string | null | undefined
}

/** Those of the scope's tenant, the newest first. */
export async function listInvitations(
  tx: Queryable,
  filters: { status?: Invitation['status'] | undefined },
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: Invitation[]; nextCursor: string | null }> {
  const list = JSON.stringify(['invitations', filters.status])
  const last = readCursor(page.cursor, list, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run(sql<Invitation & { moment: string }>`
    select
      *,
      to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as moment
    from members.describe_invitations(null)
    where ${filters.status === undefined ? sql`true` : sql`status = ${filters.status}`}
      ${last ? sql`and (created_at, id) < (${last[0]}::timestamptz, ${last[1]}::uuid)` : sql``}
    order by created_at desc, id desc
    limit ${page.limit + 1}`)
  const { items, nextCursor } = cutPage(rows, page.limit, list, row => [row.moment, row.id])
  return { items: items.map(({ moment: _, ...invitation }) => invitation), nextCursor }
}

/** Refuses with `members.invitation_not_found`. */
export async function getInvitation(tx: Queryable, id: string): Promise<Invitation> {
  const found = await tx.maybe(sql<Invitation>`select * from members.describe_invitations(${id})`)
  if (!found) throw errors.invitationNotFound({ id })
  return found
}

/**
 * Asks somebody to work in the scope's tenant with roles that the scope's user holds himself. The mail with the link goes
 * by a job, and nobody but its reader ever sees the secret. Refuses the address of a member, and one that is asked already.
 */
export async function invite(app: App, scope: Scope, wanted: NewInvitation): Promise<Invitation> {
  return await app.db.transaction(scope, async tx => {
    const [invited] = await inviteAll(tx, [wanted])
    return await getInvitation(tx, invited as string)
  })
}

/** The same for many, all or none; returns their ids in the same order. */
export async function inviteAll(tx: Queryable, wanted: readonly NewInvitation[]): Promise<string[]> {
  await requireGrantable(tx, [...new Set(wanted.flatMap(({ roleIds }) => roleIds))])
  const ids: string[] = []
  for (const invitation of wanted) ids.push(await writeInvitation(tx, invitation))
  const { pending } = await tx.one(sql<{ pending: number }>`
    select count(*) as pending
    from members.invitations
    where tenant_id = ${tx.scope.tenantId}
      and status = 'pending'
      and expires_at > now()`)
  if (pending > mostPending) throw errors.invitationsTooMany({ most: mostPending })
  return ids
}

async function writeInvitation(
  tx: Queryable,
  { email: given, roleIds, membershipExpiresAt = null }: NewInvitation,
): Promise<string> {
  const email = normaliseEmail(given)
  const [member] = await findMembers(tx, [email])
  if (member && !member.hasEnded) throw errors.invitedIsMember({ email })
  await endExpired(tx, email)
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into members.invitations (email, invited_by_id, membership_expires_at)
      values (${email}, ${tx.scope.userId ?? null}, ${membershipExpiresAt})
      returning id`),
    { invitations_one_pending: () => errors.invitationTwice({ email }) },
  )
  await onViolation(
    tx.run(sql`
      insert into members.invitation_roles (invitation_id, role_id)
      select distinct ${id}::uuid, role_id
      from unnest(${roleIds}::uuid[]) as role_id`),
    { invitation_roles_role_id_fkey: () => accessErrors.roleNotFound({ id: roleIds.join(', ') }) },
  )
  await enqueue(tx, sendInvitation, { tenantId: tx.scope.tenantId as string, invitationId: id })
  return id
}

/** Which of these addresses are those of members of the scope's tenant; `hasEnded`: their membership is over. */
export function findMembers(tx: Queryable, emails: readonly string[]): Promise<{ email: string; hasEnded: boolean }[]> {
  return tx.run(sql<{ email: string; hasEnded: boolean }>`
    select email, has_ended from members.find_members_by_email(${emails})`)
}

/** Of these addresses those that are asked already. */
export async function findInvited(tx: Queryable, emails: readonly string[]): Promise<Set<string>> {
  const rows = await tx.run(sql<{ email: string }>`
    select email
    from members.invitations
    where tenant_id = ${tx.scope.tenantId}
      and email = any (${emails})
      and status = 'pending'
      and expires_at > now()`)
  return new Set(rows.map(({ email }) => email))
}

/** What an address waits for here. */
export async function findPendingInvitation(tx: Queryable, email: string): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ id: string }>`
    select id
    from members.invitations
    where tenant_id = ${tx.scope.tenantId}
      and email = ${email}
      and status = 'pending'
      and expires_at > now()`)
  return found?.id
}

/** An invitation that has run out gives way to a new one. */
async function endExpired(tx: Queryable, email: string): Promise<void> {
  await tx.run(sql`
    update members.invitations
    set status = 'expired', token_hash = null
    where tenant_id = ${tx.scope.tenantId}
      and email = ${email}
      and status = 'pending'
      and expires_at <= now()`)
}

/** Sends the mail again with another link, for seven days from now; the earlier link is void. */
export async function resendInvitation(app: App, scope: Scope, id: string): Promise<Invitation> {
  return await app.db.transaction(scope, async tx => {
    const { roles } = await getInvitation(tx, id)
    await requireGrantable(
      tx,
      roles.map(role => role.id),
    )
    // Who sends it again answers for it: his rights count when it is accepted.
    const renewed = await onViolation(
      tx.run(sql`
        update members.invitations
        set
          status = 'pending',
          expires_at = now() + ${invitationDays} * interval '1 day',
          token_hash = null,
          invited_by_id = ${scope.userId ?? null}
        where tenant_id = ${scope.tenantId}
          and id = ${id}
          and status in ('pending', 'expired')
        returning id`),
      { invitations_one_pending: () => errors.invitationTwice({ email: 'this address' }) },
    )
    if (renewed.length === 0) throw errors.invitationSettled()
    await recordEvent(tx, { action: 'resend', resource: 'members.invitations', resourceId: id })
    await enqueue(tx, sendInvitation, { tenantId: scope.tenantId as string, invitationId: id })
    return await getInvitation(tx, id)
  })
}

/** Withdraws an invitation: its link is void. */
export async function cancelInvitation(app: App, scope: Scope, id: string): Promise<Invitation> {
  return await app.db.transaction(scope, async tx => {
    const isWithdrawn = await withdrawInvitation(tx, id)
    const invitation = await getInvitation(tx, id)
    if (!isWithdrawn) throw errors.invitationSettled()
    return invitation
  })
}

/** The same in a transaction; false where it is settled. */
export async function withdrawInvitation(tx: Queryable, id: string): Promise<boolean> {
  const withdrawn = await tx.run(sql`
    update members.invitations
    set status = 'cancelled', cancelled_at = now(), cancelled_by = ${tx.scope.userId ?? null}, token_hash = null
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
      and status in ('pending', 'expired')
    returning id`)
  return withdrawn.length > 0
}

export const sendInvitation: Job<{ tenantId: string; invitationId: string }> = {
  name: 'members.send-invitation',
  description: 'MT-18: makes the link of an invitation and mails it; an earlier link is void from then on',
  async run({ tenantId, invitationId }, app) {
    await app.db.transaction({ system: true, tenantId }, async tx => {
      const token = createToken()
      const sent = await tx.run(sql`
        update members.invitations
        set token_hash = ${hashToken(token)}, sent_at = now()
        where tenant_id = ${tenantId}
          and id = ${invitationId}
          and status = 'pending'
          and expires_at > now()
        returning id`)
      // Withdrawn or accepted meanwhile.
      if (sent.length === 0) return
      const offer = await tx.one(sql<{ email: string; tenantName: string; invitedByName: string; roles: string[] }>`
        select email, tenant_name, coalesce(invited_by_name, 'An administrator') as invited_by_name, roles
        from members.find_offers(${hashToken(token)}, null)`)
      const { email: to, tenantName, invitedByName: inviterName, roles } = offer
      const link = linkTo(app, '/invitation', token)
      const values = { inviterName, tenantName, roles, link, days: invitationDays }
      await sendMail(app, tx, { to, mail: invitationMail, values })
    })
  },
}

export const expireInvitations: Job = {
  name: 'members.expire-invitations',
  description: 'MT-18: marks invitations that nobody accepted in time, and removes settled ones after a year',
  cron: '40 3 * * *',
  async run(_data, app) {
    const system = app.db.scoped({ system: true })
    await system.run(sql`
      update members.invitations
      set status = 'expired', token_hash = null
      where status = 'pending'
        and expires_at <= now()`)
    await system.run(sql`
      delete from members.invitations
      where status <> 'pending'
        and updated_at < now() - interval '1 year'`)
  },
}
