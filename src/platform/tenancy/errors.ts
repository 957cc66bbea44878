import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('tenancy', {
  policyUnfit: ['invalid', 'The policy is not valid; `errors` lists where and why.'],
  nameMistyped: ['invalid', 'This is not the name of the tenant.'],
  deletionRequested: ['conflict', 'This tenant waits for its deletion already.'],
  deletionRefused: ['conflict', 'Only an active tenant can be deleted by its owner.'],
  deletionNotWaiting: [
    'conflict',
    'There is no deletion to cancel: none was requested, or the removal has begun and nothing brings the tenant back.',
  ],
  rowsLeft: ['unavailable', 'Rows of the tenant {tenantId} cannot be removed: {reason}'],
  certificateUnknown: ['not_found', 'No tenant with the id {id} has been deleted here.'],
  templateUnknown: ['invalid', 'There is no template {name}.'],
  tenantNotFound: ['not_found', 'There is no tenant {id}.'],
  slugTaken: ['conflict', 'The address {slug} is taken, or was another workspace’s within the last 30 days.'],
  slugReserved: ['invalid', 'The address {slug} is reserved. Choose another one.'],
  slugsHeld: [
    'conflict',
    'This workspace has left {most} addresses within the last 30 days. Wait until one of them is free, or take one back.',
  ],
  statusUnchanged: ['conflict', 'This tenant is {status} already.'],
  statusRefused: ['conflict', 'This tenant waits for its deletion: that has to be cancelled first.'],
  featureOff: ['forbidden', '{feature} is switched off in this workspace.'],
  featureUnknown: ['invalid', 'There is no feature {name}.'],
  featureTaken: ['forbidden', '{feature} is not part of what this workspace may use.'],
})
