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
  noFork: ['not_found', 'Checkpoint {number} says of no fork: commonhold audit verify names those that do.'],
  noCopy: [
    'conflict',
    'The log of this database is sealed as it is: there is no dump to go on from. commonhold audit state says how far.',
  ],
  entryArchived: [
    'conflict',
    'The audit entry {id} may lie in the archive {archive}, which is not at hand: bring the archive back into its folder, and ask for the proof at the command line.',
  ],
  archiveDiffers: ['conflict', 'The archive {archive} has the audit entry {id} otherwise than it was sealed.'],
  monthNotSealed: [
    'conflict',
    '{partition} is not what was sealed, as the entry {id} of tenant {tenantId} tells, and is not archived: commonhold audit verify says more.',
  ],
  erasedSinceArchived: [
    'conflict',
    '{count} people were erased from the log since the archive {archive} was written: it does not come back. It is restored beside; where it tells of one of them, only at the command line with --with-erased.',
  ],
  proofNotRead: ['not_found', 'The proof {file} cannot be read: {reason}.'],
  proofNotWritten: ['unavailable', 'The proof was not written to {file}: {reason}.'],
  exportNotWritten: ['unavailable', 'Nothing was written to {file}: {reason}.'],
  proofUnreadable: ['invalid', 'This is no proof: {reason}.'],
  proofWrong: ['conflict', 'The proof does not hold: {reason}.'],
})
