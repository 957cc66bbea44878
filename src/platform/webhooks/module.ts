import type { Module } from '#platform/module.ts'
import { deliverEvent } from './deliveries.ts'
import { dispatchEvent, removeOldEvents, testEvent } from './events.ts'
import { portability } from './portability.ts'
import { webhookRoutes } from './routes.ts'

export const webhooksModule = {
  name: 'webhooks',
  schema: 'webhooks',
  restoration: { stays: { 'webhooks.*': 'Nothing is sent twice, and no secret comes back that was replaced' } },
  portability,
  encrypted: ['secret_encrypted', 'previous_secret_encrypted'].map(column => ({
    table: 'webhooks.endpoints',
    key: ['tenant_id', 'id'] as const,
    column,
    context: 'webhooks.endpoints.secret:{id}',
  })),
  permissions: {
    'webhooks.endpoints.read': {
      description: 'See the webhooks, and what was sent to them',
      roles: ['owner', 'admin'],
    },
    'webhooks.endpoints.write': {
      description: 'Make, change and delete webhooks, which tell other systems of all that happens here',
      roles: ['owner', 'admin'],
    },
  },
  routes: webhookRoutes,
  jobs: [dispatchEvent, deliverEvent, removeOldEvents],
  events: { [testEvent]: 'Somebody tries a webhook out' },
  notifications: {
    'webhooks.switched_off': { description: 'A webhook of yours was switched off after failures', mail: 'at_once' },
  },
} satisfies Module
