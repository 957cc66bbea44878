import { errorTable } from '#platform/errors.ts'

export const keyErrors = errorTable('access', {
  serviceAccountNotFound: ['not_found', 'There is no service account {id}.'],
  serviceAccountNameTaken: ['conflict', 'There is a service account of this name already.'],
  apiKeyNotFound: ['not_found', 'There is no API key {id}, or it has been revoked.'],
  apiKeyEnded: ['conflict', 'This API key has expired or been replaced: make another one instead.'],
  apiKeyInvalid: [
    'unauthenticated',
    'This API key is unknown, has expired or has been revoked. Ask whoever runs the workspace for another one.',
  ],
  signInEnded: ['unauthenticated', 'This sign-in through the identity provider has ended. Sign in again.'],
  apiKeyExpiryInvalid: ['invalid', 'An API key expires in the future, a personal one within {days} days.'],
})
