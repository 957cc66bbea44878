import { type Static, Type } from 'typebox'
import { noTenant } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { cutPage, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { errors } from './errors.ts'
import { announceTo } from './signals.ts'

/** Something that one person is told, as he sees it. */
export const Notification = Type.Object(
  {
    id: uuid,
    tenantId: nullable(Type.String({ format: 'uuid', description: 'Null where it concerns no tenant' })),
    kind: Type.String({ examples: ['members.joined'] }),
    title: Type.String(),
    message: Type.String({ description: 'Plain text; empty where the title says it all' }),
    link: nullable(Type.String({ description: 'A page of this installation' })),
    data: Type.Record(Type.String(), Type.Unknown()),
    actorId: nullable(uuid),
    actorName: nullable(Type.String()),
    read: Type.Boolean(),
    readAt: nullable(timestamp),
    createdAt: timestamp,
  },
  { title: 'Notification' },
)
export type Notification = Static<typeof Notification>

/** More are not counted: the console says 99+. */
export const mostCounted = 100

export const UnreadCount = Type.Object({
  unread: Type.Integer({ minimum: 0, maximum: mostCounted }),
  isCapped: Type.Boolean({ description: `There may be more than ${mostCounted}` }),
})
export type UnreadCount = Static<typeof UnreadCount>

export const columns = sql`
  id,
  nullif(tenant_id, ${noTenant}::uuid) as tenant_id,
  kind,
  title,
  message,
  link,
  data,
  actor_id,
  actor_name,
  read_at is not null as read,
  read_at,
  created_at`

/** Own ones of this tenant and of none, by row security, without the kinds that he does not want to see here. */
export const shown = (userId: string) => sql`
  user_id = ${userId}
  and kind not in (
    select kind
    from notifications.kind_preferences
    where user_id = ${userId}
      and not in_console
  )`

/** Of a workspace that he wants quiet nothing is counted. Only the scope's own is seen here, by row security. */
export const counted = (userId: string) => sql`
  ${shown(userId)}
  and read_at is null
  and tenant_id not in (
    select tenant_id
    from notifications.quiet_tenants
    where user_id = ${userId}
  )`

export type NotificationFilter = { state?: 'all' | 'unread' | undefined; kind?: string | undefined }

/** Newest first. */
export async function listNotifications(
  tx: Queryable,
  userId: string,
  page: NotificationFilter & { limit: number; cursor?: string },
): Promise<{ items: Notification[]; nextCursor: string | null }> {
  const { state = 'all', kind } = page
  const list = JSON.stringify(['notifications', state, kind])
  const last = readCursor(page.cursor, list, Type.Tuple([uuid]))
  const conditions = [
    shown(userId),
    ...(state === 'unread' ? [sql`read_at is null`] : []),
    ...(kind ? [sql`kind = ${kind}`] : []),
    ...(last ? [sql`id < ${last[0]}::uuid`] : []),
  ]
  const rows = await tx.run(sql<Notification>`
    select ${columns}
    from notifications.notifications
    where ${sql.join(conditions, sql` and `)}
    order by id desc
    limit ${page.limit + 1}`)
  return cutPage(rows, page.limit, list, ({ id }) => [id])
}

export async function countUnread(tx: Queryable, userId: string): Promise<UnreadCount> {
  const { unread } = await tx.one(sql<{ unread: number }>`select ${unreadCount(userId)} as unread`)
  return { unread, isCapped: unread === mostCounted }
}

export const unreadCount = (userId: string) => sql`(
  select count(*)::integer
  from (
    select
    from notifications.notifications
    where ${counted(userId)}
    limit ${mostCounted}
  ) as unread
)`

/** Marks one as read, or as unread again; to do it twice changes nothing. */
export async function markRead(tx: Queryable, userId: string, id: string, isRead: boolean): Promise<Notification> {
  const changed = await tx.maybe(sql<Notification>`
    update notifications.notifications
    set read_at = case when ${isRead} then coalesce(read_at, now()) end
    where user_id = ${userId}
      and id = ${id}
    returning ${columns}`)
  if (!changed) throw errors.notificationNotFound({ id })
  await announceTo(tx, [userId])
  return changed
}

/** Marks all as read that are not newer than `upTo`, so that none is lost which came while he looked at the list. */
export async function markAllRead(tx: Queryable, userId: string, upTo: string | undefined): Promise<number> {
  const { count } = await tx.one(sql<{ count: number }>`
    with changed as (
      update notifications.notifications
      set read_at = now()
      where ${shown(userId)}
        and read_at is null
        ${upTo === undefined ? sql`` : sql`and id <= ${upTo}::uuid`}
      returning 1
    )
    select count(*)::integer as count
    from changed`)
  if (count > 0) await announceTo(tx, [userId])
  return count
}

export async function removeNotification(tx: Queryable, userId: string, id: string): Promise<void> {
  const removed = await tx.maybe(sql`
    delete from notifications.notifications
    where user_id = ${userId}
      and id = ${id}
    returning id`)
  if (!removed) throw errors.notificationNotFound({ id })
  await announceTo(tx, [userId])
}
