import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('accounts', {
  credentialsWrong: ['unauthenticated', 'E-mail address or password is wrong.'],
  sessionEnded: ['unauthenticated', 'This session has ended. Sign in again.'],
  notAMember: ['forbidden', 'You are not a member of this tenant.'],
  tenantSuspended: ['forbidden', 'This tenant is suspended. Its data is safe; ask its owner or the operator.'],
  signUpClosed: ['forbidden', 'Sign-up is closed here: nobody can make an account or a tenant of his own.'],
  accountUnknown: ['not_found', 'There is no account with the address {email}: its owner has to sign up first.'],
  tenantUnknown: ['not_found', 'There is no tenant with the slug {slug}.'],
  roleUnknown: ['not_found', 'The tenant {slug} has no role {role}.'],
  currentPasswordWrong: ['invalid', 'This is not your current password.'],
  passwordsResting: ['limited', 'Too many wrong passwords. Wait a while, at most 15 minutes, and try again.'],
  passwordChangedMeanwhile: [
    'conflict',
    'Your password has just been changed elsewhere. Start again with the new one.',
  ],
  resetLinkInvalid: [
    'forbidden',
    'This link has been used, has expired or was replaced by a newer one. Ask for another one.',
  ],
  setupLinkInvalid: [
    'forbidden',
    'This link has been used, has expired or was replaced by a newer one. Until there is an administrator, each start of the server prints a new one.',
  ],
})
