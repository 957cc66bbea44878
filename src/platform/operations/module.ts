import type { Job } from '#platform/jobs'
import type { Module } from '#platform/module.ts'
import { registerBackupCommands, registerRestoreCommand } from './backups/commands.ts'
import { beginBackup, beginDrill, drillRestore, makeFullBackup, makeIncrementalBackup } from './backups/jobs.ts'
import { backupSettings } from './backups/settings.ts'
import { registerAuditCommands } from './audit/audit-commands.ts'
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
  jobs: [
    makeFullBackup,
    makeIncrementalBackup,
    drillRestore,
    beginBackup as Job,
    beginDrill as Job,
    measureSizes,
    examineDaily,
  ],
  checks: healthChecks,
  commands: { backup: registerBackupCommands, restore: registerRestoreCommand, doctor: registerDoctorCommand },
  config: backupSettings,
} satisfies Module
