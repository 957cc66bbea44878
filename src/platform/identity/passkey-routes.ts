import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import { Type } from 'typebox'
import { idParams, pageOf, Reply, requireOwnSignIn, route } from '#platform/http'
import { RegistrationAnswer } from './passkey-answers.ts'
import {
  addPasskey,
  listPasskeys,
  Passkey,
  removePasskey,
  renamePasskey,
  startPasskeyRegistration,
} from './passkeys.ts'

const name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['Work laptop'] })

export const passkeyRoutes = [
  route({
    method: 'GET',
    path: '/me/passkeys',
    allow: 'session',
    summary: 'My passkeys',
    description: 'All of them, the oldest first: there are at most 20.',
    response: pageOf(Passkey),
    async handle({ principal, scope }, app) {
      return { items: await listPasskeys(app.db.reads(scope), principal.userId), nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/me/passkeys/options',
    allow: 'session',
    fresh: true,
    secret: true,
    summary: 'Begin to add a passkey',
    description:
      'Give `options` to `navigator.credentials.create` and its answer, with the token, to `POST /me/passkeys` within 120 seconds. The token works once.',
    refusals: ['identity.too_many_passkeys'],
    response: Type.Object({
      options: Type.Unsafe<PublicKeyCredentialCreationOptionsJSON>({
        type: 'object',
        additionalProperties: true,
        description: '`PublicKeyCredentialCreationOptionsJSON` of WebAuthn Level 3',
      }),
      challengeToken: Type.String(),
    }),
    rateLimit: 30,
    async handle({ principal, scope }, app) {
      const userId = principal.userId
      return await startPasskeyRegistration(app, app.db.scoped({ ...scope, system: true }), userId)
    },
  }),
  route({
    method: 'POST',
    path: '/me/passkeys',
    allow: 'session',
    summary: 'Add a passkey',
    body: Type.Object({
      challengeToken: Type.String({ minLength: 1, maxLength: 200 }),
      answer: RegistrationAnswer,
      name: Type.Optional(name),
    }),
    refusals: [
      'identity.passkey_unfit',
      'identity.passkey_taken',
      'identity.too_many_passkeys',
      'http.own_sign_in_required',
    ],
    response: Passkey,
    status: 201,
    rateLimit: 30,
    async handle({ body, principal, scope }, app) {
      requireOwnSignIn(principal)
      return await addPasskey(app, scope, { ...body, name: body.name, userId: principal.userId })
    },
  }),
  route({
    method: 'PATCH',
    path: '/me/passkeys/{id}',
    allow: 'session',
    summary: 'Rename a passkey',
    params: idParams,
    body: Type.Object({ name }),
    refusals: ['identity.passkey_not_found', 'http.own_sign_in_required'],
    response: Passkey,
    async handle({ params, body, principal, scope }, app) {
      requireOwnSignIn(principal)
      return await renamePasskey(app.db.scoped({ ...scope, system: true }), principal.userId, params.id, body.name)
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/passkeys/{id}',
    allow: 'session',
    fresh: true,
    summary: 'Remove a passkey',
    params: idParams,
    refusals: ['identity.passkey_not_found', 'identity.last_way_in'],
    response: Type.Null(),
    status: 204,
    async handle({ params, principal, scope }, app) {
      const system = { ...scope, system: true }
      await app.db.transaction(system, tx => removePasskey(app, tx, principal.userId, params.id))
      return new Reply(204, null)
    },
  }),
]
