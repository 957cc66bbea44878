import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { momentInWords } from '#platform/identity'
import type { Job } from '#platform/jobs'
import { linkTo, sendMail } from '#platform/mail'
import { noteExpiryMail } from '#platform/tenancy'
import { membershipEndsMail, membershipsEndMail } from './mails.ts'
import { endingDays } from './members.ts'
import { listOwners } from './owners.ts'

type Due = {
  tenantId: string
  tenantName: string
  membershipId: string
  userId: string
  email: string
  name: string
  timezone: string
  isAccountActive: boolean
  expiresAt: Date
  hasEnded: boolean
}

/** GG-04: access ends by the clock, in the statement that asks who somebody is. This job only tells, and removes nothing. */
export const tellOfExpiries: Job = {
  name: 'members.tell-of-expiries',
  description: `GG-04: tells members and owners by mail of memberships that end within ${endingDays} days or have ended, once each`,
  cron: '17 * * * *',
  async run(_data, app) {
    const due = await app.db.scoped({ system: true }).run(sql<Due>`
      select * from members.list_due_expiries(${endingDays})`)
    for (const [tenantId, ofTenant] of Map.groupBy(due, each => each.tenantId)) {
      await app.db.transaction({ tenantId, system: true }, tx => tell(app, tx, ofTenant))
    }
  },
}

async function tell(app: App, tx: Queryable, due: readonly Due[]): Promise<void> {
  const told: Due[] = []
  for (const each of due) {
    const { membershipId, expiresAt, hasEnded } = each
    // Given another end meanwhile: that one has its own time.
    if (await noteExpiryMail(tx, { membershipId, expiresAt, hasEnded })) told.push(each)
  }
  const { tenantName = '' } = due[0] ?? {}
  for (const { userId, email: to, name, timezone, expiresAt, hasEnded } of told.filter(each => each.isAccountActive)) {
    const moment = momentInWords(expiresAt, timezone)
    const values = { name, tenantName, moment, hasEnded, link: linkTo(app, '/account/workspaces') }
    await sendMail(app, tx, { to, userId, mail: membershipEndsMail, values })
  }
  if (told.length > 0) await tellOwners(app, tx, tenantName, told)
}

async function tellOwners(app: App, tx: Queryable, tenantName: string, told: readonly Due[]): Promise<void> {
  for (const { userId, email: to, name, timezone } of await listOwners(tx)) {
    const [ended, ending] = [true, false].map(hasEnded =>
      told
        .filter(each => each.hasEnded === hasEnded && each.userId !== userId)
        .map(each => [each.name, momentInWords(each.expiresAt, timezone)] as const),
    ) as [[string, string][], [string, string][]]
    if (ended.length + ending.length === 0) continue
    const values = { name, tenantName, ending, ended, link: linkTo(app, '/members') }
    await sendMail(app, tx, { to, userId, mail: membershipsEndMail, values })
  }
}
