import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { json, onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import {
  changeAndAnnounce,
  consumeOneTimeToken,
  findAccount,
  findOneTimeToken,
  issueOneTimeToken,
  tellOwner,
  withdrawOneTimeTokens,
} from '#platform/identity'
import { linkTo, sendMail } from '#platform/mail'
import { isMember, noteArrival, takeIn } from './arrivals.ts'
import { endWhatCameThrough } from './closings.ts'
import { errors } from './errors.ts'
import { confirmLinkMail, providerLinkedMail } from './mails.ts'
import type { ProviderAnswer } from './sign-ins.ts'
import { getUserMapping, type UserMapping } from './user-mappings.ts'

/** A provider that its person can come in by. */
export const OwnLink = Type.Object({
  id: uuid,
  tenantId: uuid,
  tenantName: Type.String(),
  providerId: uuid,
  providerName: Type.String(),
  externalEmail: nullable(Type.String()),
  syncStatus: oneOf(['pending', 'synced', 'failed', 'disabled']),
  createdAt: timestamp,
  lastSignInAt: nullable(timestamp),
})
export type OwnLink = Static<typeof OwnLink>

/** Needs the system scope. */
export function listOwnLinks(tx: Queryable, userId: string): Promise<OwnLink[]> {
  return tx.run(sql<OwnLink>`
    select id, tenant_id, tenant_name, provider_id, provider_name, external_email, sync_status, created_at, last_sign_in_at
    from federation.own_links
    where user_id = ${userId}
    order by created_at, id`)
}

/** The providers of the workspace that somebody works in, to link: he has no link with them yet. Needs the system scope. */
export function listLinkable(tx: Queryable, tenantId: string, userId: string): Promise<{ id: string; name: string }[]> {
  return tx.run(sql<{ id: string; name: string }>`
    select provider.id, provider.provider_name as name
    from federation.iam_providers as provider
    where provider.tenant_id = ${tenantId}
      and provider.status <> 'inactive'
      and not exists (
        select
        from federation.iam_user_mappings as mapping
        where mapping.tenant_id = provider.tenant_id
          and mapping.provider_id = provider.id
          and mapping.user_id = ${userId}
      )
    order by lower(provider.provider_name)`)
}

/**
 * Links who the provider vouched for with the account that is signed in by its own way (GHSA-g38m-r43w-p2q7): the session is
 * the proof on our side, the provider's answer on the other, and no address plays a part. In the provider's tenant's scope.
 */
export async function linkAnswer(app: App, client: Scope, userId: string, answer: ProviderAnswer): Promise<void> {
  const { provider, subject } = answer
  await changeAndAnnounce(app, { ...client, system: true, tenantId: provider.tenantId, userId }, async tx => {
    const known = await tx.maybe(sql<{ userId: string | null; syncStatus: string }>`
      select user_id, sync_status
      from federation.iam_user_mappings
      where tenant_id = ${provider.tenantId}
        and provider_id = ${provider.id}
        and external_id = ${subject}
      for update`)
    if (known?.syncStatus === 'disabled') throw errors.mappingDisabled()
    if (known && known.userId !== null && known.userId !== userId) throw errors.subjectTaken()
    if (!(await isMember(app, tx, userId))) throw errors.notAMember()
    await noteArrival(tx, answer, userId)
    await tellLinked(app, tx, userId, { providerName: provider.name, tenantId: provider.tenantId })
  })
}

const confirmationHours = 24

/**
 * An administrator's way out of a conflict: the owner of the account with the address is asked by mail, and nothing happens
 * unless he confirms while signed in. It is bound to this subject of the provider (CVE-2026-9087), and answered alike
 * whatever account there is.
 */
export async function askOwner(app: App, scope: Scope, id: string): Promise<UserMapping> {
  return await app.db.transaction({ ...scope, system: true }, async tx => {
    const mapping = await getUserMapping(tx, id)
    const { conflict, externalEmail, externalId, providerName } = mapping
    if (conflict !== 'address_taken' || externalEmail === null) throw errors.mappingSettled()
    const account = await findAccount(tx, externalEmail)
    if (account?.isActive) {
      await withdrawOneTimeTokens(tx, 'provider_link', account.id)
      const details: Asked = { tenantId: scope.tenantId as string, mappingId: id, externalId }
      const token = await issueOneTimeToken(tx, {
        purpose: 'provider_link',
        userId: account.id,
        minutes: confirmationHours * 60,
        details,
      })
      await sendMail(app, tx, {
        to: account.email,
        userId: account.id,
        mail: confirmLinkMail,
        values: {
          name: account.fullName ?? account.email,
          providerName,
          hours: confirmationHours,
          link: linkTo(app, '/link-sign-in', token),
        },
      })
    }
    await tx.run(sql`
      update federation.iam_user_mappings
      set sync_metadata = sync_metadata || ${json({ askedAt: app.clock.now().toISOString() })}::jsonb
      where tenant_id = ${scope.tenantId}
        and id = ${id}`)
    await recordEvent(tx, {
      action: 'ask_owner_to_link',
      resource: 'federation.iam_user_mappings',
      resourceId: id,
    })
    return await getUserMapping(tx, id)
  })
}

type Asked = { tenantId: string; mappingId: string; externalId: string }

export const LinkOffer = Type.Object({
  tenantName: Type.String(),
  providerName: Type.String(),
  externalEmail: nullable(Type.String()),
  externalName: nullable(Type.String()),
})
export type LinkOffer = Static<typeof LinkOffer>

/** What the mail's link offers to the account that it was sent to, without using it up. */
export async function getLinkOffer(app: App, userId: string, token: string): Promise<LinkOffer> {
  const system = app.db.scoped({ system: true })
  const asked = await findOneTimeToken<Asked>(system, 'provider_link', token)
  if (asked?.userId !== userId) throw errors.linkInvalid()
  const offer = await system.maybe(sql<LinkOffer>`
    select tenant_name, provider_name, external_email, external_name
    from federation.own_links
    where id = ${asked.details.mappingId}
      and external_id = ${asked.details.externalId}
      and conflict = 'address_taken'`)
  if (!offer) throw errors.linkInvalid()
  return offer
}

/** The owner's word. It makes him a member, with the role with which the provider's people begin, if he is none. */
export async function confirmLink(app: App, client: Scope, userId: string, token: string): Promise<void> {
  await getLinkOffer(app, userId, token)
  const asked = await consumeOneTimeToken<Asked>(app.db.scoped({ ...client, system: true }), 'provider_link', token)
  if (asked?.userId !== userId) throw errors.linkInvalid()
  const { tenantId, mappingId, externalId } = asked.details
  await changeAndAnnounce(app, { ...client, system: true, tenantId, userId }, async tx => {
    const mapping = await onViolation(
      tx.maybe(sql<{ providerId: string }>`
        update federation.iam_user_mappings
        set
          user_id = ${userId},
          sync_status = 'synced',
          conflict = null,
          sync_metadata = sync_metadata - 'askedAt'
        where tenant_id = ${tenantId}
          and id = ${mappingId}
          and external_id = ${externalId}
          and user_id is null
          and conflict = 'address_taken'
        returning provider_id`),
      { iam_user_mappings_user_unique: errors.userLinked },
    )
    if (!mapping) throw errors.linkInvalid()
    const provider = await tx.one(sql<{ id: string; name: string; defaultRole: 'member' | 'viewer' }>`
      select id, provider_name as name, default_role
      from federation.iam_providers
      where tenant_id = ${tenantId}
        and id = ${mapping.providerId}`)
    if (!(await isMember(app, tx, userId))) await takeIn(app, tx, provider, userId)
    await tellLinked(app, tx, userId, { providerName: provider.name, tenantId })
  })
}

/** The person himself takes a link back: it is his account. Needs the system scope. */
export async function unlinkOwn(app: App, client: Scope, userId: string, id: string): Promise<void> {
  const link = (await listOwnLinks(app.db.scoped({ ...client, system: true }), userId)).find(each => each.id === id)
  if (!link) throw errors.mappingNotFound({ id })
  await changeAndAnnounce(app, { ...client, system: true, tenantId: link.tenantId, userId }, async tx => {
    await endWhatCameThrough(tx, { providerId: link.providerId, userId }, 'its link was removed')
    await tx.run(sql`
      delete from federation.iam_user_mappings
      where tenant_id = ${link.tenantId}
        and id = ${id}
        and user_id = ${userId}`)
    await recordEvent(tx, {
      action: 'unlink_identity_provider',
      resource: 'federation.iam_user_mappings',
      resourceId: id,
    })
  })
}

async function tellLinked(
  app: App,
  tx: Queryable,
  userId: string,
  { providerName, tenantId }: { providerName: string; tenantId: string },
): Promise<void> {
  await recordEvent(tx, {
    action: 'link_identity_provider',
    resource: 'identity.users',
    resourceId: userId,
    details: { tenant_id: tenantId, provider: providerName },
  })
  await tellOwner(app, tx, userId, providerLinkedMail, {
    providerName,
    securityLink: linkTo(app, '/account/security'),
  })
}
