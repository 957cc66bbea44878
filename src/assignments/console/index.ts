import { type ConsoleModule, request } from '#platform/console'
import { useParticipantsLabel, useTargetsLabel } from './remembered-domain.ts'
import { resources } from './resources.ts'
import type { Domain, Page } from './wire-types.ts'

const domains = 'assignments.domains.read'
const participants = 'assignments.participants.read'
const targets = 'assignments.targets.read'
const rounds = 'assignments.assignments.read'

export const assignmentsConsole: ConsoleModule = {
  name: 'assignments',
  routes: [
    {
      path: '/my-assignments',
      title: 'My assignments',
      frame: 'shell',
      permission: 'assignments.own.use',
      load: () => import('./own-assignments-page.tsx'),
    },
    {
      path: '/assignments',
      title: 'Board',
      frame: 'shell',
      permission: rounds,
      load: () => import('./board-page.tsx'),
    },
    {
      path: '/assignments/people',
      title: 'People',
      frame: 'shell',
      permission: participants,
      load: () => import('./people-page.tsx'),
    },
    {
      path: '/assignments/people/$id',
      title: 'Person',
      frame: 'shell',
      permission: participants,
      load: () => import('./person-page.tsx'),
    },
    {
      path: '/assignments/targets',
      title: 'Targets',
      frame: 'shell',
      permission: targets,
      load: () => import('./targets-page.tsx'),
    },
    {
      path: '/assignments/targets/$id',
      title: 'Target',
      frame: 'shell',
      permission: targets,
      load: () => import('./target-page.tsx'),
    },
    {
      path: '/assignments/schedules',
      title: 'Schedules',
      frame: 'shell',
      permission: rounds,
      load: () => import('./schedules-page.tsx'),
    },
    {
      path: '/assignments/domains',
      title: 'Domains',
      frame: 'shell',
      permission: domains,
      load: () => import('./domains-page.tsx'),
    },
    {
      path: '/assignments/domains/$id',
      title: 'Domain',
      frame: 'shell',
      permission: domains,
      load: () => import('./domain-page.tsx'),
    },
    {
      path: '/assignments/definitions',
      title: 'Kinds of things',
      frame: 'shell',
      permission: domains,
      load: () => import('./definitions-page.tsx'),
    },
    {
      path: '/assignments/definitions/$id',
      title: 'Kind of things',
      frame: 'shell',
      permission: domains,
      load: () => import('./definition-page.tsx'),
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
  ],
  navigation: [
    {
      group: 'Assignments',
      label: 'People',
      useLabel: useParticipantsLabel,
      to: '/assignments/people',
      icon: 'people',
      permission: participants,
      place: 1,
    },
    {
      group: 'Assignments',
      label: 'Targets',
      useLabel: useTargetsLabel,
      to: '/assignments/targets',
      icon: 'target',
      permission: targets,
      place: 2,
    },
    {
      group: 'Assignments',
      label: 'Board',
      to: '/assignments',
      icon: 'list',
      permission: rounds,
      isStart: true,
      isInUse: async () => {
        const { items } = await request<Page<Domain>>('/assignment-domains', { query: { limit: 1 } })
        return items.length > 0
      },
    },
    {
      group: 'Assignments',
      label: 'For me',
      to: '/my-assignments',
      icon: 'person',
      permission: 'assignments.own.use',
    },
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
      label: 'Schedules',
      to: '/assignments/schedules',
      icon: 'clock',
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
    {
      group: 'Assignments',
      label: 'Kinds of things',
      to: '/assignments/definitions',
      icon: 'tag',
      permission: domains,
      place: 5,
    },
  ],
  resources,
}
