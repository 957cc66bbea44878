import { assignmentsModule } from '../assignments/module.ts'
import { contractorsModule } from '../contractors/module.ts'
import { accessModule } from '../platform/access/module.ts'
import { accountsModule } from '../platform/accounts/module.ts'
import { auditModule } from '../platform/audit/module.ts'
import { federationModule } from '../platform/federation/module.ts'
import { httpModule } from '../platform/http/module.ts'
import { identityModule } from '../platform/identity/module.ts'
import { mailModule } from '../platform/mail/module.ts'
import { membersModule } from '../platform/members/module.ts'
import type { Module } from '../platform/module.ts'
import { notificationsModule } from '../platform/notifications/module.ts'
import { oauthModule } from '../platform/oauth/module.ts'
import { operationsModule } from '../platform/operations/module.ts'
import { tenancyModule } from '../platform/tenancy/module.ts'
import { usageModule } from '../platform/usage/module.ts'
import { webhooksModule } from '../platform/webhooks/module.ts'

/** All modules, in order: one may import only those above it. A new application is one more line. */
export const modules: readonly Module[] = [
  httpModule,
  auditModule,
  mailModule,
  identityModule,
  tenancyModule,
  accessModule,
  usageModule,
  notificationsModule,
  webhooksModule,
  oauthModule,
  accountsModule,
  membersModule,
  federationModule,
  operationsModule,
  contractorsModule,
  assignmentsModule,
]
