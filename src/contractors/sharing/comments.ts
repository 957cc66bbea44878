import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { cutPage, dateTime, nullable, readCursor, timestamp, uuid } from '#platform/http'
import { namesOf } from '#platform/members'
import { notify } from '#platform/notifications'
import type { Guest } from './guests.ts'
import { shareErrors } from './share-errors.ts'
import { findList, findSharees } from './shares.ts'

/** What somebody says about a list, or a contractor in it. `body` is null where it was removed and answers stand below. */
export const Comment = Type.Object({
  id: uuid,
  itemId: nullable(uuid),
  parentId: nullable({ ...uuid, description: 'What it answers; answers stand one level deep' }),
  author: Type.Object({ userId: nullable(uuid), name: Type.String(), isGuest: Type.Boolean() }),
  body: nullable(Type.String()),
  mentions: Type.Array(Type.Object({ id: uuid, name: Type.String() })),
  isMine: Type.Boolean(),
  editedAt: nullable(timestamp),
  createdAt: timestamp,
})
export type Comment = Static<typeof Comment>

export const body = Type.String({ minLength: 1, maxLength: 5_000, pattern: '\\S' })

/** Of a guest; how many he writes in an hour, the database counts. */
export const guestBody = Type.String({ minLength: 1, maxLength: 2_000, pattern: '\\S' })

export const NewComment = Type.Object({
  body,
  itemId: Type.Optional(uuid),
  parentId: Type.Optional(uuid),
  mentions: Type.Optional(Type.Array(uuid, { maxItems: 20, uniqueItems: true, description: 'Who is told of it' })),
})
export type NewComment = Static<typeof NewComment>

/** Whoever looks: a member by his scope, a guest by his share. Names are read as `names` sees them. */
export type Viewer = { userId: string | undefined; shareId: string | undefined; names: Scope }

export const memberViewer = (scope: Scope): Viewer => ({ userId: scope.userId, shareId: undefined, names: scope })
export const guestViewer = ({ shareId, tenantId, sharedBy }: Guest): Viewer => ({
  userId: undefined,
  shareId,
  names: { tenantId, userId: sharedBy },
})

/** The newest first; of one contractor where `itemId` is told. */
export async function listComments(
  app: App,
  tx: Queryable,
  viewer: Viewer,
  listId: string,
  { itemId, limit, cursor }: { itemId?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ items: Comment[]; nextCursor: string | null }> {
  const fingerprint = JSON.stringify(['list-comments', listId, itemId])
  const last = readCursor(cursor, fingerprint, Type.Tuple([dateTime, uuid]))
  const rows = await tx.run<CommentRow>(sql`
    ${selectComments}
    where comment.list_id = ${listId}
      ${itemId === undefined ? sql`` : sql`and comment.item_id = ${itemId}`}
      ${last ? sql`and comment.created_at <= ${last[0]}::timestamptz and (comment.created_at < ${last[0]}::timestamptz or comment.id > ${last[1]})` : sql``}
    order by comment.created_at desc, comment.id
    limit ${limit + 1}
  `)
  const page = cutPage(rows, limit, fingerprint, row => [row.createdAt.toISOString(), row.id])
  return { ...page, items: await described(app, viewer, page.items) }
}

/** Who is mentioned is told of it; only who sees the list can be. */
export async function writeComment(app: App, scope: Scope, listId: string, comment: NewComment): Promise<Comment> {
  const mentioned = await findMentioned(app, scope, listId, comment.mentions ?? [])
  const id = await app.db.transaction(scope, async tx => {
    const list = await findList(tx, listId)
    const { mayComment } = await tx.one<{ mayComment: boolean }>(
      sql`select contractors.can_comment_list(${listId}) as may_comment`,
    )
    if (!mayComment) throw shareErrors.commentsClosed()
    const { id } = await placed(
      tx.one<{ id: string }>(sql`
        insert into contractors.contractor_list_comments (list_id, item_id, parent_id, user_id, body, mentioned_ids)
        values (
          ${listId}, ${comment.itemId ?? null}, ${comment.parentId ?? null}, platform.current_user_id(),
          ${comment.body.trim()}, ${mentioned}::uuid[]
        )
        returning id
      `),
    )
    await tellMentioned(app, tx, mentioned, { listId, listName: list.name, commentId: id, body: comment.body })
    return id
  })
  return await getComment(app, app.db.scoped(scope), memberViewer(scope), listId, id)
}

export async function writeGuestComment(tx: Queryable, guest: Guest, comment: NewComment): Promise<string> {
  if (guest.permission === 'view') throw shareErrors.shareTooWeak()
  const { id } = await placed(
    tx.one<{ id: string }>(sql`
      insert into contractors.contractor_list_comments (list_id, item_id, parent_id, share_id, guest_email, body)
      values (
        ${guest.listId}, ${comment.itemId ?? null}, ${comment.parentId ?? null}, ${guest.shareId}, ${guest.email},
        ${comment.body.trim()}
      )
      returning id
    `),
  )
  return id
}

/** One's own alone. Who is mentioned in it only now is told. */
export async function editComment(
  app: App,
  scope: Scope,
  listId: string,
  id: string,
  change: Pick<NewComment, 'body' | 'mentions'>,
): Promise<Comment> {
  const mentioned = change.mentions && (await findMentioned(app, scope, listId, change.mentions))
  await app.db.transaction(scope, async tx => {
    const list = await findList(tx, listId)
    const before = await tx.maybe<{ mentionedIds: string[] }>(sql`
      select mentioned_ids
      from contractors.contractor_list_comments
      where list_id = ${listId}
        and id = ${id}
        and user_id = platform.current_user_id()
        and body is not null
      for update
    `)
    if (!before) throw await refusalOf(tx, listId, id)
    await tx.run(sql`
      update contractors.contractor_list_comments
      set
        body = ${change.body.trim()},
        edited_at = now()
        ${mentioned ? sql`, mentioned_ids = ${mentioned}::uuid[]` : sql``}
      where list_id = ${listId}
        and id = ${id}
    `)
    const added = (mentioned ?? []).filter(userId => !before.mentionedIds.includes(userId))
    await tellMentioned(app, tx, added, { listId, listName: list.name, commentId: id, body: change.body })
  })
  return await getComment(app, app.db.scoped(scope), memberViewer(scope), listId, id)
}

export async function editGuestComment(tx: Queryable, guest: Guest, id: string, text: string): Promise<void> {
  const edited = await tx.maybe(sql`
    update contractors.contractor_list_comments
    set body = ${text.trim()}, edited_at = now()
    where list_id = ${guest.listId}
      and id = ${id}
      and share_id = ${guest.shareId}
      and body is not null
    returning id
  `)
  if (!edited) throw await refusalOf(tx, guest.listId, id)
}

/** One's own, or any in a list of one's own. With answers below it an empty place stays. `tx` is a transaction. */
export async function removeComment(tx: Queryable, listId: string, id: string, guest?: Guest): Promise<void> {
  const mine = guest
    ? sql`share_id = ${guest.shareId}`
    : sql`(user_id = platform.current_user_id() or contractors.owns_list(list_id))`
  // First, so that no answer comes between looking for one and removing: it would go too.
  await tx.run(sql`
    select
    from contractors.contractor_list_comments
    where list_id = ${listId}
      and id = ${id}
      and ${mine}
    for update
  `)
  const emptied = await tx.maybe(sql`
    update contractors.contractor_list_comments as comment
    set body = null
    where comment.list_id = ${listId}
      and comment.id = ${id}
      and ${mine}
      and exists (
        select
        from contractors.contractor_list_comments as answer
        where answer.tenant_id = comment.tenant_id
          and answer.parent_id = comment.id
      )
    returning comment.id
  `)
  if (emptied) return
  const removed = await tx.maybe(sql`
    delete from contractors.contractor_list_comments
    where list_id = ${listId}
      and id = ${id}
      and ${mine}
    returning id
  `)
  if (!removed) throw await refusalOf(tx, listId, id)
}

/** Who sees a list and can be mentioned there: its owner, whom it is shared with, and all where it is public. */
export async function findReaders(app: App, scope: Scope, listId: string, q: string) {
  const known = await readersOf(app.db.reads(scope), listId)
  const found = await findSharees(app, scope, q)
  return known === 'all' ? found : found.filter(({ userId }) => known.has(userId))
}

export async function getComment(
  app: App,
  tx: Queryable,
  viewer: Viewer,
  listId: string,
  id: string,
): Promise<Comment> {
  const rows = await tx.run<CommentRow>(sql`
    ${selectComments}
    where comment.list_id = ${listId}
      and comment.id = ${id}
  `)
  const [comment] = await described(app, viewer, rows)
  if (!comment) throw shareErrors.commentNotFound({ id })
  return comment
}

async function findMentioned(app: App, scope: Scope, listId: string, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return []
  const readers = await readersOf(app.db.reads(scope), listId)
  const colleagues = await namesOf(app, scope, userIds)
  if (userIds.some(id => !colleagues.has(id) || (readers !== 'all' && !readers.has(id)))) {
    throw shareErrors.mentionedUnknown()
  }
  return userIds.filter(id => id !== scope.userId)
}

/** As far as the user may know: the definer's function tells ids alone, to who sees the list. */
async function readersOf(tx: Queryable, listId: string): Promise<'all' | Set<string>> {
  await findList(tx, listId)
  const { isPublic, userIds } = await tx.one<{ isPublic: boolean; userIds: string[] }>(sql`
    select is_public, user_ids
    from contractors.list_readers(${listId})
  `)
  return isPublic ? 'all' : new Set(userIds)
}

async function tellMentioned(
  app: App,
  tx: Queryable,
  userIds: readonly string[],
  about: { listId: string; listName: string; commentId: string; body: string },
): Promise<void> {
  const { listId, listName, commentId, body } = about
  if (userIds.length === 0) return
  await notify(app, tx, {
    userIds,
    kind: 'contractors.mentioned',
    title: `${tx.scope.userName ?? 'A colleague'} mentioned you in the list “${listName}”`,
    message: body.trim().slice(0, 500),
    link: `/lists/${listId}`,
    data: { listId, commentId },
  })
}

function placed<T>(writing: Promise<T>): Promise<T> {
  return onViolation(writing, {
    contractor_list_comments_item_id_fkey: shareErrors.commentPlaceUnknown,
    contractor_list_comments_parent_id_fkey: shareErrors.commentPlaceUnknown,
  })
}

async function refusalOf(tx: Queryable, listId: string, id: string): Promise<Error> {
  const seen = await tx.maybe<{ isRemoved: boolean }>(sql`
    select body is null as is_removed
    from contractors.contractor_list_comments
    where list_id = ${listId}
      and id = ${id}
  `)
  if (!seen) return shareErrors.commentNotFound({ id })
  return seen.isRemoved ? shareErrors.commentRemoved() : shareErrors.commentNotYours()
}

type CommentRow = {
  id: string
  itemId: string | null
  parentId: string | null
  userId: string | null
  shareId: string | null
  guestEmail: string | null
  body: string | null
  mentionedIds: string[]
  editedAt: Date | null
  createdAt: Date
}

const selectComments = sql`
  select
    comment.id, comment.item_id, comment.parent_id, comment.user_id, comment.share_id, comment.guest_email, comment.body,
    comment.mentioned_ids, comment.edited_at, comment.created_at
  from contractors.contractor_list_comments as comment
`

async function described(app: App, viewer: Viewer, rows: readonly CommentRow[]): Promise<Comment[]> {
  const names = await namesOf(
    app,
    viewer.names,
    rows.flatMap(({ userId, mentionedIds }) => [userId, ...mentionedIds]),
  )
  // Whoever is outside gets no addresses of those inside.
  const nameOf = (userId: string) => {
    const found = names.get(userId)
    return found?.fullName ?? (viewer.shareId === undefined ? found?.email : undefined) ?? 'Somebody'
  }
  return rows.map(row => ({
    id: row.id,
    itemId: row.itemId,
    parentId: row.parentId,
    author: {
      userId: row.userId,
      name: row.userId !== null ? nameOf(row.userId) : guestShown(row, viewer),
      isGuest: row.guestEmail !== null,
    },
    body: row.body,
    mentions: row.mentionedIds.map(id => ({ id, name: nameOf(id) })),
    isMine: row.userId !== null ? row.userId === viewer.userId : row.shareId !== null && row.shareId === viewer.shareId,
    editedAt: row.editedAt,
    createdAt: row.createdAt,
  }))
}

/** Guests do not learn of each other who they are. */
function guestShown({ guestEmail, shareId }: CommentRow, viewer: Viewer): string {
  if (guestEmail === null) return 'Somebody who has left'
  return viewer.shareId === undefined || viewer.shareId === shareId ? guestEmail : 'A guest'
}
