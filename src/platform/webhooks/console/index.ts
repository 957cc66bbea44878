import type { ConsoleModule } from '#platform/console'

const read = 'webhooks.endpoints.read'

/** The pages about who else is told of what happens in a workspace. */
export const webhooksConsole: ConsoleModule = {
  name: 'webhooks',
  routes: [
    { path: '/webhooks', title: 'Webhooks', frame: 'shell', permission: read, load: () => import('./webhooks.tsx') },
    { path: '/webhooks/$id', title: 'Webhook', frame: 'shell', permission: read, load: () => import('./webhook.tsx') },
  ],
  navigation: [{ group: 'Workspace', label: 'Webhooks', to: '/webhooks', icon: 'bolt', permission: read }],
  resources: {
    'webhooks.endpoints': {
      noun: 'webhook',
      sentences: {
        insert: '{who} made the webhook {url}',
        update: '{who} changed {columns} of the webhook {url}',
        delete: '{who} deleted the webhook {url}',
      },
      columns: { url: 'address', event_types: 'events', is_enabled: 'state', secret_encrypted: 'secret' },
      technical: ['previous_secret_encrypted', 'previous_secret_until', 'created_by'],
      page: '/webhooks/$id',
    },
    'webhooks.deliveries': { noun: 'delivery of a webhook' },
  },
}
