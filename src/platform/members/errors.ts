import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('members', {
  memberNotFound: ['not_found', 'There is no member {userId} here.'],
  membershipNotFound: ['not_found', 'You are not a member of this workspace.'],
  lastOwner: [
    'conflict',
    'Somebody must own this workspace for good: make another active member its owner, without an end, first.',
  ],
  expiryPast: ['invalid', 'The end of a membership lies ahead. To end it now, remove the member.'],
  removalOfOneself: ['conflict', 'To end your own membership, leave the workspace.'],
  organizationNotFound: ['not_found', 'There is no organization {id}.'],
  parentNotFound: ['not_found', 'There is no organization {id} to stand below.'],
  organizationNotYours: [
    'forbidden',
    'Only an administrator of this organization, or of one above it, does that, or who may change all organizations.',
  ],
  organizationBelowItself: ['conflict', 'An organization cannot stand below itself.'],
  organizationTooDeep: ['conflict', 'Organizations stand in 10 levels at most.'],
  organizationsTooMany: ['conflict', 'A workspace has 2,000 organizations at most.'],
  slugTaken: ['conflict', 'There is an organization with the slug {slug} already.'],
  settingsTooLarge: ['invalid', 'The settings of an organization take 16 kB at most.'],
  placeNotFound: ['not_found', 'The member {userId} does not belong to this organization.'],
  placeTaken: ['conflict', 'He belongs to this organization already.'],
})
