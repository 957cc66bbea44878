import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('contractors', {
  exportNotFound: ['not_found', 'There is no export {id}, or it has expired.'],
  exportColumnUnknown: ['invalid', 'There is no column {column} in this export.'],
  exportSelectionUnclear: ['invalid', 'Say what to export by one of ids, search and listId; ids may narrow a list.'],
  exportSearchMalformed: ['invalid', 'The search cannot be read: {fault}.'],
  exportTooLarge: [
    'invalid',
    'A file of this format holds at most {most} rows. Narrow the search, or take another format.',
  ],
  exportTooWide: ['invalid', 'A PDF document has room for at most {most} columns.'],
  exportUnfinished: ['conflict', 'The export is not done yet.'],
  exportsTooMany: ['conflict', 'You have {most} exports already. Delete one that you no longer need.'],
  exportsUnderWay: ['conflict', '{most} of your exports are being made. Wait for one of them, or cancel it.'],
  exportRangeUnsatisfiable: ['invalid', 'The file ends before that.'],
  exportNotPermitted: ['forbidden', 'Your role does not include {what}, and so no export of them.'],
  exportGone: ['conflict', 'The export was cancelled, or somebody else works on it.'],
})
