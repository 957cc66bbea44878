import type { ConsoleModule } from '#platform/console'

const domains = 'assignments.domains.read'
const rounds = 'assignments.assignments.read'

export const assignmentsConsole: ConsoleModule = {
  name: 'assignments',
  routes: [
    {
      path: '/assignments',
      title: 'Board',
      frame: 'shell',
      permission: rounds,
      load: () => import('./board-page.tsx'),
    },
    {
      path: '/assignments/$id',
      title: 'Plan',
      frame: 'shell',
      permission: rounds,
      load: () => import('./round-page.tsx'),
    },
    {
      path: '/assignments/$id/runs/$runId',
      title: 'Search for a plan',
      frame: 'shell',
      permission: rounds,
      load: () => import('./run-page.tsx'),
    },
    {
      path: '/assignments/$id/print',
      title: 'On paper',
      frame: 'shell',
      permission: rounds,
      load: () => import('./print-page.tsx'),
    },
    {
      path: '/assignments/fairness',
      title: 'Fairness',
      frame: 'shell',
      permission: rounds,
      load: () => import('./fairness-page.tsx'),
    },
    {
      path: '/assignments/domains',
      title: 'Domains',
      frame: 'shell',
      permission: domains,
      load: () => import('./domains-page.tsx'),
    },
  ],
  navigation: [
    { group: 'Assignments', label: 'Board', to: '/assignments', icon: 'list', permission: rounds },
    {
      group: 'Assignments',
      label: 'Fairness',
      to: '/assignments/fairness',
      icon: 'chart',
      permission: rounds,
      place: 3,
    },
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
