import type { Module } from '#platform/module.ts'
import { allowanceRoutes } from './allowance-routes.ts'
import { clientRoutes } from './client-routes.ts'
import { interactionRoutes } from './interaction-routes.ts'
import { issuerMount, metadataMount } from './issuer-mounts.ts'
import { registerOAuthCommands, rotateDueKeys } from './key-rotations.ts'
import { findLogouts, tellLogout } from './logouts.ts'
import { portability, restoration } from './portability.ts'
import { removeInteractions, retention } from './retention.ts'
import { securityEvents } from './security-events.ts'

export const oauthModule = {
  name: 'oauth',
  schema: 'oauth',
  restoration,
  portability,
  permissions: {
    'oauth.clients.read': {
      description: 'See the applications that may act here by OAuth, and who allowed them what',
      roles: ['owner', 'admin'],
    },
    'oauth.clients.write': {
      description: 'Make, change and delete applications that may act here by OAuth, and end what people allowed them',
      roles: ['owner', 'admin'],
    },
    'oauth.platform_clients.manage': {
      description: 'Make, change and delete the applications that every workspace knows',
      roles: [],
      forOperators: true,
    },
  },
  routes: [...clientRoutes, ...allowanceRoutes, ...interactionRoutes],
  mounts: [issuerMount, metadataMount],
  jobs: [findLogouts, tellLogout, rotateDueKeys, removeInteractions],
  commands: registerOAuthCommands,
  securityEvents,
  retention,
  encrypted: [
    {
      table: 'oauth.signing_keys',
      key: ['id'],
      column: 'private_key_encrypted',
      context: 'oauth.signing_keys.private_key:{id}',
    },
  ],
} satisfies Module
