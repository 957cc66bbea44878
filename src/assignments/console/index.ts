import type { ConsoleModule } from '#platform/console'

const domains = 'assignments.domains.read'

export const assignmentsConsole: ConsoleModule = {
  name: 'assignments',
  routes: [
    {
      path: '/assignments/domains',
      title: 'Domains',
      frame: 'shell',
      permission: domains,
      load: () => import('./domains-page.tsx'),
    },
  ],
  navigation: [
    {
      group: 'Assignments',
      label: 'Domains',
      to: '/assignments/domains',
      icon: 'settings',
      permission: domains,
      place: 4,
    },
  ],
}
