import type { Module } from '#platform/module.ts'
import { assignmentsRoutes } from './routes.ts'

export const assignmentsModule = {
  name: 'assignments',
  schema: 'assignments',
  placement: 'tenant',
  permissions: {
    'assignments.domains.read': {
      description: 'Read the domains in which people are assigned',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'assignments.domains.write': {
      description: 'Make domains, their words and their rules',
      roles: ['owner', 'admin'],
    },
    'assignments.participants.read': {
      description: 'Read who can be assigned, with contact and availability',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'assignments.participants.write': {
      description: 'Enter participants, change and erase them',
      roles: ['owner', 'admin', 'member'],
    },
    'assignments.targets.read': {
      description: 'Read what people are assigned to',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'assignments.targets.write': {
      description: 'Enter targets and change them',
      roles: ['owner', 'admin', 'member'],
    },
  },
  routes: assignmentsRoutes,
} satisfies Module
