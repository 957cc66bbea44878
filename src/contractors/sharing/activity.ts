import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { namesOf } from '#platform/members'
import { findList } from './shares.ts'

const text = nullable(Type.String())

/** Something that was done to a list or in it (GG-12). */
export const Activity = Type.Object({
  id: uuid,
  createdAt: timestamp,
  action: Type.String({ examples: ['item.added', 'items.added', 'share.opened', 'comment.added'] }),
  actor: Type.Object(
    { userId: nullable(uuid), name: Type.String(), isGuest: Type.Boolean() },
    { description: 'A guest has come by a link and is named by his address' },
  ),
  contractor: nullable(Type.Object({ id: uuid, name: Type.String() })),
  count: nullable(Type.Integer({ description: 'Of what was done to several at once' })),
  changed: Type.Array(Type.String()),
  name: nullable(Type.String({ description: 'The name that the list got' })),
  isPublic: nullable(Type.Boolean()),
  permission: text,
  sharedWith: nullable(Type.String({ description: 'Whom a share is with, by name or address' })),
})
export type Activity = Static<typeof Activity>

export const ActivityFilters = {
  userId: Type.Optional({ ...uuid, description: 'What this member did' }),
  guest: Type.Optional(Type.String({ maxLength: 255, description: 'What this guest did, by his address' })),
  about: Type.Optional(
    Type.Enum(['list', 'item', 'share', 'comment'], { description: 'What was done to: the list itself, items, …' }),
  ),
}
export type ActivityFilters = {
  userId?: string | undefined
  guest?: string | undefined
  about?: 'list' | 'item' | 'share' | 'comment' | undefined
}

/** The latest first. */
export async function listActivity(
  app: App,
  scope: Scope,
  listId: string,
  filters: ActivityFilters,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: Activity[]; nextCursor: string | null }> {
  const tx = app.db.reads(scope)
  await findList(tx, listId)
  const fingerprint = JSON.stringify(['list-activity', listId, filters.userId, filters.guest, filters.about])
  const last = readCursor(page.cursor, fingerprint, Type.Tuple([dateTime, uuid]))
  const { userId, guest, about } = filters
  const rows = await tx.run<ActivityRow>(sql`
    select id, created_at, action, user_id, guest_email, item_id, metadata
    from contractors.contractor_list_activity
    where list_id = ${listId}
      ${userId === undefined ? sql`` : sql`and user_id = ${userId}`}
      ${guest === undefined ? sql`` : sql`and guest_email = ${guest.toLowerCase()}`}
      ${about === undefined ? sql`` : sql`and action = any (${actionsAbout[about]}::text[])`}
      ${last ? sql`and created_at <= ${last[0]}::timestamptz and (created_at < ${last[0]}::timestamptz or id > ${last[1]})` : sql``}
    order by created_at desc, id
    limit ${page.limit + 1}
  `)
  const cut = cutPage(rows, page.limit, fingerprint, row => [row.createdAt.toISOString(), row.id])
  return { ...cut, items: await described(app, scope, tx, cut.items) }
}

const actionsAbout = {
  list: ['list.created', 'list.updated', 'list.archived', 'list.unarchived'],
  item: [
    'item.added',
    'item.updated',
    'item.removed',
    'items.added',
    'items.updated',
    'items.removed',
    'items.reordered',
  ],
  share: ['share.added', 'share.updated', 'share.opened', 'share.removed', 'share.left'],
  comment: ['comment.added', 'comment.edited', 'comment.removed'],
} as const

type ActivityRow = {
  id: string
  createdAt: Date
  action: string
  userId: string | null
  guestEmail: string | null
  itemId: string | null
  metadata: {
    contractorId?: string
    count?: number
    changed?: string[]
    name?: string
    isPublic?: boolean
    permission?: string
    userId?: string
    email?: string
  }
}

async function described(app: App, scope: Scope, tx: Queryable, rows: readonly ActivityRow[]): Promise<Activity[]> {
  const [names, contractors] = await Promise.all([
    namesOf(
      app,
      scope,
      rows.flatMap(({ userId, metadata }) => [userId, metadata.userId ?? null]),
    ),
    contractorsOf(tx, rows),
  ])
  const nameOf = (userId: string) => names.get(userId)?.fullName ?? names.get(userId)?.email
  return rows.map(({ id, createdAt, action, userId, guestEmail, itemId, metadata }) => {
    const contractorId = metadata.contractorId ?? (itemId === null ? undefined : contractors.ofItems.get(itemId))
    const contractor = contractorId === undefined ? undefined : contractors.names.get(contractorId)
    const sharedWith = metadata.userId === undefined ? metadata.email : (nameOf(metadata.userId) ?? 'Somebody')
    return {
      id,
      createdAt,
      action,
      actor: {
        userId,
        name: userId === null ? (guestEmail ?? 'The system') : (nameOf(userId) ?? 'Somebody who has left'),
        isGuest: guestEmail !== null,
      },
      contractor:
        contractorId !== undefined && contractor !== undefined ? { id: contractorId, name: contractor } : null,
      count: metadata.count ?? null,
      changed: metadata.changed ?? [],
      name: metadata.name ?? null,
      isPublic: metadata.isPublic ?? null,
      permission: metadata.permission ?? null,
      sharedWith: sharedWith ?? null,
    }
  })
}

/** Names of the contractors that these rows are about, also by items that are still there. */
async function contractorsOf(tx: Queryable, rows: readonly ActivityRow[]) {
  const itemIds = rows.flatMap(({ itemId, metadata }) => (itemId && !metadata.contractorId ? [itemId] : []))
  const items =
    itemIds.length === 0
      ? []
      : await tx.run<{ id: string; contractorId: string }>(sql`
          select id, contractor_profile_id as contractor_id
          from contractors.contractor_list_items
          where id = any (${itemIds}::uuid[])
        `)
  const ofItems = new Map(items.map(({ id, contractorId }) => [id, contractorId]))
  const ids = [...new Set([...rows.flatMap(({ metadata }) => metadata.contractorId ?? []), ...ofItems.values()])]
  const found =
    ids.length === 0
      ? []
      : await tx.run<{ id: string; name: string }>(sql`
          select id, name
          from contractors.contractor_profiles
          where id = any (${ids}::uuid[])
        `)
  return { ofItems, names: new Map(found.map(({ id, name }) => [id, name])) }
}
