import type { ConsoleModule } from '#platform/console'

export const auditConsole: ConsoleModule = {
  name: 'audit',
  routes: [
    {
      path: '/audit',
      title: 'Audit log',
      frame: 'shell',
      permission: 'audit.logs.read',
      load: () => import('./audit-page.tsx'),
    },
    {
      path: '/audit/security',
      title: 'Security events',
      frame: 'shell',
      permission: 'audit.logs.read',
      load: () => import('./security-page.tsx'),
    },
    {
      path: '/account/activity',
      title: 'My activity',
      frame: 'shell',
      personal: true,
      load: () => import('./own-activity-page.tsx'),
    },
    {
      path: '/security-events',
      title: 'Security events',
      frame: 'shell',
      personal: true,
      permission: 'audit.security.read',
      load: () => import('./installation-security-page.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Audit log', to: '/audit', icon: 'log', permission: 'audit.logs.read' },
    {
      group: 'Installation',
      label: 'Security events',
      to: '/security-events',
      icon: 'shield',
      permission: 'audit.security.read',
    },
  ],
}
