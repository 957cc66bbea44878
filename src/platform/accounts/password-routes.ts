import { Type } from 'typebox'
import { requireFresh, requireOwnSignIn, route } from '#platform/http'
import { PasswordRules } from '#platform/identity'
import { getPasswordRules, setPasswordRules } from '#platform/tenancy'
import { email, newPassword, refusedEmails, refusedPasswords, token } from './inputs.ts'
import {
  askPasswordReset,
  changeOwnPassword,
  describePasswordReset,
  getPasswordState,
  PasswordState,
  resetPassword,
} from './password-changes.ts'
import { countPasswordAges } from './password-rules.ts'

/** Requests a minute: each may send a mail, or hashes a password several times. */
const attempts = 10

export const passwordRoutes = [
  route({
    method: 'POST',
    path: '/auth/forgot-password',
    allow: 'public',
    summary: 'Ask for a link for a new password',
    description:
      'Sends the link by mail, if the address has an active account. The answer is the same if not. It works once, for 30 minutes; an earlier one stops working.',
    body: Type.Object({ email }),
    refusals: refusedEmails,
    response: Type.Object({}),
    status: 202,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      await askPasswordReset(app, scope, body.email)
      return {}
    },
  }),
  route({
    method: 'POST',
    path: '/auth/reset-password',
    allow: 'public',
    summary: 'Choose a new password by a link',
    description:
      'Takes the secret of the link. All sessions of the account end; it does not sign in. A refused password leaves the link usable.',
    body: Type.Object({ token, password: newPassword }),
    refusals: [
      'accounts.reset_link_invalid',
      'accounts.password_changed_meanwhile',
      'identity.password_reused',
      ...refusedPasswords,
    ],
    response: Type.Null(),
    status: 204,
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      await resetPassword(app, scope, body)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/auth/reset-password/check',
    allow: 'public',
    summary: 'What a link for a new password is for',
    description: 'Whose password it sets and what that must be. The link stays usable.',
    body: Type.Object({ token }),
    refusals: ['accounts.reset_link_invalid'],
    response: Type.Object({ email: Type.String(), rules: PasswordRules }),
    rateLimit: attempts,
    async handle({ body, scope }, app) {
      return await describePasswordReset(app, scope, body.token)
    },
  }),
  route({
    method: 'GET',
    path: '/me/password',
    allow: 'session',
    summary: 'How old my password is, and what it must be',
    response: PasswordState,
    async handle({ principal, scope }, app) {
      return await getPasswordState(app, scope, principal.userId)
    },
  }),
  route({
    method: 'POST',
    path: '/me/password',
    allow: 'session',
    summary: 'Change my password',
    description:
      'Needs the current one; without one, a sign-in of the last 10 minutes. All other sessions end. Wrong current passwords are counted as at sign-in.',
    body: Type.Object({
      currentPassword: Type.Optional(Type.String({ maxLength: 1024, description: 'Needed where there is one' })),
      newPassword,
    }),
    refusals: [
      'accounts.current_password_wrong',
      'accounts.passwords_resting',
      'accounts.too_many_failures',
      'accounts.password_changed_meanwhile',
      'http.step_up_required',
      'http.own_sign_in_required',
      'identity.password_reused',
      ...refusedPasswords,
    ],
    response: Type.Null(),
    status: 204,
    rateLimit: attempts,
    // A fast hash of the passwords would be kept for `Idempotency-Key`, and could be guessed at.
    secret: true,
    async handle({ body, principal, scope }, app) {
      const { userId, sessionId } = principal
      const { isSet } = await getPasswordState(app, scope, userId)
      if (!isSet) {
        requireOwnSignIn(principal)
        requireFresh(app, principal)
      }
      await changeOwnPassword(app, scope, { userId, sessionId, currentPassword: body.currentPassword, ...body })
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/tenant/password-rules',
    allow: 'tenancy.security.read',
    summary: 'What the passwords of the members must be',
    response: PasswordRules,
    etag: true,
    async handle({ scope }, app) {
      return await getPasswordRules(app.db.reads(scope))
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/password-rules',
    allow: 'tenancy.security.write',
    summary: 'Set what the passwords of the members must be',
    description:
      'Holds from the next new password on; an expiry from the next sign-in. Who is a member of several tenants meets the strictest of each rule.',
    body: PasswordRules,
    response: PasswordRules,
    fresh: true,
    conditional: true,
    etag: true,
    async handle({ body, ifMatch, scope }, app) {
      return await app.db.transaction(scope, tx => setPasswordRules(tx, body, ifMatch))
    },
  }),
  route({
    method: 'GET',
    path: '/tenant/password-ages',
    allow: 'tenancy.security.read',
    summary: 'How many members an expiry of passwords would affect',
    query: Type.Object({ days: Type.Integer({ minimum: 1, maximum: 3650, description: 'The age in question' }) }),
    response: Type.Object({
      members: Type.Integer({ description: 'Active members' }),
      withPassword: Type.Integer({ description: 'Of them, those that have a password' }),
      older: Type.Integer({ description: 'Of those, the ones whose password is older' }),
    }),
    async handle({ query, scope }, app) {
      return await countPasswordAges(app.db.reads({ ...scope, system: true }), query.days)
    },
  }),
]
