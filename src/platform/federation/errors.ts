import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('federation', {
  providerNotFound: ['not_found', 'There is no identity provider {id}.'],
  providerNameTaken: ['conflict', 'There is an identity provider with this name already.'],
  providerKnown: ['conflict', 'This client of this issuer is set up already.'],
  providersTooMany: ['conflict', 'A workspace has {most} identity providers at most.'],
  providerInactive: ['forbidden', 'This identity provider is switched off.'],
  providerUnregistered: ['conflict', 'Give the client id and the client secret first.'],
  providerRequired: [
    'conflict',
    'The security policy lets members in through an identity provider only, and this is the last one. Change the policy first.',
  ],
  providerUnfit: ['conflict', 'The check has found what has to be mended first: {fault}'],
  issuerInvalid: ['invalid', 'This is no issuer: {reason}.'],
  issuerOfMany: [
    'invalid',
    'This issuer stands for many directories, whose people would be taken for yours. Give the id of your own directory.',
  ],
  discoveryFailed: ['unavailable', 'The identity provider cannot be used: {reason}'],
  domainUnproven: ['invalid', '{domain} is not a proven domain of this workspace.'],
  domainLed: ['conflict', '{domain} leads to another identity provider already.'],
  notBegunHere: [
    'forbidden',
    'This sign-in was not begun in this browser, has been completed, or took too long. Begin again.',
  ],
  declined: ['forbidden', 'You came back from the identity provider without signing in.'],
  refused: ['forbidden', 'The answer of the identity provider cannot be verified. Ask who administers it.'],
  unavailable: ['unavailable', 'The identity provider cannot be reached now. Try again in a moment.'],
  notFresh: ['forbidden', 'The identity provider did not ask you anew. Sign out there, then confirm again.'],
  ofAnother: ['forbidden', 'That was somebody else at the identity provider.'],
  mappingDisabled: ['forbidden', 'An administrator of the workspace has closed this way in for you.'],
  addressUnverified: [
    'forbidden',
    'The identity provider does not vouch for your address, so that nobody can tell who you are here. Ask who administers it.',
  ],
  addressElsewhere: [
    'forbidden',
    'Your address does not belong to a domain of this workspace. Ask one of its administrators for an invitation.',
  ],
  addressTaken: [
    'conflict',
    'There is an account with your address, and it is not linked with this identity provider. Sign in your own way, then link it under Sign-in and security.',
  ],
  addressChanged: [
    'forbidden',
    'The identity provider tells another address of you than before. An administrator has to confirm that you are the same person.',
  ],
  notAMember: ['forbidden', 'You are not a member of this workspace any more. Ask one of its administrators.'],
  accountsNotCreated: [
    'forbidden',
    'You have no account here yet. Ask an administrator of the workspace for an invitation.',
  ],
  subjectTaken: ['conflict', 'This account of the identity provider is linked with somebody else here.'],
  userLinked: ['conflict', 'You are linked with another account of this identity provider already. Unlink that first.'],
  mappingNotFound: ['not_found', 'There is no such link with an identity provider: {id}.'],
  mappingSettled: ['conflict', 'This does not fit the state of the link any more. Look at it again.'],
  linkInvalid: ['forbidden', 'This link has been used, has expired, or is for another account.'],
  breakGlassOwnersOnly: [
    'not_found',
    'There is no such owner. Only owners can be marked: they come in when the identity provider cannot be reached.',
  ],
})
