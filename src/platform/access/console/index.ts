import type { ConsoleModule } from '#platform/console'
import { accessResources } from './resources.ts'

/** The pages about roles, what they permit, and keys for programs. */
export const accessConsole: ConsoleModule = {
  name: 'access',
  routes: [
    {
      path: '/roles',
      title: 'Roles',
      frame: 'shell',
      permission: 'access.roles.read',
      load: () => import('./roles.tsx'),
    },
    {
      path: '/roles/why',
      title: 'Why may somebody do something?',
      frame: 'shell',
      permission: 'access.roles.read',
      load: () => import('./why.tsx'),
    },
    {
      path: '/roles/$id',
      title: 'Role',
      frame: 'shell',
      permission: 'access.roles.read',
      load: () => import('./role.tsx'),
    },
    {
      path: '/api-keys',
      title: 'API keys',
      frame: 'shell',
      permission: 'access.personal_keys.write',
      load: () => import('./api-keys.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Roles', to: '/roles', icon: 'shield', permission: 'access.roles.read' },
    { group: 'Workspace', label: 'API keys', to: '/api-keys', icon: 'key', permission: 'access.personal_keys.write' },
  ],
  resources: accessResources,
}
