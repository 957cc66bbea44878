import type { ConsoleModule } from '#platform/console'

/** The pages about a workspace itself. */
export const tenancyConsole: ConsoleModule = {
  name: 'tenancy',
  routes: [
    {
      path: '/settings',
      title: 'Settings',
      frame: 'shell',
      permission: 'tenancy.settings.read',
      load: () => import('./general.tsx'),
    },
    {
      path: '/settings/security',
      title: 'Security',
      frame: 'shell',
      permission: 'tenancy.security.read',
      load: () => import('./security.tsx'),
    },
    {
      path: '/settings/password-rules',
      title: 'Password rules',
      frame: 'shell',
      permission: 'tenancy.security.read',
      load: () => import('./password-rules.tsx'),
    },
  ],
  navigation: [
    {
      group: 'Workspace',
      label: 'Password rules',
      to: '/settings/password-rules',
      icon: 'key',
      permission: 'tenancy.security.read',
    },
  ],
}
