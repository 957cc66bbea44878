import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('tenant_archives', {
  unable: ['unavailable', 'This program has no way in as the administrator of the database, which this needs.'],
  tenantUnknown: ['not_found', 'There is no tenant with the slug {slug}.'],
  tenantGoing: ['conflict', 'The removal of {slug} has begun: rows are missing already.'],
  tenantMoving: ['conflict', '{slug} is being moved to another database: finish or undo that first.'],
  outInTheWay: ['conflict', '{path} is there already and is not overwritten; name another file with --out.'],
  rejectsInTheWay: ['conflict', '{path} is there already and is not overwritten; name another file with --rejects.'],
  underWay: ['conflict', 'An export of this workspace is under way already: wait for it, or cancel it.'],
  exportNotFound: ['not_found', 'There is no such export, or its file has expired.'],
  exportTooLarge: [
    'conflict',
    'The file would have {gigabytes} GB, which is too much to be fetched from here: commonhold tenants export {slug} writes it on the server.',
  ],
  passphraseMissing: ['invalid', '{path} is sealed: name the file with its passphrase with --passphrase-file.'],
  passphraseShort: ['invalid', 'A passphrase has at least 12 characters.'],
  passphraseWrong: ['invalid', 'The passphrase is not the one of {path}, or the file was altered.'],
  notAnArchive: ['invalid', '{path} is no archive of a tenant: {reason}'],
  damaged: ['invalid', '{path} is not what was written: {reason}'],
  signedByOther: ['invalid', 'The archive is signed with the key {thumbprint}.'],
  signerUnknown: [
    'invalid',
    'The archive is signed with the key {thumbprint}, which is not one of this installation. Who signs says who was a member and what anybody did: ask where it comes from for `commonhold audit key` and name that key with --thumbprint, or take it from whomever it is with --trust-signer.',
  ],
  slugTaken: [
    'conflict',
    'The slug {slug} is taken here, or held for who had it: give the workspace another one with --slug.',
  ],
  newer: [
    'conflict',
    'The archive was written by a newer version ({version}): bring this installation up to date first.',
  ],
  tablesUnknown: ['conflict', 'This installation has no place for {what}.'],
  columnsMissing: ['conflict', 'The archive lacks values of {columns}, which have no default here.'],
  rowUnfit: ['invalid', 'Row {number} of {table} cannot be taken: {reason}'],
  rowsRefused: ['invalid', 'The rows of {table} cannot be taken: {reason}'],
  interrupted: ['conflict', 'Interrupted: nothing was changed.'],
})
