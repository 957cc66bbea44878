import type { Module } from '#platform/module.ts'
import { registerMailCommands } from './commands.ts'
import { deliverMail } from './delivery.ts'
import { sendPutOutMail } from './messages.ts'
import { removeOldMails } from './retention.ts'
import { mailRoutes } from './routes.ts'
import { mailSettings } from './settings.ts'

export const mailModule = {
  name: 'mail',
  schema: 'mail',
  routes: mailRoutes,
  jobs: [deliverMail, sendPutOutMail, removeOldMails],
  commands: registerMailCommands,
  config: mailSettings,
} satisfies Module
