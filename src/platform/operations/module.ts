import { Type } from 'typebox'
import type { Job } from '#platform/jobs'
import type { Module } from '#platform/module.ts'
import { lookForAlarms } from './alarms/alarms.ts'
import { sendAlarm } from './alarms/messages.ts'
import { registerAuditCommands } from './audit/audit-commands.ts'
import { auditStateRoutes } from './audit/audit-routes.ts'
import { erasureRoutes } from './audit/erasure-routes.ts'
import { installationSecurityRoutes } from './audit/security-routes.ts'
import { eraseSubjectNow } from './audit/subject-erasures.ts'
import { verifyNightly, verifyNow } from './audit/verification-jobs.ts'
import { registerBackupCommands } from './backups/commands.ts'
import { beginBackup, beginDrill, drillRestore, makeFullBackup, makeIncrementalBackup } from './backups/jobs.ts'
import { registerRestoreCommand } from './backups/restore-commands.ts'
import { backupRoutes } from './backups/routes.ts'
import { backupSettings } from './backups/settings.ts'
import { dataRoutes } from './data-browser/data-routes.ts'
import { healthChecks } from './doctor/checks.ts'
import { registerDoctorCommand } from './doctor/doctor-command.ts'
import { examineDaily } from './doctor/examine-job.ts'
import { healthGauges } from './gauges.ts'
import { replicaGauges } from './health/replicas.ts'
import { measureSizes } from './health/sizes-job.ts'
import { healthRoutes } from './health-routes.ts'
import { registerKeyRotationCommands } from './key-rotation/key-commands.ts'
import { keyRoutes } from './key-rotation/key-routes.ts'
import { rotateNow } from './key-rotation/rotation-job.ts'
import { registerMaintenanceCommands } from './maintenance/maintenance-commands.ts'
import { maintain, maintainNow } from './maintenance/maintenance-jobs.ts'
import {
  registerArchiveCommands,
  registerHoldCommands,
  registerRetentionCommands,
} from './retention/retention-commands.ts'
import { restoreArchived, retainDaily, retainNow, verifyArchives } from './retention/retention-jobs.ts'
import { retentionRoutes } from './retention/retention-routes.ts'
import { retentionSettings } from './retention/settings.ts'
import { securityEvents } from './security-events.ts'
import { makeTenantExport, removeExpiredExports } from './tenant-archives/export-jobs.ts'
import { tenantExportRoutes } from './tenant-archives/export-routes.ts'
import { importedLogs } from './tenant-archives/imported-logs.ts'
import { portability } from './tenant-archives/portability.ts'
import { registerTenantArchiveCommands } from './tenant-archives/tenant-archive-commands.ts'

/** Backups, retention, maintenance and health: what an operator looks at in the morning. */
export const operationsModule = {
  name: 'operations',
  schema: 'operations',
  portability,
  restoration: { stays: { 'operations.*': 'Records of what operators did, and legal holds' } },
  subjectLogs: [importedLogs],
  securityEvents,
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
    'operations.workspace.export': {
      description: 'Export the whole workspace to a file, and fetch it',
      roles: ['owner'],
    },
    'operations.tenants.export': {
      description: 'Export any workspace of this installation to a file, and fetch it',
      roles: [],
      forOperators: true,
    },
    'operations.data.read': {
      description: 'Look at the rows of tables in the scope of any tenant, which its audit log tells',
      roles: [],
      forOperators: true,
    },
  },
  encrypted: [
    {
      table: 'operations.tenant_exports',
      key: ['tenant_id', 'id'],
      column: 'passphrase_encrypted',
      context: 'operations.tenant_exports.passphrase:{id}',
    },
  ],
  routes: [
    ...healthRoutes,
    ...retentionRoutes,
    ...keyRoutes,
    ...backupRoutes,
    ...dataRoutes,
    ...auditStateRoutes,
    ...erasureRoutes,
    ...installationSecurityRoutes,
    ...tenantExportRoutes,
  ],
  jobs: [
    makeFullBackup,
    makeIncrementalBackup,
    drillRestore,
    beginBackup as Job,
    beginDrill as Job,
    measureSizes,
    examineDaily,
    maintain,
    maintainNow as Job,
    retainDaily,
    retainNow as Job,
    verifyArchives as Job,
    restoreArchived as Job,
    rotateNow,
    verifyNightly,
    verifyNow as Job,
    eraseSubjectNow as Job,
    lookForAlarms,
    sendAlarm as Job,
    makeTenantExport as Job,
    removeExpiredExports,
  ],
  checks: healthChecks,
  gauges: [...healthGauges, ...replicaGauges],
  commands: {
    audit: registerAuditCommands,
    backup: registerBackupCommands,
    restore: registerRestoreCommand,
    doctor: registerDoctorCommand,
    keys: registerKeyRotationCommands,
    maintenance: registerMaintenanceCommands,
    retention: registerRetentionCommands,
    archive: registerArchiveCommands,
    holds: registerHoldCommands,
    tenants: registerTenantArchiveCommands,
  },
  notifications: {
    'operations.alarm_opened': {
      description: 'Something in this installation wants a hand (operators)',
      mail: 'at_once',
    },
    'operations.alarm_closed': { description: 'An alarm of this installation is over (operators)', mail: 'never' },
  },
  config: {
    ...backupSettings,
    ...retentionSettings,
    alarmUrl: Type.Optional(
      Type.String({
        env: 'COMMONHOLD_ALARM_URL',
        pattern: '^https?://',
        description:
          'Where alarms are sent beside the notifications of operators, when they open and close; signed as webhooks are',
      }),
    ),
    alarmSecret: Type.Optional(
      Type.String({
        env: 'COMMONHOLD_ALARM_SECRET',
        secret: true,
        pattern: '^whsec_[A-Za-z0-9+/]{32,}={0,2}$',
        description: 'What they are signed with: whsec_ and 32 random bytes in base64',
      }),
    ),
  },
} satisfies Module
