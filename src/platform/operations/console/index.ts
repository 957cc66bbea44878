import type { ConsoleModule } from '#platform/console'

const permission = 'operations.state.read'

/** What an operator looks at in the morning. */
export const operationsConsole: ConsoleModule = {
  name: 'operations',
  routes: [
    {
      path: '/operations',
      title: 'Operations',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./operations-page.tsx'),
    },
    {
      path: '/operations/backups',
      title: 'Backups',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./backups-page.tsx'),
    },
    {
      path: '/operations/health',
      title: 'Health',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./health-page.tsx'),
    },
    {
      path: '/operations/maintenance',
      title: 'Maintenance',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./maintenance-page.tsx'),
    },
    {
      path: '/operations/retention',
      title: 'Retention',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./retention-page.tsx'),
    },
    {
      path: '/operations/audit',
      title: 'Audit log',
      frame: 'shell',
      personal: true,
      permission,
      load: () => import('./audit-page.tsx'),
    },
    {
      path: '/operations/data',
      title: 'Data',
      frame: 'shell',
      personal: true,
      permission: 'operations.data.read',
      load: () => import('./data-page.tsx'),
    },
  ],
  navigation: [{ group: 'Installation', label: 'Operations', to: '/operations', icon: 'heart', permission }],
}
