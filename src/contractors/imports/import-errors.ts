import { errorTable } from '#platform/errors.ts'

/** Why a whole file is refused, besides what the platform says of any file: nothing of it has been taken. */
export const errors = errorTable('contractors', {
  sourceUnknown: ['invalid', 'There is no source {source}. Known are {known}.'],
  sourceInvalid: ['invalid', 'The file {file} describes no source:\n{faults}'],
  sourcesUnreadable: ['invalid', 'The folder of sources {directory} cannot be read: {reason}.'],
  columnsMissing: ['invalid', 'The file {path} is not {source} ({title}): the columns {columns} are missing.{hint}'],
  columnRepeated: ['invalid', 'The file {path} has the column {columns} more than once.'],
  samHeaderMissing: ['invalid', 'The file {path} does not begin with the BOF line of a SAM public extract.'],
  samVersionUnknown: [
    'invalid',
    'The file {path} is a SAM extract {version}, and {source} reads {wanted}. Choose the source of its version.',
  ],
  samFileCutOff: ['invalid', 'The file {path} ends without the EOF line of a SAM extract: it is cut off.'],
  fileOutdated: [
    'conflict',
    'The file {path} is of {publishedOn}. A full file of {newest} has been imported since, so there is nothing new in it.',
  ],
  importNotFound: ['not_found', 'There is no import {id}.'],
  importFileNotFound: ['not_found', 'There is no file {id} to be imported; it is kept for a day.'],
  importFileTooLarge: [
    'invalid',
    'The file is larger than {limit} MB. Import it at the command line, where there is no limit.',
  ],
  importFileGone: [
    'not_found',
    'The file {file} is no longer here: it has been imported meanwhile, or was kept for a day. Send it again.',
  ],
  importFileTaken: ['conflict', 'The file {file} is being imported already.'],
  importInterrupted: [
    'unavailable',
    'The program ended before the import did, and nothing of the file has been taken. Import it again.',
  ],
  importFileUnfinished: [
    'conflict',
    'Of the file {received} of {bytes} bytes are here: send the parts that are missing.',
  ],
  importPartMisfit: ['invalid', 'Part {number} has {bytes} bytes and should have {expected}.'],
})
