import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { notificationMail } from './mails.ts'
import { findRecipient, settle, type Unmailed, unmailedColumns, wants } from './recipients.ts'
import { unsubscribeLinks } from './unsubscriptions.ts'

/** Mails new notifications to those who want them at once; for the others they wait for the digest. */
export const mailAtOnce: Job<{ notificationIds: readonly string[]; tenantId?: string }> = {
  name: 'notifications.mail-at-once',
  description: 'Mails notifications to those who want to be told at once',
  async run({ notificationIds, tenantId = noTenant }, app) {
    const waiting = await app.db.scoped({ system: true }).run(sql<{ id: string; userId: string }>`
      select id, user_id
      from notifications.notifications
      where tenant_id = ${tenantId}
        and id = any(${notificationIds}::uuid[])
        and mail_settled_at is null
        and read_at is null`)
    for (const { id, userId } of waiting) await mailOne(app, tenantId, id, userId)
  },
}

async function mailOne(app: App, tenantId: string, id: string, userId: string): Promise<void> {
  await app.db.transaction({ system: true }, async tx => {
    // Under its lock: the digest, or this job run twice, finds it settled.
    const notification = await tx.maybe(sql<Unmailed>`
      select ${unmailedColumns}
      from notifications.notifications
      where tenant_id = ${tenantId}
        and id = ${id}
        and mail_settled_at is null
        and read_at is null
      for update`)
    const recipient = notification && (await findRecipient(app, tx, userId))
    if (!recipient) return
    if (!wants(recipient, notification, noTenant)) return await settle(tx, userId, [id])
    if (recipient.channelOf(notification.kind) !== 'at_once') return
    const { title, message, link, kind } = notification
    const isSent = await sendMail(app, tx, {
      to: recipient.email,
      userId,
      mail: notificationMail,
      values: {
        title,
        message,
        tenantName: recipient.places.get(tenantId)?.name,
        link: linkTo(app, (link ?? '/notifications') as `/${string}`),
        preferencesLink: linkTo(app, '/account/notifications'),
        unsubscribe: unsubscribeLinks(app, userId, kind),
      },
    })
    // An inbox gets five of these an hour: what is more comes with the digest.
    if (isSent) await settle(tx, userId, [id])
  })
}
