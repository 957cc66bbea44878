import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { linkTo } from '#platform/mail'
import { errors } from './errors.ts'
import { kindsOf } from './kinds.ts'

const context = 'notifications.unsubscribe'
const digest = 'digest'

/** What a link in a mail ends: the mails about one kind, or the digest. */
export type Unsubscription = { userId: string; what: string }

/** The page and the address of a mail's unsubscription. They hold without an end: mails lie about for years. */
export function unsubscribeLinks(app: App, userId: string, what: string): { page: string; post: string } {
  const token = app.keyring.encrypt(JSON.stringify({ userId, what }), context)
  return {
    page: linkTo(app, '/unsubscribe', token),
    post: `${app.publicUrl}/api/v1/notifications/unsubscribe?token=${encodeURIComponent(token)}`,
  }
}

export function readUnsubscription(app: App, token: string): Unsubscription {
  try {
    return JSON.parse(app.keyring.decrypt(token, context))
  } catch (cause) {
    throw errors.unsubscribeLinkInvalid({}, cause)
  }
}

/** Ends the mails that the link stands for; nothing else of the account. Again, it changes nothing. */
export async function unsubscribe(app: App, scope: Scope, { userId, what }: Unsubscription): Promise<string> {
  await app.db.transaction({ ...scope, userId, system: true }, async tx => {
    if (what === digest) await endDigest(tx, userId)
    else await endKind(tx, userId, what)
  })
  return what === digest ? 'The digest of what is new' : (kindsOf(app).get(what)?.description ?? what)
}

/** Not where the account is gone meanwhile. */
async function endDigest(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    insert into notifications.preferences as preference (user_id, digest)
    select ${userId}::uuid, 'never'
    where exists (select from notifications.find_recipient(${userId}))
    on conflict (user_id) do update
    set digest = 'never'
    where preference.digest <> 'never'`)
}

async function endKind(tx: Queryable, userId: string, kind: string): Promise<void> {
  await tx.run(sql`
    insert into notifications.kind_preferences as preference (user_id, kind, mail)
    select ${userId}::uuid, ${kind}, 'never'
    where exists (select from notifications.find_recipient(${userId}))
    on conflict (user_id, kind) do update
    set mail = 'never'
    where preference.mail <> 'never'`)
}
