import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import { idParams, Reply, requireOwnSignIn, route } from '#platform/http'
import { avatarLimit, avatarTypes, getAvatar, makePicture, removeAvatar, setAvatar } from './avatars.ts'
import { askForEmailChange, EmailState, getEmailState, withdrawEmailChange } from './email-changes.ts'
import { ConfirmedEmail, confirmEmail } from './email-links.ts'
import { sendVerification } from './email-verifications.ts'
import { normaliseEmail } from './emails.ts'
import { changeProfile, getOwnProfile, OwnProfile, ProfileChange } from './profiles.ts'

export const profileRoutes = [
  route({
    method: 'GET',
    path: '/me/profile',
    allow: 'session',
    summary: 'What I tell about myself',
    etag: true,
    response: OwnProfile,
    async handle({ principal, scope }, app) {
      return await getOwnProfile(app.db.reads(scope), principal.userId)
    },
  }),
  route({
    method: 'PATCH',
    path: '/me/profile',
    allow: 'session',
    summary: 'Change what I tell about myself',
    description:
      'What is given is changed: lists and objects as a whole, but `emailPreferences` one by one. Null or blank text empties.',
    conditional: true,
    etag: true,
    body: ProfileChange,
    refusals: [
      'identity.username_taken',
      'identity.profile_unfit',
      'identity.timezone_unknown',
      'http.own_sign_in_required',
    ],
    response: OwnProfile,
    async handle({ body, ifMatch, principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      return await asPlatform(app, scope, tx => changeProfile(tx, userId, body, ifMatch))
    },
  }),
  route({
    method: 'PUT',
    path: '/me/avatar',
    allow: 'session',
    summary: 'Give me a picture',
    description:
      'It is made anew as WebP of 256 by 256 pixels: the middle, upright, of an animation the first frame, without place and other metadata.',
    rawBody: { types: avatarTypes, limit: avatarLimit },
    refusals: [
      'identity.picture_unreadable',
      'identity.picture_too_large',
      'identity.pictures_busy',
      'http.own_sign_in_required',
    ],
    response: Type.Object({ avatarUrl: Type.String() }),
    rateLimit: 20,
    async handle({ rawBody, principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      const picture = await makePicture(rawBody)
      return { avatarUrl: await asPlatform(app, scope, tx => setAvatar(tx, userId, picture)) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/avatar',
    allow: 'session',
    summary: 'Take my picture away',
    refusals: ['http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      await asPlatform(app, scope, tx => removeAvatar(tx, userId))
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/users/{id}/avatar',
    allow: 'session',
    summary: 'See the picture of somebody',
    description: 'Mine, and those of who works in this tenant.',
    params: idParams,
    query: Type.Object({
      v: Type.Optional(Type.String({ maxLength: 64, description: 'Another for each picture: caches keep it' })),
    }),
    refusals: ['identity.avatar_not_found'],
    produces: 'image/webp',
    response: Type.Any(),
    async handle({ params: { id }, headers, scope }, app) {
      const known = String(headers['if-none-match'] ?? '').match(/"[^"]*"/g) ?? []
      const { content, etag } = await getAvatar(app.db.reads(scope), id, known)
      const about = { etag, 'cache-control': 'private, max-age=86400' }
      if (content === null) return new Reply(304, null, { headers: about })
      return new Reply(200, content, {
        headers: {
          ...about,
          'content-type': 'image/webp',
          'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        },
      })
    },
  }),
  route({
    method: 'GET',
    path: '/me/email',
    allow: 'session',
    summary: 'My e-mail address, and whether it is to be another one',
    response: EmailState,
    async handle({ principal, scope }, app) {
      return await getEmailState(app.db.reads(scope), principal.userId)
    },
  }),
  route({
    method: 'POST',
    path: '/me/email',
    allow: 'session',
    fresh: true,
    summary: 'Ask for another e-mail address',
    description:
      'Mails with links go to the present address and to the new one; once both were used, within 24 hours, the address is changed and other sessions end. An earlier question is withdrawn. The answer does not tell whether the new address has an account.',
    body: Type.Object({ email: Type.String({ minLength: 3, maxLength: 255, examples: ['ada@example.com'] }) }),
    refusals: ['identity.email_invalid', 'identity.email_deceptive', 'identity.email_unchanged'],
    response: EmailState,
    status: 202,
    rateLimit: 10,
    async handle({ body, principal, scope }, app) {
      const { userId, sessionId } = principal
      const email = normaliseEmail(body.email)
      return await asPlatform(app, scope, async tx => {
        await askForEmailChange(app, tx, { userId, sessionId, email })
        return await getEmailState(tx, userId)
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/email',
    allow: 'session',
    summary: 'Keep the present e-mail address',
    description: 'Withdraws what `POST /me/email` has asked for: the links of its mails stop working.',
    refusals: ['http.own_sign_in_required'],
    response: Type.Null(),
    status: 204,
    async handle({ principal, scope }, app) {
      requireOwnSignIn(principal)
      const { userId } = principal
      await asPlatform(app, scope, tx => withdrawEmailChange(tx, userId))
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/me/verify-email',
    allow: 'session',
    summary: 'Send me a link to verify my e-mail address',
    description: 'It works once and for 24 hours, as long as the address is the same; an earlier one stops working.',
    refusals: ['identity.email_verified_already'],
    response: Type.Null(),
    status: 204,
    rateLimit: 5,
    async handle({ principal, scope }, app) {
      const { userId } = principal
      await asPlatform(app, scope, tx => sendVerification(app, tx, userId))
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/auth/confirm-email',
    allow: 'public',
    summary: 'Use the link of a mail about an e-mail address',
    description:
      'Of a verification, and of both mails of a change. The page of the link asks for a press of a button first.',
    body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }),
    refusals: ['identity.email_link_invalid', 'identity.email_taken_meanwhile'],
    response: ConfirmedEmail,
    rateLimit: 30,
    async handle({ body, scope }, app) {
      return await confirmEmail(app, scope, body.token)
    },
  }),
]

/** Accounts are written by the platform alone; each function says whose. */
function asPlatform<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return app.db.transaction({ ...scope, system: true }, work)
}
