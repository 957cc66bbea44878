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
  restoration: { stays: { 'mail.*': 'No mail goes out twice' } },
  encrypted: [
    { table: 'mail.messages', key: ['id'], column: 'content', context: 'mail.messages.content:{id}' },
    // A message within a message: what is put out in a tenant's own database waits in these until it is sent.
    ...(['jobs.job', 'jobs.outbox'] as const).map(table => ({
      table,
      key: table === 'jobs.job' ? (['name', 'id'] as const) : (['tenant_id', 'id'] as const),
      column: 'data',
      path: 'sealed',
      context: 'mail.put_out:{message_id}',
      expressions: { message_id: "t.data ->> 'messageId'" },
      where: `t.name = '${sendPutOutMail.name}'`,
      inner: { property: 'content', context: 'mail.messages.content:{message_id}' },
    })),
  ],
  routes: mailRoutes,
  jobs: [deliverMail, sendPutOutMail, removeOldMails],
  commands: registerMailCommands,
  config: mailSettings,
} satisfies Module
