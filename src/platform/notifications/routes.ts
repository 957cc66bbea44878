import { Type } from 'typebox'
import {
  eventStreamType,
  idParams,
  oneOf,
  pageOf,
  pageQuery,
  Reply,
  requireOwnSignIn,
  route,
  uuid,
} from '#platform/http'
import {
  countUnread,
  listNotifications,
  markAllRead,
  markRead,
  Notification,
  removeNotification,
  UnreadCount,
} from './notifications.ts'
import {
  changePreferences,
  getPreferences,
  NotificationPreferences,
  NotificationPreferencesChange,
} from './preferences.ts'
import { streamsOf } from './streams.ts'
import { readUnsubscription, unsubscribe } from './unsubscriptions.ts'

const notFound = ['notifications.notification_not_found']
const token = Type.String({ minLength: 1, maxLength: 1000 })

export const notificationRoutes = [
  route({
    method: 'GET',
    path: '/notifications',
    allow: 'session',
    summary: 'List what I was told',
    description: 'In this tenant, and what concerns none, newest first.',
    query: Type.Object({
      ...pageQuery,
      state: Type.Optional(oneOf(['all', 'unread'])),
      kind: Type.Optional(Type.String({ maxLength: 100 })),
    }),
    response: pageOf(Notification),
    async handle({ query, principal, scope }, app) {
      return await listNotifications(app.db.reads(scope), principal.userId, query)
    },
  }),
  route({
    method: 'GET',
    path: '/notifications/unread-count',
    allow: 'session',
    passive: true,
    summary: 'Count what I have not read',
    description: 'Nothing is counted of a tenant that I want quiet.',
    response: UnreadCount,
    async handle({ principal, scope }, app) {
      return await countUnread(app.db.reads(scope), principal.userId)
    },
  }),
  route({
    method: 'GET',
    path: '/notifications/stream',
    allow: 'session',
    passive: true,
    summary: 'Be told as it happens',
    description:
      'Server-sent events: `notification` with what is new, each once, and `unread` with the count. Who comes again with `Last-Event-ID`, as browsers do, is told what he has missed within a day. Ends with the session and when this workspace is left or closed.',
    refusals: ['notifications.too_many_streams'],
    produces: eventStreamType,
    response: Type.Any(),
    rateLimit: 60,
    async handle({ principal, scope, headers }, app) {
      const lastEventId = headers['last-event-id']
      const known = typeof lastEventId === 'string' ? lastEventId : undefined
      return new Reply(200, await streamsOf(app).listen(principal.userId, scope, known))
    },
  }),
  route({
    method: 'POST',
    path: '/notifications/{id}/read',
    allow: 'session',
    summary: 'Mark as read',
    params: idParams,
    refusals: notFound,
    response: Notification,
    async handle({ params: { id }, principal, scope }, app) {
      return await app.db.transaction(scope, tx => markRead(tx, principal.userId, id, true))
    },
  }),
  route({
    method: 'DELETE',
    path: '/notifications/{id}/read',
    allow: 'session',
    summary: 'Mark as unread again',
    params: idParams,
    refusals: notFound,
    response: Notification,
    async handle({ params: { id }, principal, scope }, app) {
      return await app.db.transaction(scope, tx => markRead(tx, principal.userId, id, false))
    },
  }),
  route({
    method: 'POST',
    path: '/notifications/read-all',
    allow: 'session',
    summary: 'Mark all as read',
    description: 'That are not newer than `upTo`, the newest that I have seen.',
    body: Type.Object({ upTo: Type.Optional(uuid) }),
    response: Type.Object({ marked: Type.Integer() }),
    async handle({ body, principal, scope }, app) {
      return { marked: await app.db.transaction(scope, tx => markAllRead(tx, principal.userId, body.upTo)) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/notifications/{id}',
    allow: 'session',
    summary: 'Remove a notification',
    params: idParams,
    refusals: notFound,
    response: Type.Null(),
    status: 204,
    async handle({ params: { id }, principal, scope }, app) {
      await app.db.transaction(scope, tx => removeNotification(tx, principal.userId, id))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/me/notification-preferences',
    allow: 'session',
    summary: 'How I want to be told',
    response: NotificationPreferences,
    async handle({ principal, scope }, app) {
      return await getPreferences(app, app.db.reads({ ...scope, system: true }), principal.userId)
    },
  }),
  route({
    method: 'PUT',
    path: '/me/notification-preferences',
    allow: 'session',
    summary: 'Choose how I want to be told',
    description:
      'All of it: a kind that is not named is as its module declares it, a workspace that is not named not quiet.',
    body: NotificationPreferencesChange,
    refusals: [
      'notifications.kind_unknown',
      'notifications.mail_fixed',
      'notifications.tenant_unknown',
      'http.own_sign_in_required',
    ],
    response: NotificationPreferences,
    async handle({ body, principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      return await app.db.transaction({ ...scope, system: true }, tx => changePreferences(app, tx, userId, body))
    },
  }),
  route({
    method: 'GET',
    path: '/notifications/unsubscribe',
    allow: 'public',
    summary: 'Go to the page that ends mails',
    description: 'For mail programs that open the address of `List-Unsubscribe`. It changes nothing by itself.',
    query: Type.Object({ token }),
    response: Type.Null(),
    status: 303,
    async handle({ query }, app) {
      const location = `${app.publicUrl}/unsubscribe#token=${encodeURIComponent(query.token)}`
      return new Reply(303, null, { headers: { location } })
    },
  }),
  route({
    method: 'POST',
    path: '/notifications/unsubscribe',
    allow: 'public',
    summary: 'End the mails that a link in one of them stands for',
    description:
      'As mail programs do with one click (RFC 8058), without a sign-in. It ends one kind of mails, or the digest.',
    query: Type.Object({ token }),
    rawBody: { types: ['application/x-www-form-urlencoded', 'multipart/form-data'], limit: 4_096 },
    refusals: ['notifications.unsubscribe_link_invalid'],
    response: Type.Object({ ended: Type.String({ description: 'What is not mailed any more' }) }),
    rateLimit: 60,
    async handle({ query, scope }, app) {
      return { ended: await unsubscribe(app, scope, readUnsubscription(app, query.token)) }
    },
  }),
]
