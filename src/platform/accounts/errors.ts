import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('accounts', {
  credentialsWrong: ['unauthenticated', 'E-mail address or password is wrong.'],
  tooManyFailures: [
    'limited',
    'Too many wrong passwords came from your network address. Try again in {retryAfter} seconds.',
  ],
  passwordWrong: ['forbidden', 'This is not your password.'],
  secondFactorMissing: [
    'forbidden',
    'This needs your second factor too: a code of your authenticator app, or a passkey.',
  ],
  stepEnded: ['unauthenticated', 'This sign-in took too long or has been completed. Begin again.'],
  googleUnknown: [
    'forbidden',
    'Nobody here is linked with this Google account. Sign in another way, then link it under Sign-in and security.',
  ],
  googleAddressTaken: [
    'conflict',
    'There is an account with the address of this Google account, and they are not linked. Sign in another way, then link them under Sign-in and security.',
  ],
  googleOfAnother: ['forbidden', 'This Google account is not linked with the account that is signed in.'],
  signUpLinkInvalid: [
    'forbidden',
    'This link has been used or has expired. Sign up again to get a new one, or sign in if the account is there.',
  ],
  signUpPasswordWrong: ['forbidden', 'This is not the password that was chosen when the account was asked for.'],
  oauthTokenInvalid: [
    'unauthenticated',
    'This access token is not for the API, or no longer good. Get a new one, or ask the person again.',
  ],
  sessionEnded: ['unauthenticated', 'This session has ended. Sign in again.'],
  sessionDisplaced: [
    'unauthenticated',
    'You have signed in elsewhere since, and only your newest sessions may go on. Sign in again to work here.',
  ],
  sessionTimedOut: [
    'unauthenticated',
    'This session has been idle, or has lasted, for longer than {tenant} allows. Sign in again.',
  ],
  addressRefused: ['forbidden', '{tenant} does not let its members in from your network address, {address}.'],
  secondFactorRequired: [
    'forbidden',
    '{tenant} wants a second factor of its members, and you have none yet. Set one up under Sign-in and security.',
  ],
  secondFactorUnconfirmed: [
    'forbidden',
    '{tenant} wants to be shown your second factor in every session. Confirm with it: POST /auth/step-up, or sign in again.',
  ],
  providerRequired: ['forbidden', '{tenant} lets its members in through its identity provider only. Sign in with it.'],
  providerElsewhere: [
    'forbidden',
    'You came in through the identity provider of another workspace. To work in {tenant}, sign in there or by your own password or passkey.',
  ],
  lastBreakGlass: [
    'conflict',
    'Somebody has to be able to come in when the identity provider cannot be reached: as long as it is required, one owner whose membership does not end stays marked as break-glass.',
  ],
  policyShutsOut: [
    'conflict',
    'By this policy you would shut yourself out: {reasons}. Confirm it if you mean it, or change it.',
  ],
  policyShutsOwnersOut: [
    'forbidden',
    'From where they worked last this policy would not let owners in any more: {owners}. Only an owner may set it.',
  ],
  notAMember: ['forbidden', 'You are not a member of this workspace.'],
  tenantSuspended: ['forbidden', 'This workspace is suspended. Its data is safe; ask its owner or the operator.'],
  tenantPendingDeletion: ['forbidden', 'This workspace waits for its deletion. Its owners can cancel that.'],
  signUpClosed: ['forbidden', 'Sign-up is closed here: nobody can make an account or a workspace of his own.'],
  limitInvalid: ['invalid', '{limit} is not a number of tenants.'],
  reasonInvalid: ['invalid', 'A reason has 1 to 500 characters.'],
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
  setUpFirst: [
    'forbidden',
    'Nobody can sign up before the first administrator, whose link the server printed when it started.',
  ],
  setupLinkInvalid: [
    'forbidden',
    'This link has been used, has expired or was replaced by a newer one. Until there is an administrator, each start of the server prints a new one.',
  ],
  addressMistyped: ['invalid', 'This is not the address of your account.'],
  ownerMissing: [
    'conflict',
    'Others work in {tenants}, and you are the only owner there. Make somebody else an owner first, or remove the others.',
  ],
  notAnOwner: ['forbidden', 'Only an owner of the workspace may do this.'],
  deletionByOperator: [
    'forbidden',
    'An operator of this installation has asked for this deletion, and only an operator can cancel it.',
  ],
  daysMalformed: ['invalid', 'Days are a whole number from 0 to 365: {text} is not.'],
  certificateForeign: ['invalid', 'The certificate is signed with another key: {thumbprint}.'],
  certificateOfAnother: ['invalid', 'The certificate is not about a tenant with the name {name}.'],
})
