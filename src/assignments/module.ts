import type { Module } from '#platform/module.ts'
import { registerAssignmentCommands } from './commands.ts'
import { solveRunJob } from './planning/run-jobs.ts'
import { portability } from './portability.ts'
import { assignmentsRoutes } from './routes.ts'

export const assignmentsModule = {
  name: 'assignments',
  schema: 'assignments',
  placement: 'tenant',
  portability,
  restoration: {
    // What is restored of a participant would have to forget again whoever was erased since, row by row as
    // assignments.forget_account() does it: until a restore can ask for that, it leaves all of this alone.
    stays: { 'assignments.*': 'It stays as it is now, so that nobody comes back who was erased since' },
  },
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
    'assignments.assignments.read': {
      description: 'Read assignments, who is on what and what was changed',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'assignments.assignments.write': {
      description: 'Make assignments, change who is on what, complete and delete them',
      roles: ['owner', 'admin', 'member'],
    },
  },
  events: {
    'assignments.assignment.created': 'A round was made, still without people',
    'assignments.assignment.planned': 'A round has a new plan: from a run that was accepted',
    'assignments.assignment.completed': 'A round was completed',
    'assignments.assignment.cancelled': 'A round was cancelled',
    'assignments.assignment.reopened': 'A round that was completed or cancelled is active again',
    'assignments.assignment.deleted': 'A round was deleted with its people',
  },
  routes: assignmentsRoutes,
  jobs: [solveRunJob],
  commands: registerAssignmentCommands,
} satisfies Module
