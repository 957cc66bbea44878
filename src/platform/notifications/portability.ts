import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  withheld: {
    'notifications.notifications.transaction_id': { reason: 'Transactions are numbered by each server' },
    'notifications.notifications.mail_settled_at': { reason: 'No mail goes out again about the past', value: 'now()' },
  },
}
