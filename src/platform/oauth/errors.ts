import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('oauth', {
  issuerNotFound: ['not_found', 'There is no workspace {slug} here, or it is closed.'],
  interactionNotFound: [
    'not_found',
    'This request has expired, or another browser began it. Go back to the application and try again.',
  ],
  interactionSettled: ['conflict', 'This request was answered already. Go back to the application.'],
  anotherTenant: ['forbidden', 'This is asked of another workspace: name it in X-Tenant-Id.'],
  freshSignInNeeded: ['forbidden', 'The application wants to see you sign in again first.'],
  openidNeeded: ['invalid', 'The application signs you in: openid cannot be left out.'],
  scopesNotAsked: ['invalid', 'The application did not ask for {scopes}.'],
  userCodeUnknown: ['not_found', 'This code is not known, has expired, or was answered already.'],
})
