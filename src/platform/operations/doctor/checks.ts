import type { Check } from '#platform/checks.ts'
import { auditChecks } from './audit-checks.ts'
import { backupChecks } from './backup-checks.ts'
import { fileChecks } from './file-checks.ts'
import { guardChecks } from './guard-checks.ts'
import { indexChecks } from './index-checks.ts'
import { policyChecks } from './policy-checks.ts'
import { programChecks } from './program-checks.ts'
import { recurrenceChecks } from './recurrence-checks.ts'
import { replicaChecks } from './replica-checks.ts'
import { roleChecks } from './role-checks.ts'
import { roomChecks } from './room-checks.ts'
import { serverChecks } from './server-checks.ts'
import { tlsChecks } from './tls-checks.ts'

/** What `commonhold doctor` looks at in every program. */
export const healthChecks: readonly Check[] = [
  ...programChecks,
  ...recurrenceChecks,
  ...policyChecks,
  ...roleChecks,
  ...roomChecks,
  ...serverChecks,
  ...indexChecks,
  ...tlsChecks,
  ...fileChecks,
  ...backupChecks,
  ...replicaChecks,
  ...auditChecks,
  ...guardChecks,
]
