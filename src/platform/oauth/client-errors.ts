import { errorTable } from '#platform/errors.ts'

export const clientErrors = errorTable('oauth', {
  clientNotFound: ['not_found', 'There is no application {id}.'],
  clientsTooMany: ['conflict', 'A workspace has {most} applications at most.'],
  redirectUriInvalid: [
    'invalid',
    'Nobody can be sent back to {uri}: it must be https://, or http:// at localhost, 127.0.0.1 or [::1], or for a public application a scheme like com.example.app:/ – without # and *, and without a name before the host.',
  ],
  grantTypesUnfit: [
    'invalid',
    'These ways to a token do not fit together: a code needs an address to send people back to, a refresh token needs a code or a device, and only a confidential application of a workspace acts for itself.',
  ],
  authMethodUnfit: [
    'invalid',
    'A public application shows itself by nothing, a confidential one by a secret, or by a key that it names once: as jwks or as jwks_uri.',
  ],
  keysInvalid: ['invalid', 'The keys must be a JSON Web Key Set of one to ten public keys, or an https:// address.'],
  nameUnseen: ['invalid', 'The name holds signs that do not show, or that turn the text round.'],
  addressInvalid: ['invalid', 'Only https:// addresses are possible here.'],
  serviceAccountNeeded: ['invalid', 'Say as which service account the application acts for itself.'],
  secretsNotTaken: ['conflict', 'This application shows itself without a secret.'],
  secretNotFound: ['not_found', 'There is no secret {id}, or it has ended.'],
  allowanceNotFound: ['not_found', 'Nothing was allowed to this application, or it was taken back.'],
  overlapInvalid: ['invalid', 'The old secret works for 0 to 720 hours beside the new one.'],
  tenantUnknown: ['not_found', 'There is no tenant {tenant}.'],
  clientOff: ['conflict', 'This application is switched off. Switch it on first.'],
  tryImpossible: ['conflict', 'Only an application to which people come back with a code can be tried here.'],
})
