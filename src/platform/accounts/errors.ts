import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('accounts', {
  credentialsWrong: ['unauthenticated', 'E-mail address or password is wrong.'],
  sessionEnded: ['unauthenticated', 'This session has ended. Sign in again.'],
  notAMember: ['forbidden', 'You are not a member of this tenant.'],
  tenantSuspended: ['forbidden', 'This tenant is suspended. Its data is safe; ask its owner or the operator.'],
  signUpClosed: ['forbidden', 'Sign-up is closed here. Ask an administrator for an invitation.'],
  setupLinkInvalid: ['forbidden', 'This link has been used or has expired. Start the server again to get a new one.'],
})
