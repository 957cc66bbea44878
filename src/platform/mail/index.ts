export { defineMail, linkTo, type MailContent, type MailDefinition } from './mails.ts'
export { sendMail } from './messages.ts'
