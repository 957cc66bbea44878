import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { linkTo } from '#platform/mail'
import { errors } from './errors.ts'
import type { GoogleAnswer } from './google.ts'
import { signInLinkedMail, signInUnlinkedMail } from './mails.ts'
import { tellOwner } from './owners.ts'
import { removeWayIn } from './ways-in.ts'

/** An account elsewhere that its owner is shown as his. */
export const ExternalIdentity = Type.Object({
  id: uuid,
  issuer: Type.String({
    description: 'Who runs it, as an OpenID Connect issuer',
    examples: ['https://accounts.google.com'],
  }),
  email: nullable(Type.String({ description: 'Its address when it was last used; never compared with anything' })),
  createdAt: timestamp,
  lastLoginAt: nullable(timestamp),
})
export type ExternalIdentity = Static<typeof ExternalIdentity>

/** Needs the system scope, as do all here. */
export function listExternalIdentities(tx: Queryable, userId: string): Promise<ExternalIdentity[]> {
  return tx.run(sql<ExternalIdentity>`
    select id, issuer, email, created_at, last_login_at
    from identity.external_identities
    where user_id = ${userId}
    order by created_at, id`)
}

/** Whose it is: by issuer and subject, never by address (MT-07). Whether he may come in is told by his account. */
export async function findUserByExternalIdentity(
  tx: Queryable,
  issuer: string,
  subject: string,
): Promise<string | undefined> {
  const found = await tx.maybe(sql<{ userId: string }>`
    select identity.user_id
    from identity.external_identities as identity
    join identity.users as account
      on account.id = identity.user_id
    where identity.issuer = ${issuer}
      and identity.subject = ${subject}
      and account.deleted_at is null`)
  return found?.userId
}

/**
 * Who an answer of Google is here. Nobody is found by an address, for it may be another's by now: where an account has
 * it, its owner is sent to sign in and link (`email_taken`). Only who has proved the address at Google is told so; an
 * address that is not verified is `unknown`, whether or not there is such an account.
 */
export async function findGoogleAccount(
  tx: Queryable,
  answer: Pick<GoogleAnswer, 'issuer' | 'subject' | 'email' | 'emailVerified' | 'name'>,
): Promise<GoogleAccount> {
  const userId = await findUserByExternalIdentity(tx, answer.issuer, answer.subject)
  if (userId) return { kind: 'linked', userId }
  const { email, emailVerified, name } = answer
  if (email === undefined || !emailVerified) return { kind: 'unknown' }
  const taken = await tx.maybe(sql`select id from identity.users where email = ${email} and deleted_at is null`)
  return taken ? { kind: 'email_taken' } : { kind: 'newcomer', email, fullName: name ?? email }
}

export type GoogleAccount =
  | { kind: 'linked'; userId: string }
  | { kind: 'email_taken' }
  | { kind: 'unknown' }
  | { kind: 'newcomer'; email: string; fullName: string }

/** Notes a sign-in, and the address that the account has by now; nothing else follows from a changed address. */
export async function recordExternalSignIn(
  tx: Queryable,
  { issuer, subject, email }: Pick<GoogleAnswer, 'issuer' | 'subject' | 'email'>,
): Promise<void> {
  await tx.run(sql`
    update identity.external_identities
    set last_login_at = now(), email = coalesce(${email ?? null}, email)
    where issuer = ${issuer}
      and subject = ${subject}`)
}

/**
 * Links an account elsewhere; that it is linked to the same user already is fine. Refuses with
 * `identity.external_identity_taken` one of another user.
 */
export async function linkExternalIdentity(
  tx: Queryable,
  linking: { userId: string; issuer: string; subject: string; email: string | undefined },
): Promise<{ id: string; isNew: boolean }> {
  const { userId, issuer, subject, email } = linking
  // A deleted user's may be linked anew (MT-02).
  await tx.run(sql`
    delete from identity.external_identities as identity
    using identity.users as account
    where identity.issuer = ${issuer}
      and identity.subject = ${subject}
      and account.id = identity.user_id
      and account.id <> ${userId}
      and account.deleted_at is not null`)
  const linked = await tx.maybe(sql<{ id: string; isNew: boolean }>`
    insert into identity.external_identities as known (user_id, issuer, subject, email)
    values (${userId}, ${issuer}, ${subject}, ${email ?? null})
    on conflict on constraint external_identities_subject_unique do update
      set email = coalesce(excluded.email, known.email)
      where known.user_id = excluded.user_id
    returning known.id, known.xmax = 0 as is_new`)
  if (!linked) throw errors.externalIdentityTaken()
  return linked
}

/** Links the Google account of an answer to who began it, tells him by mail and the audit log by an event. */
export async function linkGoogle(
  app: App,
  tx: Queryable,
  userId: string,
  answer: Pick<GoogleAnswer, 'issuer' | 'subject' | 'email'>,
): Promise<void> {
  const { id, isNew } = await linkExternalIdentity(tx, { userId, ...answer })
  if (!isNew) return
  await recordEvent(tx, { action: 'link_google', resource: 'identity.external_identities', resourceId: id })
  await tellOwner(app, tx, userId, signInLinkedMail, {
    googleEmail: answer.email,
    securityLink: linkTo(app, '/account/security'),
  })
}

/** Refuses with `identity.external_identity_not_found` what is not his, and `identity.last_way_in`. */
export async function unlinkExternalIdentity(app: App, tx: Queryable, userId: string, id: string): Promise<void> {
  const [removed] = await removeWayIn(tx, userId, () =>
    tx.run(sql<{ email: string | null }>`
      delete from identity.external_identities
      where id = ${id}
        and user_id = ${userId}
      returning email`),
  )
  if (!removed) throw errors.externalIdentityNotFound({ id })
  await recordEvent(tx, { action: 'unlink_google', resource: 'identity.external_identities', resourceId: id })
  await tellOwner(app, tx, userId, signInUnlinkedMail, {
    googleEmail: removed.email ?? undefined,
    securityLink: linkTo(app, '/account/security'),
  })
}
