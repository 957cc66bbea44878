import type { Module } from '#platform/module.ts'
import { registerAccessCommands } from './commands.ts'
import { roleRoutes } from './role-routes.ts'

export const accessModule = {
  name: 'access',
  schema: 'access',
  permissions: {
    'access.roles.read': {
      description: 'See the roles, what they permit, who has them, and why somebody may do something',
      roles: ['owner', 'admin'],
    },
    'access.roles.write': {
      description: 'Make and change roles, and say which one new members get',
      roles: ['owner', 'admin'],
    },
  },
  routes: [...roleRoutes],
  commands: { access: registerAccessCommands },
} satisfies Module
