import { Type } from 'typebox'
import { sql } from '#platform/database'
import { eventStreamType, idParams, nullable, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import { namesOf } from '#platform/members'
import { Activity, ActivityFilters, listActivity } from './activity.ts'
import {
  body,
  Comment,
  editComment,
  findReaders,
  listComments,
  memberViewer,
  NewComment,
  removeComment,
  writeComment,
} from './comments.ts'
import { listWindowsOf } from './list-windows.ts'
import {
  changeShare,
  endShare,
  findList,
  findSharees,
  listShares,
  NewShare,
  renewLink,
  Share,
  ShareChanges,
  ShareFields,
  shareList,
} from './shares.ts'

const read = 'contractors.lists.read'
const share = 'contractors.shares.write'
const shareParams = Type.Object({ id: uuid, shareId: uuid })
const commentParams = Type.Object({ id: uuid, commentId: uuid })
const Person = Type.Object({ userId: uuid, fullName: nullable(Type.String()), email: Type.String() })
const q = Type.String({ minLength: 1, maxLength: 255, description: 'How a word of the name, or the address, begins' })
const sendMail = Type.Optional(Type.Boolean({ description: 'Whether the link is mailed; true unless told' }))

/** Lists shared with others, what is said and done in them, and what changes at this moment (GG-11, GG-12). */
export const shareRoutes = [
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/shares',
    allow: read,
    summary: 'List with whom a list is shared',
    description: 'Of a list of your own all shares; of another’s the one by which you see it.',
    params: idParams,
    response: Type.Object({ items: Type.Array(Share) }),
    handle: async ({ params, scope }, app) => ({ items: await listShares(app, scope, params.id) }),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/shares',
    allow: share,
    summary: 'Share a list of your own',
    description:
      'With a member by `userId`, or by `email`. Somebody outside gets a link that opens this list and nothing else; it is answered once, here. The address of a member shares with the member.',
    params: idParams,
    body: Type.Object({
      userId: Type.Optional(uuid),
      email: Type.Optional(Type.String({ minLength: 3, maxLength: 255 })),
      sendMail,
      ...ShareFields.properties,
    }),
    refusals: [
      'contractors.only_owner_shares',
      'contractors.list_archived',
      'contractors.share_twice',
      'contractors.share_with_self',
      'contractors.shares_too_many',
      'contractors.one_sharee_needed',
      'contractors.sharee_unknown',
      'contractors.share_end_past',
      'contractors.edit_needs_remarks',
      'identity.email_invalid',
      'identity.email_deceptive',
      'identity.password_common',
      'tenancy.feature_off',
    ],
    status: 201,
    secret: true,
    rateLimit: 60,
    response: NewShare,
    handle: ({ params, body: { userId, email, sendMail, ...fields }, scope }, app) =>
      shareList(app, scope, params.id, { userId, email, sendMail }, fields),
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}/shares/{shareId}',
    allow: share,
    summary: 'Change a share of a list of your own',
    description: 'Felt at the next request. Another password, or none, closes what the link has opened.',
    params: shareParams,
    body: ShareChanges,
    refusals: [
      'contractors.only_owner_shares',
      'contractors.share_not_found',
      'contractors.edit_needs_remarks',
      'contractors.share_end_past',
      'contractors.share_has_no_link',
    ],
    response: Share,
    handle: ({ params, body, scope }, app) => changeShare(app, scope, params.id, params.shareId, body),
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/shares/{shareId}/link',
    allow: share,
    summary: 'Make another link for somebody outside',
    description: 'The earlier one opens nothing any more, and what it had opened is closed.',
    params: shareParams,
    body: Type.Object({ sendMail }),
    refusals: ['contractors.only_owner_shares', 'contractors.share_not_found', 'contractors.share_has_no_link'],
    secret: true,
    rateLimit: 30,
    response: NewShare,
    handle: ({ params, body, scope }, app) => renewLink(app, scope, params.id, params.shareId, body),
  }),
  route({
    method: 'DELETE',
    path: '/contractor-lists/{id}/shares/{shareId}',
    allow: read,
    summary: 'End a share: of a list of your own, or leave another’s',
    params: shareParams,
    refusals: ['contractors.share_not_found'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await endShare(app, scope, params.id, params.shareId)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/sharees',
    allow: share,
    summary: 'Find members to share a list with',
    params: idParams,
    query: Type.Object({ q }),
    response: Type.Object({ items: Type.Array(Person) }),
    async handle({ params, query, scope }, app) {
      await findList(app.db.reads(scope), params.id)
      return { items: await findSharees(app, scope, query.q) }
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/readers',
    allow: read,
    summary: 'Find members who see a list and can be mentioned there',
    params: idParams,
    query: Type.Object({ q }),
    response: Type.Object({ items: Type.Array(Person) }),
    handle: async ({ params, query, scope }, app) => ({ items: await findReaders(app, scope, params.id, query.q) }),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/comments',
    allow: read,
    summary: 'List the comments of a list, the newest first',
    params: idParams,
    query: Type.Object({ ...pageQuery, itemId: Type.Optional(uuid) }),
    response: pageOf(Comment),
    async handle({ params, query, scope }, app) {
      const tx = app.db.reads(scope)
      await findList(tx, params.id)
      return await listComments(app, tx, memberViewer(scope), params.id, query)
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-lists/{id}/comments',
    allow: read,
    summary: 'Comment on a list, or on a contractor in it',
    params: idParams,
    body: NewComment,
    refusals: ['contractors.comments_closed', 'contractors.comment_place_unknown', 'contractors.mentioned_unknown'],
    status: 201,
    rateLimit: 60,
    response: Comment,
    handle: ({ params, body, scope }, app) => writeComment(app, scope, params.id, body),
  }),
  route({
    method: 'PATCH',
    path: '/contractor-lists/{id}/comments/{commentId}',
    allow: read,
    summary: 'Change a comment of your own',
    params: commentParams,
    body: Type.Object({ body, mentions: NewComment.properties.mentions }),
    refusals: ['contractors.comment_not_found', 'contractors.comment_not_yours', 'contractors.mentioned_unknown'],
    response: Comment,
    handle: ({ params, body, scope }, app) => editComment(app, scope, params.id, params.commentId, body),
  }),
  route({
    method: 'DELETE',
    path: '/contractor-lists/{id}/comments/{commentId}',
    allow: read,
    summary: 'Remove a comment of your own, or any in a list of your own',
    params: commentParams,
    refusals: ['contractors.comment_not_found', 'contractors.comment_not_yours'],
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await app.db.transaction(scope, async tx => {
        await findList(tx, params.id)
        await removeComment(tx, params.id, params.commentId)
      })
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/activity',
    allow: read,
    summary: 'List what was done to a list and in it, the latest first',
    params: idParams,
    query: Type.Object({ ...pageQuery, ...ActivityFilters }),
    response: pageOf(Activity),
    handle: ({ params, query: { limit, cursor, ...filters }, scope }, app) =>
      listActivity(app, scope, params.id, filters, { limit, cursor }),
  }),
  route({
    method: 'GET',
    path: '/contractor-lists/{id}/stream',
    allow: read,
    summary: 'Hear what changes in a list, and who else looks at it',
    description:
      'Server-sent events. `changed` {about}: ask again for what you show. `present` {people, count}: who else is here. It ends within five seconds after the list is not open to you any more.',
    params: idParams,
    produces: eventStreamType,
    passive: true,
    refusals: ['contractors.windows_too_many'],
    rateLimit: 120,
    response: Type.Any(),
    async handle({ params, scope, principal }, app) {
      const reads = app.db.reads(scope)
      await findList(reads, params.id)
      const names = await namesOf(app, scope, [principal.userId])
      const mayWatch = async () =>
        (await reads.maybe(sql`select id from contractors.contractor_lists where id = ${params.id}`)) !== undefined
      const stream = listWindowsOf(app).open({
        key: `user:${principal.userId}`,
        name: principal.userName,
        isAddress: !names.get(principal.userId)?.fullName,
        isGuest: false,
        listId: params.id,
        tenantId: scope.tenantId ?? '',
        mayWatch,
        reads,
      })
      return new Reply(200, stream)
    },
  }),
]
