import type { Module } from '#platform/module.ts'
import { registerAccessCommands } from './commands.ts'
import { keyRoutes } from './key-routes.ts'
import { portability } from './portability.ts'
import { roleRoutes } from './role-routes.ts'
import { securityEvents } from './security-events.ts'

export const accessModule = {
  name: 'access',
  schema: 'access',
  restoration: { stays: { 'access.api_keys': 'A key that was revoked or has ended stays so' } },
  portability,
  securityEvents,
  permissions: {
    'access.roles.read': {
      description: 'See the roles, what they permit, who has them, and why somebody may do something',
      roles: ['owner', 'admin'],
    },
    'access.roles.write': {
      description: 'Make and change roles, and say which one new members get',
      roles: ['owner', 'admin'],
    },
    'access.service_accounts.read': {
      description: 'See the service accounts of the workspace, and which API keys there are',
      roles: ['owner', 'admin'],
    },
    'access.service_accounts.write': {
      description: 'Make and delete service accounts and their API keys, and revoke the keys of others',
      roles: ['owner', 'admin'],
    },
    'access.personal_keys.write': {
      description: 'Make API keys that act as oneself',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
  },
  routes: [...roleRoutes, ...keyRoutes],
  commands: { access: registerAccessCommands },
} satisfies Module
