import { Type } from 'typebox'
import { nullable, requireOwnSignIn, route, timestamp } from '#platform/http'
import { getOwner } from './owners.ts'
import { renewBackupCodes, turnOffTwoFactor, turnOnTwoFactor } from './two-factor-changes.ts'
import { findTwoFactor, startTwoFactor } from './two-factors.ts'

const TwoFactorState = Type.Object({
  isEnabled: Type.Boolean(),
  enabledAt: nullable(timestamp),
  lastUsedAt: nullable(timestamp),
  backupCodesLeft: Type.Integer(),
  backupCodesMadeAt: nullable(timestamp),
})

const BackupCodes = Type.Object({
  backupCodes: Type.Array(Type.String(), {
    description: 'Ten codes `xxxxx-xxxxx`, each works once; never shown again',
  }),
})

export const twoFactorRoutes = [
  route({
    method: 'GET',
    path: '/me/two-factor',
    allow: 'session',
    summary: 'Whether I sign in with a second factor',
    response: TwoFactorState,
    async handle({ scope, principal }, app) {
      const factor = await findTwoFactor(app.db.scoped({ ...scope, system: true }), principal.userId)
      return {
        isEnabled: factor?.isVerified ?? false,
        enabledAt: factor?.verifiedAt ?? null,
        lastUsedAt: factor?.lastVerifiedAt ?? null,
        backupCodesLeft: factor?.backupCodesLeft ?? 0,
        backupCodesMadeAt: factor?.backupCodesMadeAt ?? null,
      }
    },
  }),
  route({
    method: 'POST',
    path: '/me/two-factor',
    allow: 'session',
    summary: 'Start to set an authenticator app up',
    description:
      'It counts once a code of it is verified, within 30 minutes. Starting again replaces a set-up that was not finished.',
    response: Type.Object({
      secret: Type.String({ description: 'Base32, for typing into the app' }),
      uri: Type.String({ description: '`otpauth://totp/…`, for a QR code' }),
      expiresAt: timestamp,
    }),
    fresh: true,
    secret: true,
    refusals: ['identity.two_factor_on'],
    async handle({ scope, principal }, app) {
      const { userId } = principal
      return await app.db.transaction({ ...scope, system: true }, async tx => {
        const { email } = await getOwner(tx, userId)
        return await startTwoFactor(app, tx, { id: userId, email })
      })
    },
  }),
  route({
    method: 'POST',
    path: '/me/two-factor/verify',
    allow: 'session',
    summary: 'Turn two-factor sign-in on',
    description: 'By a code of the app. My other sessions end, and I get backup codes.',
    body: Type.Object({
      code: Type.String({ minLength: 1, maxLength: 64, description: 'Six digits', examples: ['123456'] }),
    }),
    response: BackupCodes,
    secret: true,
    refusals: [
      'identity.code_wrong',
      'identity.too_many_codes',
      'identity.two_factor_not_started',
      'identity.two_factor_on',
      'http.own_sign_in_required',
    ],
    async handle({ scope, principal, body }, app) {
      requireOwnSignIn(principal)
      const { userId, sessionId } = principal
      return { backupCodes: await turnOnTwoFactor(app, scope, { userId, sessionId, code: body.code }) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/me/two-factor',
    allow: 'session',
    summary: 'Turn two-factor sign-in off',
    response: Type.Null(),
    status: 204,
    fresh: true,
    refusals: ['identity.two_factor_off'],
    async handle({ scope, principal }, app) {
      await turnOffTwoFactor(app, scope, principal.userId)
      return null
    },
  }),
  route({
    method: 'POST',
    path: '/me/two-factor/backup-codes',
    allow: 'session',
    summary: 'Make new backup codes',
    description: 'None of the old ones works any more.',
    response: BackupCodes,
    fresh: true,
    secret: true,
    refusals: ['identity.two_factor_off'],
    async handle({ scope, principal }, app) {
      return { backupCodes: await renewBackupCodes(app, scope, principal.userId) }
    },
  }),
]
