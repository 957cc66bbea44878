import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('mail', {
  addressInvalid: ['invalid', '"{address}" is not an e-mail address.'],
  linkForeign: ['invalid', 'The mail {name} has a link that does not lead here.'],
  smtpMissing: ['invalid', 'SMTP_URL is not set, so mails are kept and not sent.'],
  notDelivered: ['unavailable', 'The mail {messageId} was not delivered: {reason}'],
  notTaken: ['unavailable', 'The mail server {server} did not take the mail: {reason}'],
  recipientRefused: ['invalid', 'The mail server {server} refused {address}: {reason}'],
  messageNotFound: ['not_found', 'There is no mail {id}.'],
  mailboxClosed: ['not_found', 'There is no mailbox here.'],
})
