import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('audit', {
  entryNotFound: ['not_found', 'There is no audit entry {id} here.'],
  rowNotFound: ['not_found', 'The audit log tells nothing of the row {id} of {resource}.'],
  notSealed: ['conflict', 'The audit entry {id} is not in a signed checkpoint yet: try again in a minute.'],
  checkpointNotFound: ['not_found', 'There is no checkpoint {number} with entries of this tenant.'],
  noAdministrator: [
    'unavailable',
    'Verification reads the entries of all tenants, and has no way in as the administrator.',
  ],
  tenantUnknown: ['not_found', 'There is no tenant {slug}.'],
  everywhereMisused: [
    'invalid',
    '--everywhere is for all tenants, and since the newest checkpoint of each database: leave out --tenant and the number.',
  ],
  numberMalformed: ['invalid', '{text} is not the number of a checkpoint.'],
  proofUnreadable: ['invalid', 'This is no proof: {reason}.'],
  proofWrong: ['conflict', 'The proof does not hold: {reason}.'],
})
