import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { json, type Queryable, sql } from '#platform/database'
import { enqueue, type Job } from '#platform/jobs'
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
  const told: Told = {
    tenantId,
    userIds,
    kind,
    title: cut(title, 200),
    message: cut(message, 2000),
    link,
    data,
    hasOwnMail,
  }
  if (!(await tx.usesOutbox?.())) return await tell(tx, told)
  const { ids } = await tx.one(sql<{ ids: string[] }>`
    select array_agg(platform.uuid_v7()) as ids
    from unnest(${userIds}::uuid[])`)
  const { userId, userName } = tx.scope
  await enqueue(tx, tellPutOut, {
    ...told,
    tenantId: tenantId ?? undefined,
    ids,
    actor: { userId, userName },
  })
}

/** What a notice comes to: `ids` are those of its rows, where they must not be made twice. */
type Told = {
  tenantId: string | null
  userIds: readonly string[]
  kind: string
  title: string
  message: string
  link: string | undefined
  data: Readonly<Record<string, unknown>>
  hasOwnMail: boolean
}

type PutOut = Omit<Told, 'tenantId'> & {
  tenantId?: string | undefined
  ids: readonly string[]
  actor: { userId?: string | undefined; userName?: string | undefined }
}

/** MT-17: of what was told in a tenant's own database, where nobody has his list. */
export const tellPutOut: Job<PutOut> = {
  name: 'notifications.tell-put-out',
  description: 'Tells people what was told in a database of tenants',
  async run({ ids, actor, tenantId, ...told }, app) {
    await app.db.transaction({ ...actor, tenantId, system: true }, tx =>
      tell(tx, { ...told, tenantId: tenantId ?? null }, ids),
    )
  },
}

async function tell(tx: Queryable, told: Told, known?: readonly string[]): Promise<void> {
  const { tenantId, userIds, kind, title, message, link, data, hasOwnMail } = told
  const { ids } = await tx.one(sql<{ ids: string[] }>`
    with
      told as (
        select user_id, ${known ? sql`id` : sql`platform.uuid_v7()`} as id
        from unnest(${userIds}::uuid[]${known ? sql`, ${known}::uuid[]` : sql``}) as told (user_id${known ? sql`, id` : sql``})
        ${known ? sql`where not exists (select from notifications.notifications as made where made.user_id = told.user_id and made.id = told.id)` : sql``}
      ),
      written as (
        insert into notifications.notifications (tenant_id, id, user_id, kind, title, message, link, data)
        select
          ${tenantId ?? noTenant}::uuid,
          id,
          user_id,
          ${kind},
          ${title},
          ${message},
          ${link ?? null},
          ${json(data)}
        from told
      )
    select coalesce(array_agg(id), '{}') as ids
    from told`)
  if (ids.length === 0) return
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
