import type { Module } from '#platform/module.ts'
import { registerAssignmentCommands } from './commands.ts'
import { tellRound } from './notices/notices.ts'
import { hasPublished } from './planning/publications.ts'
import { solveRunJob } from './planning/run-jobs.ts'
import { portability } from './portability.ts'
import { assignmentsRoutes } from './routes.ts'
import { planAhead } from './schedules/schedule-jobs.ts'
import { runScheduleJob } from './schedules/schedule-runs.ts'

export const assignmentsModule = {
  name: 'assignments',
  schema: 'assignments',
  placement: 'tenant',
  portability,
  restoration: {
    stays: {
      'assignments.calendar_feeds': 'A secret address that was withdrawn or made anew stays so',
      'assignments.erased_participants': 'Who was erased stays erased',
      'assignments.told_participants': 'What people were told they were told',
    },
    accrues: { 'assignments.assignment_history': 'It is only ever added to: what was done since was done' },
    tells: {
      'assignments.assignments': ['log_change'],
      'assignments.assignment_details': ['log_inserted', 'log_updated', 'log_deleted'],
    },
    // Nobody is at work on it any more.
    leavesOut: { 'assignments.solver_runs': `t.status in ('queued', 'running')` },
    forgets: {
      'assignments.participants': {
        account: 'user_id',
        erased: { table: 'assignments.erased_participants', id: 'participant_id', at: 'erased_at' },
        by: 'assignments.forget_participants',
      },
    },
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
    'assignments.schedules.write': {
      description: 'Have rounds planned, and published, by schedules',
      roles: ['owner', 'admin'],
    },
    'assignments.assignments.publish': {
      description: 'Publish assignments, so that people are told what they are on',
      roles: ['owner', 'admin', 'member'],
    },
    'assignments.own.use': {
      description: 'See what one is on oneself, have it in one’s calendar, say that one cannot come',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
  },
  events: {
    'assignments.assignment.created': 'A round was made, still without people',
    'assignments.assignment.planned': 'A round has a new plan: from a run that was accepted',
    'assignments.assignment.published': 'A round was published: its people are told',
    'assignments.assignment.changed': 'Who is on what was changed in a round that is published',
    'assignments.assignment.dropped_out': 'Somebody reported that a participant cannot come after all',
    'assignments.assignment.completed': 'A round was completed',
    'assignments.assignment.cancelled': 'A round was cancelled',
    'assignments.assignment.reopened': 'A round that was completed or cancelled is active again',
    'assignments.assignment.deleted': 'A round was deleted with its people',
  },
  notifications: {
    'assignments.assigned': { description: 'What you are on in a round that was published', mail: 'at_once' },
    'assignments.dropped_out': {
      description: 'Somebody cannot come to a round that you made or published',
      mail: 'at_once',
    },
    'assignments.round_planned': {
      description: 'A schedule has planned a round, which waits for you to publish it',
      mail: 'digest',
    },
    'assignments.run_ended': {
      description:
        'A round that you had planned, which took longer than you could wait, has a plan, or cannot have one',
      mail: 'digest',
    },
    'assignments.schedule_failed': {
      description: 'A round of a schedule could not be planned or published',
      mail: 'at_once',
    },
    'assignments.changed': { description: 'What you are on has changed, or was cancelled', mail: 'at_once' },
  },
  metrics: {
    'assignments.participants': { description: 'Participants of assignments', unit: 'count', kind: 'gauge' },
    'assignments.rounds': { description: 'Rounds of assignments', unit: 'count', kind: 'gauge' },
  },
  retention: {
    'assignments.solver_runs': {
      description: 'What the engine was given and what it answered, by which plans are checked and made again',
      table: 'assignments.solver_runs',
      by: 'finished_at',
      after: '2 years',
      action: 'remove',
    },
  },
  onboarding: {
    'assignments.first_round': {
      title: 'Plan and publish the first round',
      text: 'Enter who there is and what is to be done, or begin from an example; then plan a round and publish it.',
      link: '/assignments',
      permission: 'assignments.assignments.publish',
      isDone: hasPublished,
    },
  },
  routes: assignmentsRoutes,
  jobs: [tellRound, solveRunJob, planAhead, runScheduleJob],
  commands: registerAssignmentCommands,
} satisfies Module
