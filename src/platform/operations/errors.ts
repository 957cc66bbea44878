import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('operations', {
  checkUnknown: ['not_found', 'There is no check {code}.'],
  alarmNotFound: ['not_found', 'There is no alarm {id}.'],
  alarmClosed: ['conflict', 'This alarm is over already.'],
  alarmNotTaken: ['unavailable', 'The server of COMMONHOLD_ALARM_URL answered {status}.'],
  taskUnknown: ['not_found', 'There is no maintenance called {task}. There are: {tasks}.'],
  maintenanceBusy: ['conflict', 'Maintenance is under way already, by {holder}. Try again when it is done.'],
  rotationBusy: ['conflict', 'Keys are being rotated already, by another program.'],
  keyUnknownElsewhere: [
    'conflict',
    '{programs} could not read what is encrypted with the key {key}. Put that key at the end of COMMONHOLD_KEYS there and restart; when all have it, put it first. One that was killed is forgotten after two minutes.',
  ],
  keyMissingHere: [
    'conflict',
    '{programs} encrypts with the key {key}, which is not among the keys of this program. Add it to COMMONHOLD_KEYS here.',
  ],
  rotationNeedsAdministrator: [
    'unavailable',
    'Keys are rotated as the administrator of the database; this program has no way in as such.',
  ],
  tableUnknown: ['not_found', 'There is no table {table} to look at.'],
  columnUnknown: ['invalid', 'The table {table} has no column {column}.'],
  columnRedacted: ['invalid', 'The values of {column} are secrets: nothing is filtered by them.'],
  valueUnfit: ['invalid', 'The value does not fit the column: {reason}'],
  rowsTooSlow: ['unavailable', 'This takes longer than five seconds. Filter by a column that has an index.'],
  rowsClosed: ['forbidden', 'The program itself may not read this table.'],
  healthUnknown: ['not_found', 'There is no view {view}.'],
  // Why stands in the list of holds, for operators: who is held may not be told.
  held: [
    'conflict',
    'A legal hold stands: nothing of it is deleted until the operators of this installation release it.',
  ],
  holdUnknown: ['not_found', 'There is no legal hold {id}.'],
  holdReleased: ['conflict', 'This legal hold was released already.'],
  holdTenantUnknown: ['not_found', 'There is no workspace {id}.'],
  holdUserUnknown: ['not_found', 'There is no account {id}.'],
  holdTooLate: ['conflict', 'The removal of this workspace has begun: it cannot be held any more.'],
  holdOfOne: ['invalid', 'A legal hold is of one workspace or of one account: name either.'],
  retentionUnknown: ['not_found', 'There is no declared retention {name}. There are: {names}.'],
  retentionBusy: ['conflict', 'Retention is under way already, by {holder}. Try again when it is done.'],
  retentionUnable: [
    'unavailable',
    'This program has no way in as the administrator of the database, which archives need.',
  ],
  archiveUnknown: ['not_found', 'There is no archive {id}.'],
  archiveFaulty: ['unavailable', 'The archive {id} is not what was written: {reason}'],
  archivesFaulty: ['unavailable', '{count} archives have faults. The first: {first}'],
  archiveElsewhere: ['not_found', 'The archive is of the database {database}, which is not known any more.'],
  archiveInTheWay: ['conflict', '{table} is there already and is not overwritten; name another table with --into.'],
  archiveTellsOfErased: [
    'conflict',
    'The archive {id} tells of people who were erased since it was written ({people} of them): out of it they could be read again. At the command line --with-erased restores it beside all the same.',
  ],
  archiveTargetUnfit: ['invalid', '{table} is no name of a table: schema.table'],
  archiveTargetRefused: [
    'conflict',
    'The table {table} cannot be made: {reason}. Name one in a schema of the program.',
  ],
  archiveTargetOther: ['conflict', '{table} has no columns {columns} any more; restore into a table of its own.'],
  erasureNotConfirmed: ['invalid', 'Nothing was erased: type {wanted} to confirm it.'],
})
