import type { Module } from '#platform/module.ts'
import { brandRoutes } from './brand-routes.ts'
import { domainRoutes } from './domain-routes.ts'
import { firstSteps } from './first-steps.ts'
import { healKilledMoves } from './moves-healing.ts'
import { onboardingRoutes } from './onboarding-routes.ts'
import { lookAtOutboxes } from './outboxes.ts'
import { refreshPlacements } from './placements-refresh.ts'
import { portability } from './portability.ts'
import { securityEvents } from './security-events.ts'
import { tenantRoutes } from './tenant-routes.ts'
import { removeFormerSlugs } from './tenants.ts'

export const tenancyModule = {
  name: 'tenancy',
  schema: 'tenancy',
  restoration: {
    stays: {
      'tenancy.tenants': 'Its name, look and settings are put back; slug, status, features and security are not',
      'tenancy.databases': 'Where data is now',
      'tenancy.noted_outboxes': 'Where data is now',
      'tenancy.placement_version': 'Where data is now',
      'tenancy.placements': 'Where data is now',
      'tenancy.moves': 'Where data is now',
      'tenancy.status_changes': 'What operators decided stands',
      'tenancy.tenant_deletions': 'What was decided stands',
      'tenancy.deletion_certificates': 'What was certified stands',
      'tenancy.former_slugs': 'Somebody else may have the slug',
      'tenancy.tenant_domains': 'Somebody else may have proven the domain',
      'tenancy.proven_domains': 'Somebody else may have proven the domain',
      'tenancy.second_factor_graces': 'Nobody gets a grace twice',
      'tenancy.tenant_words': 'Made of name and slug',
    },
  },
  portability,
  securityEvents,
  encrypted: [
    { table: 'tenancy.databases', key: ['id'], column: 'url_encrypted', context: 'tenancy.databases.url:{id}' },
    {
      table: 'tenancy.tenants',
      key: ['id'],
      column: 'database_url_encrypted',
      context: 'tenancy.databases.url:{database_id}',
      expressions: { database_id: '(select p.database_id from tenancy.placements as p where p.tenant_id = t.id)' },
    },
  ],
  mirrors: { 'tenancy.user_tenants': ['joined_at', 'expires_at'] },
  metrics: {
    'tenancy.members': { description: 'Members and service accounts', unit: 'count', kind: 'gauge' },
  },
  permissions: {
    'tenancy.tenant.delete': {
      description: 'Delete the workspace with all that is in it',
      roles: ['owner'],
    },
    'tenancy.deletions.manage': {
      description: 'Request and cancel the deletion of any workspace, and see the certificates of those that are gone',
      roles: [],
      forOperators: true,
    },
    'tenancy.security.read': {
      description: 'See the rules for the security of the workspace, such as those for passwords',
      roles: ['owner', 'admin'],
    },
    'tenancy.security.write': {
      description: 'Change the rules for the security of the workspace, such as those for passwords',
      roles: ['owner', 'admin'],
    },
    'tenancy.settings.read': {
      description: 'See the settings of the workspace',
      roles: ['owner', 'admin', 'member', 'viewer'],
    },
    'tenancy.settings.write': {
      description: 'Change name, address, appearance, features and other settings of the workspace',
      roles: ['owner', 'admin'],
    },
    'tenancy.tenants.read': {
      description: 'See the workspaces of this installation',
      roles: [],
      forOperators: true,
    },
    'tenancy.tenants.manage': {
      description: 'Create, suspend and reactivate workspaces, and say which features they may have',
      roles: [],
      forOperators: true,
    },
  },
  routes: [...tenantRoutes, ...brandRoutes, ...domainRoutes, ...onboardingRoutes],
  onboarding: firstSteps,
  jobs: [
    {
      name: 'tenancy.remove-former-slugs',
      description: 'GG-03: lets go of slugs that tenants left more than 30 days ago',
      cron: '7 4 * * *',
      async run(_data, app) {
        const removed = await removeFormerSlugs(app.db.scoped({ system: true }))
        app.log.info({ removed }, 'Former slugs removed')
      },
    },
    refreshPlacements,
    lookAtOutboxes,
    healKilledMoves,
  ],
  tenantTemplates: {
    standard: {
      label: 'Standard',
      description: 'The four built-in roles and nothing else.',
    },
  },
} satisfies Module
