import { errorTable } from '#platform/errors.ts'

export const invitationErrors = errorTable('members', {
  invitationNotFound: ['not_found', 'There is no invitation {id}.'],
  invitationTwice: ['conflict', 'There is an invitation for {email} already. Send that one again instead.'],
  invitedIsMember: ['conflict', '{email} is the address of a member already.'],
  invitationsTooMany: ['conflict', 'At most {most} invitations wait at a time. Withdraw some that nobody will accept.'],
  invitationSettled: ['conflict', 'This invitation has been accepted or withdrawn.'],
  invitationUnknown: [
    'forbidden',
    'This link is none of an invitation, or was replaced by a newer one. Open the newest mail, or ask for another.',
  ],
  invitationUsed: ['forbidden', 'This invitation has been accepted already. Sign in to go on.'],
  invitationCancelled: ['forbidden', 'This invitation was withdrawn. Ask whoever invited you.'],
  invitationExpired: ['forbidden', 'This invitation has expired. Ask whoever invited you for another one.'],
  invitationVoid: [
    'forbidden',
    'Whoever sent this invitation may no longer invite to these roles. Ask an administrator of {tenant} for another one.',
  ],
  invitationForAnother: [
    'forbidden',
    'This invitation is for another address than that of your account. Sign in with the account of {email}.',
  ],
  invitationAddressUnconfirmed: ['forbidden', 'Confirm the address of your account first, then accept the invitation.'],
  invitedHasAccount: [
    'conflict',
    'There is an account with this address. Sign in with it, then accept the invitation.',
  ],
  invitationsTenantClosed: ['forbidden', '{tenant} takes nobody in at present.'],
  importInvalid: ['invalid', 'Nobody was invited, because of line {line}: {reason}'],
  importEmpty: ['invalid', 'The file has no rows below its header.'],
})
