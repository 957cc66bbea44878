import { Type } from 'typebox'
import { mainApp } from '#platform/app.ts'
import { eventStreamType, idParams, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import { namesOf } from '#platform/members'
import { getBrand } from '#platform/tenancy'
import { emitEvent } from '#platform/webhooks'
import { ueiInput } from '../uei.ts'
import {
  Comment,
  editGuestComment,
  getComment,
  guestBody,
  guestViewer,
  listComments,
  NewComment,
  removeComment,
  writeGuestComment,
} from './comments.ts'
import { admitGuest, asGuest, closeLink, isStillAdmitted, OpenedList, openLink } from './guests.ts'
import { listWindowsOf } from './list-windows.ts'
import { shareErrors } from './share-errors.ts'
import {
  addSharedItem,
  getSharedList,
  ListedSharedItem,
  listSharedItems,
  removeSharedItem,
  SharedItem,
  SharedList,
  SharedRemarks,
  updateSharedItem,
} from './shared-lists.ts'

const closed = 'contractors.shared_list_closed'
const elsewhere = 'contractors.guest_address_refused'
const tooMany = 'contractors.guest_comments_too_many'
const weak = 'contractors.share_too_weak'
const itemParams = Type.Object({ id: uuid, itemId: uuid })
const commentParams = Type.Object({ id: uuid, commentId: uuid })

/** What somebody outside does with a list that a link has opened for him (GG-11). His cookie is for this one list. */
export const sharedListRoutes = [
  route({
    method: 'POST',
    path: '/shared-lists',
    allow: 'public',
    summary: 'Open a list by the secret of a link',
    description:
      'Leaves a cookie that opens this one list for eight hours. A link for one time is used up by it. A link that is wrong, has ended, was taken back or used is answered alike.',
    body: Type.Object({
      token: Type.String({ minLength: 1, maxLength: 200, description: 'What stands behind `#token=` in the link' }),
      password: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    }),
    refusals: [
      'contractors.link_unusable',
      'contractors.link_password_needed',
      'contractors.link_password_wrong',
      'contractors.link_rests',
      elsewhere,
      'contractors.not_from_here',
    ],
    secret: true,
    rateLimit: 30,
    response: OpenedList,
    async handle(request, app) {
      const { opened, cookie } = await openLink(app, request, request.body)
      return new Reply(200, opened, { cookies: [cookie] })
    },
  }),
  route({
    method: 'GET',
    path: '/shared-lists/{id}',
    allow: 'public',
    summary: 'Get a list that a link has opened',
    params: idParams,
    refusals: [closed, elsewhere],
    etag: false,
    response: SharedList,
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id)
      const { tenantId, sharedBy } = guest
      const scope = { tenantId, userId: sharedBy }
      const [brand, names] = await Promise.all([
        getBrand(mainApp(app).db.reads({ ...scope }), tenantId),
        namesOf(app, scope, [sharedBy]),
      ])
      const described = { tenantName: brand.name, sharedByName: names.get(sharedBy)?.fullName ?? 'A member' }
      return await asGuest(app, guest, tx => getSharedList(tx, guest, described))
    },
  }),
  route({
    method: 'GET',
    path: '/shared-lists/{id}/items',
    allow: 'public',
    summary: 'List the contractors in it',
    params: idParams,
    query: Type.Object(pageQuery),
    refusals: [closed, elsewhere],
    response: pageOf(ListedSharedItem),
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id)
      return await asGuest(app, guest, tx => listSharedItems(tx, guest.listId, request.query))
    },
  }),
  route({
    method: 'POST',
    path: '/shared-lists/{id}/items',
    allow: 'public',
    summary: 'Add a contractor, where the list is shared for editing',
    params: idParams,
    body: Type.Object({ uei: ueiInput }),
    refusals: [closed, elsewhere, weak, 'contractors.already_in_list', 'contractors.not_from_here'],
    status: 201,
    rateLimit: 120,
    response: SharedItem,
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      const uei = request.body.uei.toUpperCase()
      if (guest.permission !== 'edit') throw shareErrors.shareTooWeak()
      await app.db.bring(guest.scope, 'contractors.contractor_profiles', 'uei', [uei])
      return await asGuest(
        app,
        guest,
        tx => addSharedItem(tx, guest, uei),
        async (tx, item) => {
          const data = { listId: guest.listId, itemId: item.id, contractorId: item.contractor.id }
          await emitEvent(app, tx, { type: 'contractors.item.added', data })
        },
      )
    },
  }),
  route({
    method: 'PATCH',
    path: '/shared-lists/{id}/items/{itemId}',
    allow: 'public',
    summary: 'Change what is noted about a contractor, where the list is shared for editing',
    params: itemParams,
    body: SharedRemarks,
    conditional: true,
    refusals: [closed, elsewhere, weak, 'contractors.not_from_here'],
    rateLimit: 240,
    response: SharedItem,
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      const { itemId } = request.params
      return await asGuest(app, guest, tx => updateSharedItem(tx, guest, itemId, request.body, request.ifMatch))
    },
  }),
  route({
    method: 'DELETE',
    path: '/shared-lists/{id}/items/{itemId}',
    allow: 'public',
    summary: 'Take a contractor out, where the list is shared for editing',
    params: itemParams,
    refusals: [closed, elsewhere, weak, 'contractors.not_from_here'],
    status: 204,
    rateLimit: 120,
    response: Type.Null(),
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      const { itemId } = request.params
      await asGuest(
        app,
        guest,
        tx => removeSharedItem(tx, guest, itemId),
        async tx => {
          const data = { listId: guest.listId, itemId }
          await emitEvent(app, tx, { type: 'contractors.item.removed', data })
        },
      )
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/shared-lists/{id}/comments',
    allow: 'public',
    summary: 'List the comments, where the list is shared for comments',
    params: idParams,
    query: Type.Object({ ...pageQuery, itemId: Type.Optional(uuid) }),
    refusals: [closed, elsewhere],
    response: pageOf(Comment),
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id)
      return await asGuest(app, guest, tx => listComments(app, tx, guestViewer(guest), guest.listId, request.query))
    },
  }),
  route({
    method: 'POST',
    path: '/shared-lists/{id}/comments',
    allow: 'public',
    summary: 'Comment, where the list is shared for comments',
    params: idParams,
    body: Type.Object({ ...Type.Omit(NewComment, ['mentions']).properties, body: guestBody }),
    refusals: [closed, elsewhere, weak, tooMany, 'contractors.not_from_here'],
    status: 201,
    rateLimit: 60,
    response: Comment,
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      return await asGuest(app, guest, async tx => {
        const id = await writeGuestComment(tx, guest, request.body)
        return await getComment(app, tx, guestViewer(guest), guest.listId, id)
      })
    },
  }),
  route({
    method: 'PATCH',
    path: '/shared-lists/{id}/comments/{commentId}',
    allow: 'public',
    summary: 'Change a comment of your own',
    params: commentParams,
    body: Type.Object({ body: guestBody }),
    refusals: [closed, elsewhere, tooMany, 'contractors.comment_not_yours', 'contractors.not_from_here'],
    response: Comment,
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      const { commentId } = request.params
      return await asGuest(app, guest, async tx => {
        await editGuestComment(tx, guest, commentId, request.body.body)
        return await getComment(app, tx, guestViewer(guest), guest.listId, commentId)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/shared-lists/{id}/comments/{commentId}',
    allow: 'public',
    summary: 'Remove a comment of your own',
    params: commentParams,
    refusals: [closed, elsewhere, 'contractors.comment_not_yours', 'contractors.not_from_here'],
    status: 204,
    response: Type.Null(),
    async handle(request, app) {
      const guest = await admitGuest(app, request, request.params.id, true)
      await asGuest(app, guest, tx => removeComment(tx, guest.listId, request.params.commentId, guest))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/shared-lists/{id}/stream',
    allow: 'public',
    summary: 'Hear what changes in it, and who else looks at it',
    params: idParams,
    produces: eventStreamType,
    refusals: [closed, elsewhere, 'contractors.windows_too_many'],
    rateLimit: 120,
    response: Type.Any(),
    async handle(request, app) {
      const { id } = request.params
      const guest = await admitGuest(app, request, id)
      const { scope, cookies } = request
      const stream = listWindowsOf(app).open({
        key: `share:${guest.shareId}`,
        name: guest.email,
        isGuest: true,
        listId: id,
        tenantId: guest.tenantId,
        mayWatch: () => isStillAdmitted(app, { scope, cookies }, id),
        reads: app.db.reads(guest.scope),
      })
      return new Reply(200, stream)
    },
  }),
  route({
    method: 'DELETE',
    path: '/shared-lists/{id}/session',
    allow: 'public',
    summary: 'Close the list in this browser',
    params: idParams,
    refusals: ['contractors.not_from_here'],
    status: 204,
    response: Type.Null(),
    async handle(request, app) {
      return new Reply(204, null, { cookies: [await closeLink(app, request, request.params.id)] })
    },
  }),
]
