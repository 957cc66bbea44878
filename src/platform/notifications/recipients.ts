import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import type { MailChannel } from '#platform/module.ts'
import { kindsOf } from './kinds.ts'

/** A notification that may be mailed. */
export type Unmailed = {
  id: string
  tenantId: string
  kind: string
  title: string
  message: string
  link: string | null
  createdAt: Date
}

export const unmailedColumns = sql`tenant_id, id, kind, title, message, link, created_at`

export type Place = { tenantId: string; name: string; isQuiet: boolean }

/** Where a person gets mails, and how he wants each kind. */
export type Recipient = {
  email: string
  name: string
  timezone: string
  /** Any at all: a confirmed address, an open account, and mails about his workspaces wanted (MT-08). */
  wantsMails: boolean
  /** The open tenants that he is in. */
  places: ReadonlyMap<string, Place>
  channelOf(kind: string): MailChannel
}

/** Undefined where the account is gone. Needs the system scope. */
export async function findRecipient(app: App, tx: Queryable, userId: string): Promise<Recipient | undefined> {
  type Row = { email: string; name: string; timezone: string; wantsMails: boolean }
  const found = await tx.maybe(sql<Row>`select * from notifications.find_recipient(${userId})`)
  if (!found) return undefined
  const places = await listPlaces(tx, userId)
  const chosen = await tx.run(sql<{ kind: string; mail: MailChannel }>`
    select kind, mail
    from notifications.kind_preferences
    where user_id = ${userId}`)
  const channels = new Map(chosen.map(({ kind, mail }) => [kind, mail]))
  return {
    ...found,
    places: new Map(places.map(place => [place.tenantId, place])),
    channelOf: kind => {
      const declared = kindsOf(app).get(kind)
      if (!declared || declared.hasOwnMail) return 'never'
      return channels.get(kind) ?? declared.mail
    },
  }
}

/** The open tenants of a person. Needs the system scope. */
export function listPlaces(tx: Queryable, userId: string): Promise<Place[]> {
  return tx.run(sql<Place>`select * from notifications.find_places(${userId})`)
}

/** Whether it is to be mailed, in whatever way: not what happens where he is not, or wants quiet. */
export function wants(recipient: Recipient, { tenantId, kind }: Unmailed, noTenant: string): boolean {
  if (!recipient.wantsMails || recipient.channelOf(kind) === 'never') return false
  return tenantId === noTenant || recipient.places.get(tenantId)?.isQuiet === false
}

/** None of these is looked at again for a mail. */
export async function settle(tx: Queryable, userId: string, ids: readonly string[]): Promise<void> {
  await tx.run(sql`
    update notifications.notifications
    set mail_settled_at = now()
    where user_id = ${userId}
      and id = any(${ids}::uuid[])`)
}
