import type { Module } from '#platform/module.ts'
import { groupRoutes } from './group-routes.ts'
import { linkRoutes } from './link-routes.ts'
import { mappingRoutes } from './mapping-routes.ts'
import { portability } from './portability.ts'
import { providerRoutes } from './provider-routes.ts'
import { scimEvents, scimPermissions, scimPortability, scimRestoration, scimRetention } from './scim/declarations.ts'
import { applyDirectoryGroups } from './scim/group-roles.ts'
import { provisioningRoutes } from './scim/provisioning-routes.ts'
import { scimRoutes } from './scim/routes.ts'
import { providerEvents } from './security-events.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { syncChecks } from './sync-checks.ts'
import { registerFederationCommands } from './sync-command.ts'
import { runSync, syncMappings, syncProviders } from './sync-jobs.ts'
import { syncRoutes } from './sync-routes.ts'

const told = 'Tells of what was done here'

export const federationModule = {
  name: 'federation',
  schema: 'federation',
  portability: { ...portability, stays: { ...portability.stays, ...scimPortability.stays } },
  restoration: {
    stays: { ...scimRestoration.stays, 'federation.sync_runs': told, 'federation.sync_run_errors': told },
  },
  retention: {
    ...scimRetention,
    'federation.sync_runs': {
      description: 'Sync runs of identity providers, with what went wrong',
      table: 'federation.sync_runs',
      by: 'started_at',
      after: '90 days',
      condition: "t.status <> 'running'",
      action: 'remove',
    },
  },
  permissions: {
    ...scimPermissions,
    'federation.providers.read': {
      description: 'See the identity providers of the workspace',
      roles: ['owner', 'admin'],
    },
    'federation.providers.write': {
      description: 'Set up, check, change and remove identity providers, through which members come in',
      roles: ['owner', 'admin'],
    },
    'federation.mappings.read': {
      description: 'See who is whom at the identity providers, and what could not be settled',
      roles: ['owner', 'admin'],
    },
    'federation.mappings.write': {
      description: 'Close ways in through identity providers, and settle conflicts',
      roles: ['owner', 'admin'],
    },
    'federation.groups.read': {
      description: 'See which groups of identity providers give which roles, and how their syncs went',
      roles: ['owner', 'admin'],
    },
    'federation.groups.write': {
      description: 'Say which groups of identity providers give which roles that one holds oneself, and sync them',
      roles: ['owner', 'admin'],
    },
  },
  securityEvents: {
    ...providerEvents,
    ...scimEvents,
    sync_roles: {
      severity: 'low',
      category: 'access',
      description: 'Groups of an identity provider gave somebody roles, or took them away',
    },
  },
  notifications: {
    'federation.sync_failed': {
      description: 'The roles of somebody could not be brought in line with their groups',
      mail: 'digest',
    },
  },
  routes: [
    ...providerRoutes,
    ...signInRoutes,
    ...mappingRoutes,
    ...linkRoutes,
    ...groupRoutes,
    ...syncRoutes,
    ...provisioningRoutes,
    ...scimRoutes,
  ],
  jobs: [runSync, syncMappings, syncProviders, applyDirectoryGroups],
  commands: { federation: registerFederationCommands },
  checks: syncChecks,
  encrypted: [
    {
      table: 'federation.iam_providers',
      key: ['tenant_id', 'id'],
      column: 'client_secret_encrypted',
      context: 'federation.iam_providers.client_secret:{id}',
    },
  ],
} satisfies Module
