import type { Module } from '#platform/module.ts'
import { healthChecks } from './doctor/checks.ts'
import { registerDoctorCommand } from './doctor/doctor-command.ts'
import { examineDaily } from './doctor/examine-job.ts'
import { measureSizes } from './health/sizes-job.ts'

/** Backups, retention, maintenance and health: what an operator looks at in the morning. */
export const operationsModule = {
  name: 'operations',
  schema: 'operations',
  permissions: {
    'operations.state.read': {
      description: 'See backups, maintenance, retention and the health of this installation',
      roles: [],
      forOperators: true,
    },
    'operations.state.manage': {
      description: 'Begin backups, drills, maintenance and retention, and acknowledge alarms',
      roles: [],
      forOperators: true,
    },
  },
  jobs: [measureSizes, examineDaily],
  checks: healthChecks,
  commands: { doctor: registerDoctorCommand },
} satisfies Module
