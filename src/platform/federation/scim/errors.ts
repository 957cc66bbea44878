import { errorTable } from '#platform/errors.ts'

/** What SCIM calls `scimType` of each is in `dialect.ts`. */
export const scimErrors = errorTable('federation', {
  scimFilterInvalid: ['invalid', 'The filter cannot be read: {reason}.'],
  scimFilterTooComplex: ['invalid', 'The filter is too long or too deep: at most {most}.'],
  scimPathInvalid: ['invalid', 'The path {path} cannot be read: {reason}.'],
  scimNoTarget: ['invalid', 'The path {path} leads to nothing.'],
  scimValueInvalid: ['invalid', '{attribute} cannot have this value: {reason}.'],
  scimSyntaxInvalid: ['invalid', 'The request is not as RFC 7644 wants it: {reason}.'],
  scimReadOnly: ['invalid', '{attribute} cannot be changed.'],
  scimUserNotFound: ['not_found', 'Resource {id} not found.'],
  scimGroupNotFound: ['not_found', 'Resource {id} not found.'],
  scimSchemaNotFound: ['not_found', 'There is no schema or resource type {id}.'],
  scimProviderNotFound: ['not_found', 'There is no directory at this address.'],
  scimProviderInactive: [
    'forbidden',
    'This identity provider is switched off: nothing is taken from its directory. Switch it on in the console.',
  ],
  scimUserNameTaken: ['conflict', 'There is a user with this userName already.'],
  scimExternalIdTaken: ['conflict', 'There is a resource with this externalId already.'],
  scimPersonTaken: ['conflict', 'This person is another user of the directory already.'],
  scimDisplayNameTaken: ['conflict', 'There is a group with this displayName already.'],
  scimBulkTooMany: ['invalid', 'A bulk request holds at most {most} operations.'],
  scimBulkUnresolved: ['conflict', 'bulkId:{id} names nothing that this request has made.'],
  scimChangedMeanwhile: ['precondition_failed', 'The resource has changed since it was read. Read it again.'],
  scimTokenExpiryInvalid: ['invalid', 'A token expires in the future, within {days} days.'],
  scimTokenNotFound: ['not_found', 'There is no token {id} of this provider, or it has been revoked.'],
})
