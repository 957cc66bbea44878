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
  ],
  navigation: [{ group: 'Workspace', label: 'Audit log', to: '/audit', icon: 'log', permission: 'audit.logs.read' }],
}
