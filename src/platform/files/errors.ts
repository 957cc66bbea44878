import { errorTable } from '#platform/errors.ts'

/** Why a whole file is refused: nothing of it has been taken. */
export const errors = errorTable('files', {
  notFound: ['not_found', 'There is no file {path}.'],
  unreadable: ['invalid', 'The file {path} cannot be read: {reason}.'],
  empty: ['invalid', 'The file {path} is empty.'],
  archive: [
    'invalid',
    'The file {path} is a ZIP archive or a workbook. Unpack it, and give the text file that is in it.',
  ],
  damaged: ['invalid', 'The compressed file {path} is damaged or cut off: {reason}.'],
  inflated: [
    'invalid',
    'The compressed file {path} unpacks to more than {times} times its size, which no file of records does. Unpack it, and look what is in it.',
  ],
  interrupted: ['unavailable', 'The import was interrupted; nothing of the file has been taken.'],
})
