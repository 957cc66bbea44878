import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { instantOf, wallTimeAt } from '#platform/local-times.ts'
import { linkTo, sendMail } from '#platform/mail'
import { digestMail } from './mails.ts'
import { findRecipient, settle, type Unmailed, unmailedColumns, wants } from './recipients.ts'
import { unsubscribeLinks } from './unsubscriptions.ts'

const hour = 3_600_000
const usersAtOnce = 500
/** What is told by name; the rest is counted. */
const mostNamed = 20
/** What is to be mailed at once is left to its own job for this long, ms. */
const leftAlone = hour / 6

/**
 * Each hour: one mail with what is new and unread to those whose hour has come since it happened. An hour that was missed,
 * because nothing ran, is made up for. What was mailed once is never mailed again, and nobody gets an empty mail.
 */
export const sendDigests: Job = {
  name: 'notifications.send-digests',
  description: 'Mails what is new and unread to those whose hour it is',
  cron: '5 * * * *',
  async run(_data, app) {
    const now = app.clock.now()
    let sent = 0
    for (let after = noTenant; ; ) {
      const waiting = await app.db.scoped({ system: true }).run(sql<Waiting>`
        select * from notifications.list_waiting(${after}::uuid, ${now}, ${usersAtOnce})`)
      for (const one of waiting) {
        const due = lastDigestMoment(one, now)
        if (due && one.since <= due && (await sendDigest(app, one.userId, now))) sent++
      }
      const last = waiting.at(-1)
      if (!last || waiting.length < usersAtOnce) break
      after = last.userId
    }
    if (sent > 0) app.log.info({ sent }, 'Digests sent')
  },
}

export type DigestTime = {
  timezone: string
  digest: 'daily' | 'weekly' | 'never'
  digestHour: number
  /** ISO: Monday is 1. */
  digestWeekday: number
}

type Waiting = DigestTime & { userId: string; since: Date }

/** When the person's hour was last, by his clock; undefined where he wants no digest. */
export function lastDigestMoment(time: DigestTime, now: Date): Date | undefined {
  if (time.digest === 'never') return undefined
  const zone = isKnown(time.timezone) ? time.timezone : 'UTC'
  const today = wallTimeAt(now, zone)
  // From tomorrow back: an hour that the clocks leave out or show twice may be on either side of this moment.
  for (let daysAgo = -1; daysAgo <= 8; daysAgo++) {
    const day = today.getUTCDate() - daysAgo
    const wall = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), day, time.digestHour))
    if (time.digest === 'weekly' && (wall.getUTCDay() + 6) % 7 !== time.digestWeekday - 1) continue
    const moment = instantOf(wall, zone)
    if (moment <= now) return moment
  }
  return undefined
}

const known = new Map<string, boolean>()

/** A zone that this Node does not know, because another program has written it, is no reason to send nobody a digest. */
function isKnown(timezone: string): boolean {
  const found = known.get(timezone)
  if (found !== undefined) return found
  let is = true
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    is = false
  }
  known.set(timezone, is)
  return is
}

async function sendDigest(app: App, userId: string, now: Date): Promise<boolean> {
  return await app.db.transaction({ system: true }, async tx => {
    const unmailed = await tx.run(sql<Unmailed>`
      select ${unmailedColumns}
      from notifications.notifications
      where user_id = ${userId}
        and mail_settled_at is null
        and read_at is null
        and created_at > ${now}::timestamptz - interval '15 days'
      order by created_at desc, id desc
      for update skip locked`)
    const recipient = await findRecipient(app, tx, userId)
    if (!recipient) return false
    const settled = unmailed.filter(
      ({ kind, createdAt }) =>
        recipient.channelOf(kind) !== 'at_once' || createdAt.getTime() < now.getTime() - leftAlone,
    )
    const wanted = settled.filter(one => wants(recipient, one, noTenant))
    await settle(
      tx,
      userId,
      settled.map(({ id }) => id),
    )
    if (wanted.length === 0) return false
    return await sendMail(app, tx, {
      to: recipient.email,
      userId,
      mail: digestMail,
      values: {
        items: wanted.slice(0, mostNamed).map(({ tenantId, title }) => ({
          where: recipient.places.get(tenantId)?.name ?? 'Your account',
          title,
        })),
        more: Math.max(0, wanted.length - mostNamed),
        link: linkTo(app, '/notifications'),
        preferencesLink: linkTo(app, '/account/notifications'),
        unsubscribe: unsubscribeLinks(app, userId, 'digest'),
      },
    })
  })
}
