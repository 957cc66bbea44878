import type { ConsoleModule } from '#platform/console'

/** The pages about plans, quotas and what a workspace has used. */
export const usageConsole: ConsoleModule = {
  name: 'usage',
  routes: [
    {
      path: '/usage',
      title: 'Usage',
      frame: 'shell',
      permission: 'usage.usage.read',
      load: () => import('./usage-page.tsx'),
    },
    {
      path: '/plans',
      title: 'Plans',
      frame: 'shell',
      personal: true,
      permission: 'usage.plans.read',
      load: () => import('./plans-page.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Usage', to: '/usage', icon: 'chart', permission: 'usage.usage.read' },
    { group: 'Installation', label: 'Plans', to: '/plans', icon: 'chart', permission: 'usage.plans.read', place: 3 },
  ],
}
