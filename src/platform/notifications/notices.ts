import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { json, type Queryable, sql } from '#platform/database'
import { enqueue } from '#platform/jobs'
import { mailAtOnce } from './immediate-mails.ts'
import { getKind } from './kinds.ts'
import { announceTo } from './signals.ts'

export type Notice = {
  /** Whom to tell. */
  userId?: string
  userIds?: readonly string[]
  /**
   * Where it happened: its people see it there only. The scope's tenant unless told; null for what concerns the person and
   * no tenant, and is seen everywhere (also what he is told of a tenant that he cannot enter: an invitation, his removal).
   */
  tenantId?: string | null
  /** One that a module declares: `members.joined`. */
  kind: string
  /** A sentence of at most 200 characters, as it stands in the list and in the mail. */
  title: string
  /** What there is to say beyond it, plain text of at most 2,000 characters. */
  message?: string
  /** A page of the console: `/lists/…`. */
  link?: `/${string}`
  /** For programs: ids of what it is about. */
  data?: Readonly<Record<string, unknown>>
}

/** Jobs and signals carry so many ids. */
const portion = 200

/**
 * Tells people something if, and only if, `tx` commits: it stands in their lists, open consoles show it at once, and it is
 * mailed as each of them wants it. `tx` is in the scope of who acts, who is named as the actor (leave him out of `userIds`
 * where he knows), or in the system scope. Whoever is not, or no more, in the tenant gets no mail and does not see it.
 * Refuses a kind that nobody declares.
 */
export async function notify(app: App, tx: Queryable, notice: Notice): Promise<void> {
  const { kind, title, message = '', link, data = {} } = notice
  const { hasOwnMail = false } = getKind(app, kind)
  const userIds = [...new Set([...(notice.userIds ?? []), ...(notice.userId ? [notice.userId] : [])])]
  if (userIds.length === 0) return
  const tenantId = notice.tenantId === undefined ? (tx.scope.tenantId ?? null) : notice.tenantId
  const { ids } = await tx.one(sql<{ ids: string[] }>`
    with
      told as (
        select user_id, platform.uuid_v7() as id
        from unnest(${userIds}::uuid[]) as user_id
      ),
      written as (
        insert into notifications.notifications (tenant_id, id, user_id, kind, title, message, link, data)
        select
          ${tenantId ?? noTenant}::uuid,
          id,
          user_id,
          ${kind},
          ${cut(title, 200)},
          ${cut(message, 2000)},
          ${link ?? null},
          ${json(data)}
        from told
      )
    select array_agg(id) as ids
    from told`)
  await announceTo(tx, userIds)
  if (hasOwnMail) return
  for (let from = 0; from < ids.length; from += portion) {
    const some = ids.slice(from, from + portion)
    await enqueue(tx, mailAtOnce, { notificationIds: some, ...(tenantId !== null && { tenantId }) })
  }
}

/** Titles hold names that people have chosen: a long one is cut, not refused. */
function cut(text: string, most: number): string {
  const points = [...text]
  return points.length > most ? `${points.slice(0, most - 1).join('')}…` : text
}
