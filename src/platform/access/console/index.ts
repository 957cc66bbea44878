import type { ConsoleModule } from '#platform/console'

/** The pages about roles, what they permit, and keys for programs. */
export const accessConsole: ConsoleModule = {
  name: 'access',
  routes: [
    {
      path: '/api-keys',
      title: 'API keys',
      frame: 'shell',
      permission: 'access.personal_keys.write',
      load: () => import('./api-keys.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'API keys', to: '/api-keys', icon: 'key', permission: 'access.personal_keys.write' },
  ],
}
