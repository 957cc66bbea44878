import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('notifications', {
  notificationNotFound: ['not_found', 'There is no notification {id}.'],
  kindUnknown: ['invalid', 'There are no notifications of the kind {kind}.'],
  mailFixed: ['invalid', 'Mails about {kind} are sent by themselves; only its place in the console can be chosen.'],
  tenantUnknown: ['not_found', 'You are in no workspace {id}.'],
  tooManyStreams: ['limited', 'Too many windows listen already. Ask for the list from time to time instead.'],
  unsubscribeLinkInvalid: ['invalid', 'This link is not complete. Use the one in the mail as it is.'],
})
