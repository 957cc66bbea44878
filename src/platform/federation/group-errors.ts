import { errorTable } from '#platform/errors.ts'

export const groupErrors = errorTable('federation', {
  groupMappingNotFound: ['not_found', 'There is no group mapping {id}.'],
  groupMappingTaken: ['conflict', 'The group {group} gives a role already.'],
  groupOfEverybody: [
    'invalid',
    'Everybody is in the group {group}, or it is a pattern: such a group gives no role. Name one group that its people were put into.',
  ],
  groupInOtherForm: ['invalid', 'The groups of this provider have another form: {format}.'],
  groupMappingsTooMany: ['conflict', 'A provider has {most} group mappings at most.'],
  mappedRoleNotFound: ['not_found', 'There is no role {id}.'],
  roleMapped: ['conflict', 'Groups of an identity provider give this role. Remove their mappings first.'],
  roleOfGroup: [
    'conflict',
    'The group {group} of {provider} gives this role, and the next sync would give it again. Remove the person from the group there, or the group’s mapping.',
  ],
  providerAmbiguous: ['invalid', 'Several identity providers have the name {name}. Give one of these ids: {ids}.'],
  roleProposalNotFound: ['not_found', 'There is no proposal {id}, or its person has left the group.'],
  syncRunNotFound: ['not_found', 'There is no sync run {id}, or it is older than 90 days.'],
  syncRunning: ['conflict', 'A sync of this provider is running already.'],
  syncOfInactive: ['conflict', 'This provider is switched off. Switch it on first.'],
  nothingToRetry: ['conflict', 'This run is still going on, or nobody of it failed.'],
})
