import { Type } from 'typebox'
import type { Module } from '#platform/module.ts'
import { callerRoutes } from './caller-routes.ts'
import { registerAccountsCommands } from './commands.ts'
import { checkDomainsJob } from './domain-checks.ts'
import { registerUserImport } from './import-command.ts'
import { registerTenantCommands } from './installation-commands.ts'
import { installationRoutes } from './installation-routes.ts'
import { tellOfEndingKeys } from './key-reminders.ts'
import { sendPasswordResetJob } from './password-changes.ts'
import { passwordRoutes } from './password-routes.ts'
import { personalRoutes } from './personal-routes.ts'
import { policyRoutes } from './policy-routes.ts'
import { tellOfRests } from './rests.ts'
import { accountsRoutes } from './routes.ts'
import { securityEvents } from './security-events.ts'
import { sendSignUpMail } from './sign-ups.ts'
import { tenantDeletionRoutes } from './tenant-deletion-routes.ts'
import { tellOfDeletionsJob } from './tenant-deletions.ts'
import { removeTenants } from './tenant-removals.ts'

export const accountsModule = {
  name: 'accounts',
  schema: 'accounts',
  securityEvents,
  routes: [
    ...accountsRoutes,
    ...passwordRoutes,
    ...policyRoutes,
    ...personalRoutes,
    ...tenantDeletionRoutes,
    ...installationRoutes,
    ...callerRoutes,
  ],
  notifications: {
    'accounts.password_changed': {
      description: 'The password of your account was changed',
      mail: 'never',
      hasOwnMail: true,
    },
    'accounts.key_ends': { description: 'An API key of yours ends soon', mail: 'at_once' },
  },
  jobs: [
    checkDomainsJob,
    sendSignUpMail,
    sendPasswordResetJob,
    tellOfRests,
    tellOfEndingKeys,
    tellOfDeletionsJob,
    removeTenants,
  ],
  commands: { accounts: registerAccountsCommands, users: registerUserImport, tenants: registerTenantCommands },
  config: {
    signUp: Type.Unsafe<'open' | 'closed'>({
      type: 'string',
      enum: ['open', 'closed'],
      default: 'open',
      description: 'Whether anybody may make an account and a tenant of his own',
    }),
  },
} satisfies Module
