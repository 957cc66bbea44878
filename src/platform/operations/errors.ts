import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('operations', {
  checkUnknown: ['not_found', 'There is no check {code}.'],
  alarmNotFound: ['not_found', 'There is no alarm {id}.'],
  alarmClosed: ['conflict', 'This alarm is over already.'],
  alarmNotTaken: ['unavailable', 'The server of COMMONHOLD_ALARM_URL answered {status}.'],
  taskUnknown: ['not_found', 'There is no maintenance called {task}. There are: {tasks}.'],
  maintenanceBusy: ['conflict', 'Maintenance is under way already, by {holder}. Try again when it is done.'],
  healthUnknown: ['not_found', 'There is no view {view}.'],
})
