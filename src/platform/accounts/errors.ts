import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('accounts', {
  credentialsWrong: ['unauthenticated', 'E-mail address or password is wrong.'],
  sessionEnded: ['unauthenticated', 'This session has ended. Sign in again.'],
  notAMember: ['forbidden', 'You are not a member of this tenant.'],
  tenantSuspended: ['forbidden', 'This tenant is suspended. Its data is safe; ask its owner or the operator.'],
  signUpClosed: ['forbidden', 'Sign-up is closed here. Ask an administrator for an invitation.'],
  accountUnknown: ['not_found', 'There is no account with the address {email}: its owner has to sign up first.'],
  tenantUnknown: ['not_found', 'There is no tenant with the slug {slug}.'],
  roleUnknown: ['not_found', 'The tenant {slug} has no role {role}.'],
  setupLinkInvalid: ['forbidden', 'This link has been used or has expired. Start the server again to get a new one.'],
})
